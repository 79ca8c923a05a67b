"""Random arrivals, lengths, cancels and forks against a naive reference: same tokens, no leaked slot.

The runner here is a cache made visible: its next token depends on every token that lies in the slot, so a
slot that was swapped, copied or reused wrongly gives another text.
"""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from app.engine.contract.outputs import Done, FinishReason, PromptScores, Queued, Step
from app.engine.contract.params import TEACHER, GenerationRequest, Observe, SamplingParams
from app.engine.network.runner import DeviceLost, Prediction
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import sample
from app.engine.serving import job as job_module
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


def scheduled(runner=None, **limits) -> Scheduler:
    return Scheduler(
        runner or VisibleCache(),
        ByteVocabulary(),
        **{"slots": SLOTS, "context_length": CONTEXT, "deadline_seconds": 300.0, "teacher_slots": 0} | limits,
    )


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
    scheduler = scheduled()
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
            start = job.request.observe.scores_from
            assert [score.token_id for score in event.scores] == prompt[start:]
            for place, score in enumerate(event.scores, start):
                row = Distribution(logits_after(np.array(prompt[:place]))) if place else None
                assert score.raw_logprob == (row.logprob(score.token_id) if row else None)
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
    scheduler = scheduled(slots=4)

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
    scheduler = scheduled(runner)
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
    scheduler = scheduled(runner)
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
    scheduler = scheduled(runner)
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
    scheduler = scheduled(runner)
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
    scheduler = scheduled(runner)
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
    """The `time` of the scheduler and of jobs, which goes when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_the_rate_is_tokens_by_the_time_between_the_first_step_and_the_last(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    scheduler = scheduled()
    submitted(scheduler, 3, max_tokens=40, n=3)
    assert scheduler.stats().tokens_per_second == 0.0
    for _ in range(12):  # the first of them only reads and draws the first tokens
        scheduler.step()
        clock.now += 0.25
    assert scheduler.stats().tokens_per_second == pytest.approx(3 / 0.25)
    clock.now += 4.25
    assert scheduler.stats().tokens_per_second == pytest.approx(3 / 0.25)
    clock.now += 0.25  # one of the last two steps is now five seconds ago
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
    scheduler = scheduled(slots=2, deadline_seconds=deadline)
    events = submitted(scheduler, 3, max_tokens=0)
    scheduler.step()
    assert events[-1].finish_reasons == (reason,)


def test_short_prompts_are_read_side_by_side_unless_padding_outweighs_what_is_read():
    for lengths, together in (((10, 6), 2), ((30, 1), 2), ((40, 1, 1), 2)):
        runner = VisibleCache()
        scheduler = scheduled(runner)
        for token, length in enumerate(lengths):
            distinct(scheduler, token, length, str(token))
        passes = []
        forward = runner.forward
        runner.forward = lambda chunks, told=passes, ask=forward: told.append(len(chunks)) or ask(chunks)
        scheduler.step()
        assert passes == [together], lengths


def test_a_turn_that_fails_and_has_nobody_else_in_it_is_not_taken_again():
    runner = VisibleCache()
    scheduler = scheduled(runner)
    events = submitted(scheduler, 3, max_tokens=9)
    asked = []

    def broken(chunks):
        asked.append(chunks)
        raise RuntimeError

    runner.forward = broken
    scheduler.step()
    assert len(asked) == 1 and isinstance(events[-1], RuntimeError)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for timed in (module, job_module):
        monkeypatch.setattr(timed, "time", clock)
    return clock


def written(events) -> int:
    return sum(isinstance(event, Step) for event in events)


def test_the_books_say_who_runs_who_waits_and_what_the_cache_holds():
    runner = VisibleCache()
    runner.kv_bytes_per_token = 10
    scheduler = scheduled(runner, slots=2)
    submitted(scheduler, 3, max_tokens=9, n=2)
    for _ in range(2):
        scheduler.step()
    submitted(scheduler, 5, max_tokens=9, client="Ann")
    submitted(scheduler, 5, max_tokens=9, client="Bo")
    told = scheduler.stats()
    assert (told.running, told.waiting, told.accepted, told.slots) == (1, 2, 3, 2)
    assert (told.steps_total, told.tokens_total, told.kv_bytes) == (2, 4, 2 * 4 * 10)
    while not scheduler.idle:
        scheduler.step()
    assert scheduler.stats().requests == {"finished": 3, "cancelled": 0, "failed": 0, "timeout": 0}


def test_a_prompt_being_read_counts_as_running():
    scheduler = scheduled()
    submitted(scheduler, 3, max_tokens=40)
    scheduler.step()
    submitted(scheduler, 40, max_tokens=1)
    scheduler.step()
    assert scheduler.stats().running == 2


def test_of_prompts_read_together_the_one_that_fails_fails_alone():
    """The first is over before the second finds no memory to fork in."""
    runner = VisibleCache()
    scheduler = scheduled(runner)
    over, forked = (
        submitted(scheduler, 6, max_tokens=0),
        submitted(scheduler, 6, max_tokens=5, n=2, client="Bo"),
    )

    def full(*_):
        raise MemoryError

    runner.copy = full
    scheduler.step()
    assert isinstance(over[-1], Done) and sum(isinstance(event, Done | Exception) for event in over) == 1
    assert isinstance(forked[-1], OutOfMemory)
    assert scheduler.idle and scheduler._table.free == SLOTS
    assert scheduler.stats().requests == {"finished": 1, "cancelled": 0, "failed": 1, "timeout": 0}


class OutOfMemoryError(RuntimeError):
    """As torch calls it on a GPU."""


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (MemoryError(), OutOfMemory),
        (OutOfMemoryError("CUDA out of memory"), OutOfMemory),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), OutOfMemory),
        (RuntimeError("shapes do not match"), RuntimeError),
    ],
)
def test_too_little_memory_is_told_as_such_whoever_says_it(raised, told):
    runner = VisibleCache()
    scheduler = scheduled(runner)
    events = submitted(scheduler, 3, max_tokens=5)

    def fails(chunks):
        raise raised

    runner.forward = fails
    scheduler.step()
    assert type(events[-1]) is told


def test_whoever_runs_out_of_time_keeps_the_reasons_of_those_that_had_ended(clock):
    scheduler = scheduled(deadline_seconds=10.0)
    free = SamplingParams(seed=1, n=2, max_tokens=40, ignore_eos=True)
    first, second = (reference([1, 2, 3], free, sequence) for sequence in range(2))
    assert first[0] not in second[:2]
    events = []
    request = GenerationRequest((1, 2, 3), replace(free, stop=(chr(first[0]),)))
    scheduler.submit(Job(request, 1, events.append))
    scheduler.step()
    clock.now += 10.0
    scheduler.step()
    assert not isinstance(events[-1], Done)  # ten seconds are allowed
    clock.now += 0.1
    scheduler.step()
    assert events[-1].finish_reasons == (FinishReason.STOP_STRING, FinishReason.TIMEOUT)
    assert scheduler.stats().requests["timeout"] == 1


def test_a_place_in_line_is_told_at_once_when_it_changes_and_again_after_four_seconds(clock):
    scheduler = scheduled(slots=1)
    submitted(scheduler, 3, max_tokens=60)
    scheduler.step()
    waits = submitted(scheduler, 3, max_tokens=1, client="Ann")
    told = []
    for at in (100.0, 102.0, 103.9, 104.0, 107.9, 108.0):
        clock.now = at
        scheduler.step()
        told.append(len(waits))
    assert told == [1, 1, 1, 2, 2, 3]
    assert {event.position for event in waits} == {1}


@pytest.mark.parametrize(
    ("running", "asks", "let_in"),
    [
        ([], ("Ann", 2), True),
        ([], ("Ann", 3), False),
        ([], (TEACHER, 4), True),
        ([("Ann", 2)], ("Bo", 1), False),
        ([("Ann", 2)], (TEACHER, 2), True),
        ([("Ann", 2)], (TEACHER, 3), False),
        ([(TEACHER, 1)], ("Ann", 2), True),
        ([(TEACHER, 1)], ("Ann", 3), False),
        ([(TEACHER, 3)], ("Ann", 1), True),
        ([(TEACHER, 3)], ("Ann", 2), False),
    ],
)
def test_students_have_their_slots_and_the_teacher_those_as_well(running, asks, let_in):
    scheduler = scheduled(slots=2, teacher_slots=2)
    for client, n in running:
        submitted(scheduler, 3, max_tokens=40, n=n, client=client)
        scheduler.step()
    client, n = asks
    events = submitted(scheduler, 3, max_tokens=40, n=n, client=client)
    scheduler.step()
    assert (written(events) > 0) is let_in


def test_a_prompt_being_read_has_slots_kept_for_all_it_will_write():
    scheduler = scheduled(slots=4)
    submitted(scheduler, 3, max_tokens=60)
    scheduler.step()
    many = submitted(scheduler, 40, max_tokens=20, n=3, client="Ann")  # read in pieces beside the first
    scheduler.step()
    late = submitted(scheduler, 3, max_tokens=1, client="Bo")
    while not written(many):
        assert not written(late)
        scheduler.step()
    while not scheduler.idle:
        scheduler.step()
    assert isinstance(many[-1], Done) and isinstance(late[-1], Done)


def test_a_reader_far_behind_gets_nothing_more_until_it_has_caught_up(clock):
    scheduler = scheduled()
    behind, slow, quick = False, [], []
    params = SamplingParams(seed=1, max_tokens=20, ignore_eos=True)
    for events, held in ((slow, lambda: behind), (quick, lambda: False)):
        scheduler.submit(Job(GenerationRequest((1, 2, 3), params), 1, events.append, held))
    for _ in range(3):
        scheduler.step()
    behind, so_far = True, written(slow)
    for _ in range(10):
        scheduler.step()
    assert written(slow) == so_far and written(quick) == so_far + 10
    behind = False
    while not scheduler.idle:
        scheduler.step()
    expected = reference([1, 2, 3], params, 0)
    for events in (slow, quick):
        assert [event.token_id for event in events if isinstance(event, Step)] == expected


def test_while_every_reader_is_far_behind_the_engine_rests_for_moments_and_with_nobody_it_does_not(clock):
    scheduler = scheduled()
    scheduler.step()
    assert clock.now == 100.0
    behind = False
    request = GenerationRequest((1, 2, 3), SamplingParams(seed=1, max_tokens=20))
    scheduler.submit(Job(request, 1, lambda event: None, lambda: behind))
    scheduler.step()
    behind = True
    scheduler.step()
    assert 100.001 <= clock.now <= 100.02


def test_a_pass_holds_no_more_whole_distributions_than_there_is_memory_for(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_SCORED", 4)
    runner = VisibleCache()
    scheduler = scheduled(runner)
    passes, forward = [], runner.forward
    runner.forward = lambda chunks: (
        passes.extend((len(chunk.token_ids), chunk.logits) for chunk in chunks) or forward(chunks)
    )
    request = GenerationRequest(
        tuple(range(20)), SamplingParams(max_tokens=0), observe=Observe(scores_from=10)
    )
    scheduler.submit(Job(request, 1, lambda event: None))
    while not scheduler.idle:
        scheduler.step()
    assert passes == [(13, 4), (4, 4), (3, 3)]  # the tenth is told of by the ninth


def test_the_rest_of_a_long_prompt_is_read_beside_a_short_one_that_came_after_it():
    runner = VisibleCache()
    runner.free_tokens = 24
    scheduler = scheduled(runner)
    submitted(scheduler, 3, max_tokens=40)
    scheduler.step()
    distinct(scheduler, 7, 60, "Ann")
    distinct(scheduler, 9, 6, "Bo")
    passes, forward = [], runner.forward
    runner.forward = lambda chunks: (
        passes.append([len(chunk.token_ids) for chunk in chunks]) or forward(chunks)
    )
    for _ in range(2):
        scheduler.step()
    assert passes == [[1, 48], [1, 12, 6]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_new_text_takes_the_place_of_the_least_recently_used(order):
    table = kv_cache.SlotTable(3, 8, StillTensors())

    def text(token):
        return np.full(4, token, np.int32)

    owners = [object() for _ in range(3)]
    for token, owner in enumerate(owners):
        table.append(owner, text(token)[table.admit(owner, text(token)) :])
    for token in order:
        table.release(owners[token])
    table.admit(new := object(), text(9))
    table.append(new, text(9))
    table.release(new)
    held = {token: table._longest_prefix(text(token))[1] for token in (*order, 9)}
    assert held == {order[0]: 0, order[1]: 4, order[2]: 4, 9: 4}


@pytest.mark.parametrize(
    ("stops", "text", "length"),
    [
        (("c",), b"abcd", 3),
        (("bc",), b"abcd", 3),
        (("bcd",), b"abcde", 4),
        (("xyz", "cd"), b"abcde", 4),
        (("aab",), b"aaab", 4),
        (("ca",), b"abcd", None),
        ((), b"abcd", None),
    ],
)
def test_a_stop_string_ends_a_text_with_its_last_byte(stops, text, length):
    stopping = StoppingCriteria(ByteVocabulary(), SamplingParams(max_tokens=99, stop=stops), 99)
    told = [stopping.feed(byte) for byte in text]
    ends = [at for at, reason in enumerate(told, start=1) if reason]
    assert ends == ([length] if length else [])
    assert not length or told[length - 1] == FinishReason.STOP_STRING
