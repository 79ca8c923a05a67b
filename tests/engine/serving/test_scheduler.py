"""Random arrivals, lengths, cancels and forks against a naive reference: same tokens, no leaked slot.

The runner here is a cache made visible: its next token depends on every token that lies in the slot, so a
slot that was swapped, copied or reused wrongly gives another text.
"""

import random

import numpy as np
import pytest

from app.engine.contract.outputs import Done, PromptScores, Queued, Step
from app.engine.contract.params import GenerationRequest, Observe, SamplingParams
from app.engine.network.runner import DeviceLost, Prediction
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import sample
from app.engine.serving import scheduler as module
from app.engine.serving import slot_table, waiting_line
from app.engine.serving import slot_table as kv_cache
from app.engine.serving.job import Distributions, Job
from app.engine.serving.pace import BUSY
from app.engine.serving.scheduler import Scheduler
from app.engine.serving.stopping_criteria import StoppingCriteria
from app.errors import EngineDead, OutOfMemory
from tests.engine.conftest import ByteVocabulary

SLOTS, CONTEXT, SIZE = 6, 64, 32


class VisibleCache:
    """Slots are rows of token ids; logits are a hash of what the slot holds."""

    vocabulary_size = SIZE
    kv_bytes_per_token = 1
    free_tokens = 1
    tokens_too_many = 0  # in one pass

    def __init__(self):
        self.rows = np.zeros((SLOTS, CONTEXT + 1), np.int64)

    def copy(self, source, target, length):
        self.rows[target, :length] = self.rows[source, :length]

    def swap(self, first, second, length):
        self.rows[[first, second], :length] = self.rows[[second, first], :length]

    def forget(self, slot, start):
        self.rows[slot, start:] = -1

    def forward(self, chunks):
        slots = [chunk.slot for chunk in chunks]
        assert slots == sorted(set(slots))
        assert all(0 <= chunk.logits <= len(chunk.token_ids) for chunk in chunks)
        if self.tokens_too_many and sum(len(chunk.token_ids) for chunk in chunks) >= self.tokens_too_many:
            raise MemoryError
        answers = []
        for chunk in chunks:
            end = chunk.past + len(chunk.token_ids)
            self.rows[chunk.slot, chunk.past : end] = chunk.token_ids
            row = self.rows[chunk.slot]
            wanted = [logits_after(row[: i + 1]) for i in range(end - chunk.logits, end)]
            answers.append(Prediction(np.array(wanted, np.float32).reshape(-1, SIZE)))
        return answers


def logits_after(token_ids):
    seed = int(np.dot(token_ids + 1, 31 ** (np.arange(len(token_ids)) % 7))) * 1009 + len(token_ids)
    return np.random.default_rng(seed).normal(0, 2, SIZE).astype(np.float32)


def reference(prompt, params, sequence):
    token_ids = list(prompt)
    for _ in range(min(params.max_tokens, CONTEXT - len(prompt))):
        u = dice.roll(params.seed, sequence, len(token_ids))
        token_ids.append(sample(Distribution(logits_after(np.array(token_ids))), params, u).token_id)
    return token_ids[len(prompt) :]


@pytest.mark.parametrize("seed", range(12))
def test_any_traffic_gives_each_the_text_it_would_have_had_alone(seed, monkeypatch):
    chance = random.Random(seed)
    monkeypatch.setattr(slot_table, "_WORTH_FORGETTING", 1)
    monkeypatch.setattr(module, "CACHE_BYTES", chance.choice([0, 60, 10_000]))
    scheduler = Scheduler(VisibleCache(), ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    openings = [[chance.randrange(SIZE) for _ in range(chance.randrange(1, 40))] for _ in range(3)]
    jobs, events = [], {}
    for number in range(60):
        opening = chance.choice(openings)
        prompt = opening[: chance.randrange(1, len(opening) + 1)] + [
            chance.randrange(SIZE) for _ in range(chance.randrange(0, 12))
        ]
        params = SamplingParams(
            seed=chance.randrange(2**40),
            n=chance.choice([1, 1, 1, 2, 4]),
            max_tokens=chance.choice([0, 1, 5, 30]),
            ignore_eos=True,
        )
        observe = Observe(
            scores_from=chance.choice([0, 0, 1, 5]) if chance.random() < 0.2 else None,
            distributions_from=chance.choice([None] * 9 + [0]),
        )
        events[number] = []
        request = GenerationRequest(tuple(prompt), params, str(number % 4), observe)
        job = Job(request, params.seed, events[number].append)
        jobs.append((number, job))
        scheduler.submit(job)
        for _ in range(chance.randrange(0, 6)):
            scheduler.step()
        if chance.random() < 0.3:
            chance.choice(jobs)[1].cancelled = True
    for _ in range(2_000):
        if scheduler.idle:
            break
        scheduler.step()
    assert scheduler.idle
    assert scheduler._table.free == SLOTS
    assert scheduler._table.tokens_held <= module.CACHE_BYTES
    for number, job in jobs:
        check(job, events[number])
    outcomes = scheduler.stats().requests
    assert sum(outcomes.values()) == len(jobs) and outcomes["failed"] == 0


def check(job, events):
    """A finished job has all of its text; a cancelled one has the beginning of it."""
    params, prompt = job.request.params, list(job.request.prompt_token_ids)
    finished = any(isinstance(event, Done) for event in events)
    assert finished or job.cancelled
    assert not events or isinstance(events[0], Queued)
    for sequence in range(params.n if params.max_tokens else 0):
        ours = [e.token_id for e in events if isinstance(e, Step) and e.sequence == sequence]
        theirs = reference(prompt, params, sequence)
        assert ours == (theirs if finished else theirs[: len(ours)])
    for event in events:
        if isinstance(event, PromptScores):
            assert [score.token_id for score in event.scores] == prompt[job.request.observe.scores_from :]
        if isinstance(event, Distributions):
            assert event.logprobs.shape == (len(prompt), SIZE)
            expected = Distribution(logits_after(np.array(prompt))).logprobs
            assert np.array_equal(event.logprobs[-1], expected)


def submitted(scheduler, length, client="", **params):
    events = []
    settings = SamplingParams(seed=1, ignore_eos=True, **params)
    request = GenerationRequest(tuple(range(length)), settings, client)
    scheduler.submit(Job(request, 1, events.append))
    return events


def test_free_slots_are_used_while_somebody_waits_for_many_and_then_kept_for_it(monkeypatch):
    scheduler = Scheduler(VisibleCache(), ByteVocabulary(), slots=4, context_length=CONTEXT)

    def begun(events) -> bool:
        return any(isinstance(event, Step) for event in events)

    running = submitted(scheduler, 3, max_tokens=12, client="Ann")
    scheduler.step()
    many = submitted(scheduler, 3, max_tokens=2, n=4, client="Bo")
    few = submitted(scheduler, 3, max_tokens=12, client="Chen")
    scheduler.step()
    assert begun(few) and not begun(many)
    monkeypatch.setattr(waiting_line, "OVERTAKEN_SECONDS", -1.0)
    late = submitted(scheduler, 3, max_tokens=2, client="Dan")
    for _ in range(4):
        scheduler.step()
    assert not begun(late) and not begun(many)
    while not scheduler.idle:
        scheduler.step()
    assert [isinstance(events[-1], Done) for events in (running, many, few, late)] == [True] * 4


def test_a_prompt_that_memory_cannot_hold_ends_alone():
    runner = VisibleCache()
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    writes = submitted(scheduler, 3, max_tokens=20)
    scheduler.step()
    runner.tokens_too_many = BUSY[0]
    reads = submitted(scheduler, 30, max_tokens=20)
    while not scheduler.idle:
        scheduler.step()
    assert isinstance(reads[-1], OutOfMemory)
    assert isinstance(writes[-1], Done) and sum(isinstance(event, Step) for event in writes) == 20


def test_who_writes_and_who_reads_share_a_forward_pass():
    runner = VisibleCache()
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    submitted(scheduler, 3, max_tokens=20)
    scheduler.step()
    submitted(scheduler, 5, max_tokens=1)
    passes = []
    forward = runner.forward
    runner.forward = lambda chunks: passes.append([len(c.token_ids) for c in chunks]) or forward(chunks)
    scheduler.step()
    assert passes == [[1, 2]]  # the other three are in the cache


def test_what_the_runner_reads_for_nothing_is_read_beside_who_writes():
    runner = VisibleCache()
    runner.free_tokens = 24
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    submitted(scheduler, 3, max_tokens=20)
    scheduler.step()
    passes = []
    forward = runner.forward
    runner.forward = lambda chunks: passes.append([len(c.token_ids) for c in chunks]) or forward(chunks)
    submitted(scheduler, 33, max_tokens=1)
    scheduler.step()
    assert passes == [[1, 24]]


@pytest.mark.parametrize("where", ["forward", "copy", "swap", "forget"])
def test_a_lost_device_is_not_asked_again_and_everybody_is_told_once(where, monkeypatch):
    """Wherever in a turn it is lost, nobody is forgotten: not who is just being let in, forked or let go."""
    monkeypatch.setattr(slot_table, "_WORTH_FORGETTING", 1)
    runner = VisibleCache()
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    everyone = [submitted(scheduler, length, max_tokens=9, n=n) for length, n in ((20, 1), (8, 2), (12, 1))]
    for _ in range(2):
        scheduler.step()
    everyone += [submitted(scheduler, length, max_tokens=9, n=n) for length, n in ((5, 1), (20, 3), (20, 6))]
    asked = []

    def lost(*arguments):
        asked.append(arguments)
        raise DeviceLost

    monkeypatch.setattr(runner, where, lost)
    with pytest.raises(DeviceLost):
        for _ in range(50):
            scheduler.step()
    assert len(asked) == 1  # not again, and not in halves
    scheduler.close(EngineDead("it is gone"))
    assert len(asked) == 1 and scheduler.idle
    for events in everyone:
        (end,) = [event for event in events if isinstance(event, Done | Exception)]
        assert isinstance(end, Done | EngineDead) and events[-1] is end
    outcomes = scheduler.stats().requests
    assert sum(outcomes.values()) == len(everyone) and outcomes["failed"] >= 3


def distinct(scheduler, token, length, client):
    request = GenerationRequest(
        (token,) * length, SamplingParams(seed=1, max_tokens=1, ignore_eos=True), client
    )
    scheduler.submit(Job(request, 1, lambda event: None))


def test_long_prompts_of_two_clients_are_read_in_turns():
    runner = VisibleCache()
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    submitted(scheduler, 3, max_tokens=40)  # somebody writes, so a prompt is read in pieces
    scheduler.step()
    distinct(scheduler, 7, 40, "Ann")
    distinct(scheduler, 9, 40, "Bo")
    read = []
    forward = runner.forward
    runner.forward = lambda chunks: (
        read.extend(int(c.token_ids[0]) for c in chunks if len(c.token_ids) > 1) or forward(chunks)
    )
    for _ in range(6):
        scheduler.step()
    assert read == [7, 9, 7, 9, 7, 9]


class Clock:
    """The scheduler's `time`, which goes when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_the_rate_is_tokens_by_the_time_between_the_first_step_and_the_last(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    scheduler = Scheduler(VisibleCache(), ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    submitted(scheduler, 3, max_tokens=40, n=3)
    assert scheduler.stats().tokens_per_second == 0.0
    for _ in range(12):  # the first of them only reads and draws the first tokens
        scheduler.step()
        clock.now += 0.25
    assert scheduler.stats().tokens_per_second == pytest.approx(3 / 0.25)
    clock.now += 4.5  # one of the last two steps is now five seconds ago
    assert scheduler.stats().tokens_per_second == 0.0


class StillTensors:
    """Where nothing but the books is looked at."""

    def copy(self, source, target, length): ...

    def swap(self, first, second, length): ...

    def forget(self, slot, start): ...


def test_of_the_texts_that_are_kept_the_least_recently_used_goes_first():
    table = kv_cache.SlotTable(5, 16, StillTensors(), kept=8)  # two texts of four tokens

    def read(token):
        owner, text = object(), np.full(4, token, np.int32)
        table.append(owner, text[table.admit(owner, text) :])
        return owner

    first, second = read(1), read(2)
    table.release(second)
    table.release(first)  # let in first, used last
    table.release(read(3))
    assert table.tokens_held == 8
    assert [table.admit(object(), np.full(4, token, np.int32)) for token in (1, 3, 2)] == [4, 4, 0]


@pytest.mark.parametrize(
    ("max_tokens", "room", "reason"), [(3, 4, "length"), (3, 3, "context-full"), (3, 2, "context-full")]
)
def test_where_the_window_ends_with_the_last_token_it_is_full(max_tokens, room, reason):
    params = SamplingParams(max_tokens=max_tokens, ignore_eos=True)
    stopping = StoppingCriteria(ByteVocabulary(), params, room)
    told = [stopping.feed(65) for _ in range(min(max_tokens, room))]
    assert told == [None] * (len(told) - 1) + [reason]


def test_without_a_limit_every_free_slot_keeps_its_whole_text():
    table = kv_cache.SlotTable(3, 4, StillTensors())
    for token in (1, 2, 3):
        owner = object()
        table.admit(owner, np.full(4, token, np.int32))
        table.append(owner, np.full(4, token, np.int32))
        table.release(owner)
    assert table.tokens_held == 12


@pytest.mark.parametrize(("deadline", "reason"), [(300.0, "length"), (-1.0, "timeout")])
def test_who_wrote_nothing_is_told_why(deadline, reason):
    scheduler = Scheduler(
        VisibleCache(), ByteVocabulary(), slots=2, context_length=CONTEXT, deadline_seconds=deadline
    )
    events = submitted(scheduler, 3, max_tokens=0)
    scheduler.step()
    assert events[-1].finish_reasons == (reason,)


def test_short_prompts_are_read_side_by_side_unless_padding_outweighs_what_is_read():
    for lengths, together in (((10, 6), 2), ((30, 1), 2), ((40, 1, 1), 2)):
        runner = VisibleCache()
        scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
        for token, length in enumerate(lengths):
            distinct(scheduler, token, length, str(token))
        passes = []
        forward = runner.forward
        runner.forward = lambda chunks, told=passes, ask=forward: told.append(len(chunks)) or ask(chunks)
        scheduler.step()
        assert passes == [together], lengths


def test_a_turn_that_fails_and_has_nobody_else_in_it_is_not_taken_again():
    runner = VisibleCache()
    scheduler = Scheduler(runner, ByteVocabulary(), slots=SLOTS, context_length=CONTEXT)
    events = submitted(scheduler, 3, max_tokens=9)
    asked = []

    def broken(chunks):
        asked.append(chunks)
        raise RuntimeError

    runner.forward = broken
    scheduler.step()
    assert len(asked) == 1 and isinstance(events[-1], RuntimeError)
