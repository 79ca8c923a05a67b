"""Streams, stops, turns and errors, on the scripted engine."""

import asyncio
import math
import threading
from contextlib import aclosing

import numpy as np
import pytest

from app.engine.contract.detokenizer import Detokenizer
from app.engine.contract.outputs import Done, FinishReason, Queued, Step
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.fake import FakeEngine, Faults, ScriptedRunner
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import probabilities
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.errors import (
    BadRequest,
    ContextOverflow,
    EngineDead,
    ModelNotReady,
    OutOfMemory,
    OutOfTime,
    Overloaded,
    ShuttingDown,
)
from tests.engine.conftest import ByteVocabulary

VOCABULARY = ByteVocabulary()


@pytest.fixture
def engine():
    engine = FakeEngine(VOCABULARY, slots=4, queue=20, context_length=256, ms_per_token=2)
    yield engine
    engine.close()


def request(prompt="Once upon a time", client="", **params):
    return GenerationRequest(tuple(prompt.encode()), SamplingParams(**params), client)


async def collect(engine, request):
    return [event async for event in engine.generate(request)]


def text(events, sequence=0):
    return bytes(
        e.token_id for e in events if isinstance(e, Step) and e.sequence == sequence and e.token_id < 256
    )


async def settle(engine):
    """Wait until the engine has nothing to do; fail after two seconds."""
    for _ in range(200):
        if engine.idle:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(engine.stats())


async def test_a_stream_is_queued_then_steps_then_done(engine):
    events = await collect(engine, request(max_tokens=10, seed=5))
    assert isinstance(events[0], Queued) and events[0].seed == 5
    assert [type(e) for e in events[1:]] == [Step] * 10 + [Done]
    assert [e.position for e in events[1:-1]] == list(range(16, 26))
    assert events[-1].finish_reasons == (FinishReason.LENGTH,)
    assert (events[-1].prompt_tokens, events[-1].completion_tokens) == (16, 10)


async def test_ten_tokens_at_once_or_one_by_one_are_the_same(engine):
    at_once = text(await collect(engine, request(max_tokens=10, seed=9)))
    prompt = "Once upon a time"
    for _ in range(10):
        prompt += text(await collect(engine, request(prompt, max_tokens=1, seed=9))).decode()
    assert prompt.removeprefix("Once upon a time").encode() == at_once


async def test_without_a_seed_the_one_drawn_is_told_and_replays(engine):
    first = await collect(engine, request(max_tokens=20))
    again = await collect(engine, request(max_tokens=20, seed=first[-1].seed))
    assert text(first) == text(again)


async def test_a_stop_string_split_over_tokens_still_stops(engine):
    events = await collect(engine, request(temperature=0, max_tokens=200, stop=("zzz", "village")))
    script = text(events)
    assert events[-1].finish_reasons in ((FinishReason.STOP_STRING,), (FinishReason.LENGTH,))
    short = await collect(engine, request(temperature=0, max_tokens=200, stop=(script[3:8].decode(),)))
    assert short[-1].finish_reasons == (FinishReason.STOP_STRING,)
    assert text(short) == script[:8]


async def test_an_end_of_text_token_ends_the_text_unless_ignored():
    runner = ScriptedRunner(VOCABULARY)
    runner._background[256] = 30.0
    engine = ThreadedEngine(
        runner, VOCABULARY, name="ends", description={}, limits=EngineLimits(slots=2, context_length=64)
    )
    ended = await collect(engine, request(max_tokens=5, temperature=0))
    assert ended[-1].finish_reasons == (FinishReason.END_OF_TEXT,) and ended[-1].completion_tokens == 1
    assert len(await collect(engine, request(max_tokens=5, temperature=0, ignore_eos=True))) == 7
    engine.close()


async def test_letting_go_frees_the_slot_within_one_step(engine):
    before = engine.stats()
    async with aclosing(engine.generate(request(max_tokens=200, seed=1))) as events:
        async for event in events:
            if isinstance(event, Step) and event.position == 20:
                break
    await settle(engine)
    stats = engine.stats()
    assert stats.running == 0 and stats.requests["cancelled"] == 1
    assert stats.tokens_total - before.tokens_total <= 5 + 2  # five were read; one in flight, one delivered


async def test_a_neighbours_stream_is_not_disturbed_by_a_stop(engine):
    alone = text(await collect(engine, request(max_tokens=60, seed=3)))

    async def leaves():
        async with aclosing(engine.generate(request(max_tokens=200, seed=4))) as events:
            async for event in events:
                if isinstance(event, Step):
                    return

    neighbour, *_ = await asyncio.gather(
        collect(engine, request(max_tokens=60, seed=3)), leaves(), leaves(), leaves()
    )
    assert text(neighbour) == alone


async def test_eight_streams_at_once_each_get_their_own_text(engine):
    alone = [text(await collect(engine, request(max_tokens=25, seed=seed))) for seed in range(8)]
    together = await asyncio.gather(
        *(collect(engine, request(max_tokens=25, seed=seed)) for seed in range(8))
    )
    assert [text(events) for events in together] == alone


async def test_who_comes_together_starts_together(engine, monkeypatch):
    monkeypatch.setattr("app.engine.serving.threaded_engine._GATHER_SECONDS", 0.05)
    read = []
    forward = engine.runner.forward

    def watched(chunks):
        read.append(len(chunks))
        return forward(chunks)

    monkeypatch.setattr(engine.runner, "forward", watched)

    async def after(turns):
        for _ in range(turns):  # of the loop, as another request's own way through the server would take
            await asyncio.sleep(0)
        return await collect(engine, request(max_tokens=2))

    await asyncio.gather(*(after(30 * number) for number in range(4)))
    assert read[0] == 4


async def test_an_engine_that_rests_gives_memory_back_once(monkeypatch):
    rests = []
    monkeypatch.setattr("app.engine.serving.threaded_engine._REST_SECONDS", 0.1)
    monkeypatch.setattr(
        "app.engine.serving.threaded_engine.give_back_freed_memory",
        lambda: rests.append(engine.stats().tokens_total),
    )
    engine = FakeEngine(VOCABULARY, slots=4, ms_per_token=10)
    try:
        await asyncio.sleep(0.3)
        await collect(engine, request(max_tokens=40))  # longer than a rest, and no pause in it
        assert rests == [0]
        await asyncio.sleep(0.3)
        assert rests == [0, 40]
    finally:
        engine.close()


async def test_an_engine_that_rests_lets_its_thread_go_and_works_on_another(monkeypatch):
    monkeypatch.setattr("app.engine.serving.threaded_engine._REST_SECONDS", 0.05)
    engine = FakeEngine(VOCABULARY, slots=4)
    forward, threads = engine.runner.forward, []

    def watched(chunks):
        threads.append(threading.current_thread())
        return forward(chunks)

    monkeypatch.setattr(engine.runner, "forward", watched)
    try:
        for number in range(2):
            assert len(text(await collect(engine, request(max_tokens=5, seed=number))))
            await asyncio.sleep(0.2)
            assert not threads[-1].is_alive()  # so OpenMP's threads of it are gone as well
        assert len(set(threads)) == 2
    finally:
        engine.close()


async def test_n_continuations_differ_and_each_says_how_it_ended(engine):
    events = await collect(engine, request(max_tokens=20, seed=1, n=4))
    texts = {text(events, sequence) for sequence in range(4)}
    assert len(texts) == 4
    assert events[-1].finish_reasons == (FinishReason.LENGTH,) * 4
    assert text(events, 0) == text(await collect(engine, request(max_tokens=20, seed=1)))


async def test_who_waits_is_told_the_place_in_line_and_it_only_falls(engine):
    requests = [request(max_tokens=20, seed=i, client=f"student {i % 3}") for i in range(14)]
    for events in await asyncio.gather(*(collect(engine, r) for r in requests)):
        positions = [event.position for event in events if isinstance(event, Queued)]
        assert positions == sorted(positions, reverse=True) and positions[-1] == 0


async def test_clients_take_turns():
    engine = FakeEngine(VOCABULARY, slots=1, queue=100, context_length=256, ms_per_token=1)
    finished = []

    async def run(client, number):
        await collect(engine, request(max_tokens=5, client=client))
        finished.append((client, number))

    hog = [asyncio.create_task(run("hog", i)) for i in range(20)]
    await asyncio.sleep(0.02)
    await run("student", 0)
    assert len(finished) < 12  # the student did not wait for the hog's twenty
    await asyncio.gather(*hog)
    engine.close()


async def test_a_full_queue_is_refused():
    engine = FakeEngine(VOCABULARY, slots=1, queue=2, context_length=256, ms_per_token=5)
    tasks = [asyncio.create_task(collect(engine, request(max_tokens=50))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        engine.check(request())
    assert not refused.value.counted  # nobody's books have it yet
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await settle(engine)
    engine.check(request())
    engine.close()


async def test_a_request_past_its_deadline_ends_with_timeout():
    engine = FakeEngine(VOCABULARY, slots=1, context_length=256, ms_per_token=10, deadline_seconds=0.2)
    events = await collect(engine, request(max_tokens=200))
    assert events[-1].finish_reasons == (FinishReason.TIMEOUT,)
    assert 0 < events[-1].completion_tokens < 60
    engine.close()


async def test_a_failing_step_reaches_its_readers_and_the_next_request_works(engine):
    runner = engine.runner
    forward, runner.forward = runner.forward, lambda chunks: 1 / 0
    with pytest.raises(ZeroDivisionError):
        await collect(engine, request(max_tokens=5))
    runner.forward = forward
    assert len(await collect(engine, request(max_tokens=5))) == 7
    assert engine.stats().requests["failed"] == 1


async def test_closing_the_engine_tells_everyone(engine):
    task = asyncio.create_task(collect(engine, request(max_tokens=200)))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(engine.close)
    with pytest.raises(ModelNotReady):
        await task


async def test_a_hung_step_is_said_and_ends_at_the_deadline(monkeypatch):
    monkeypatch.setattr("app.engine.serving.threaded_engine.STUCK_SECONDS", 0.2)
    faults = Faults(hang_at=4, hang_seconds=2.5)
    engine = FakeEngine(VOCABULARY, slots=2, context_length=256, deadline_seconds=0.3, faults=faults)
    engine.check_alive()
    task = asyncio.create_task(collect(engine, request(max_tokens=20)))
    await asyncio.sleep(1)
    with pytest.raises(ModelNotReady, match="does not answer any more"):
        engine.check_alive()
    events = await task
    assert events[-1].finish_reasons == (FinishReason.TIMEOUT,)
    await settle(engine)
    engine.check_alive()  # it came back
    assert engine.stats().requests["timeout"] == engine.stats().accepted == 1
    engine.close()


async def test_closing_a_hung_engine_tells_its_readers_why():
    engine = FakeEngine(VOCABULARY, slots=2, context_length=256, faults=Faults(hang_at=4, hang_seconds=3))
    task = asyncio.create_task(collect(engine, request(max_tokens=20)))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(engine.close, ShuttingDown("the server was stopped"))
    with pytest.raises(ShuttingDown) as ended:
        await asyncio.wait_for(task, 1)
    assert ended.value.counted


async def test_a_failure_outside_a_step_ends_everybody_and_is_said(engine, monkeypatch, caplog):
    monkeypatch.setattr(engine._scheduler, "_admit", lambda: 1 / 0)
    with pytest.raises(EngineDead, match="has to be started again"):
        await collect(engine, request(max_tokens=5))
    with pytest.raises(EngineDead, match="has to be started again"):
        engine.check_alive()
    assert "ZeroDivisionError" in caplog.text


async def test_a_lost_device_ends_everybody_for_good():
    engine = FakeEngine(VOCABULARY, slots=2, context_length=256, ms_per_token=5, faults=Faults(die_at=9))
    tasks = [asyncio.create_task(collect(engine, request(max_tokens=50))) for _ in range(3)]
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(2):
        with pytest.raises(EngineDead, match="lost the device") as refused:
            engine.check(request())
        assert not refused.value.counted
        ends.append(refused.value)
    assert [(type(end), end.counted) for end in ends] == [(EngineDead, True)] * 3 + [(EngineDead, False)] * 2
    assert len(set(map(id, ends))) == 5  # each its own, with its own traceback
    stats = engine.stats()
    assert (stats.running, stats.waiting, stats.accepted, stats.requests["failed"]) == (0, 0, 3, 3)


async def test_who_comes_while_the_engine_ends_is_told_and_does_not_wait(engine, monkeypatch):
    monkeypatch.setattr(engine, "check", lambda _: None)  # it lived when it was asked
    await asyncio.to_thread(engine.close)
    with pytest.raises(ModelNotReady) as refused:
        await asyncio.wait_for(collect(engine, request(max_tokens=5)), 2)
    assert not refused.value.counted
    assert engine.requests() == []


async def test_too_little_memory_is_its_own_error():
    engine = FakeEngine(VOCABULARY, slots=2, context_length=256, faults=Faults(oom_at=3))
    with pytest.raises(OutOfMemory) as ended:
        await collect(engine, request(max_tokens=9))
    assert ended.value.counted
    engine.close()


async def test_a_score_past_its_deadline_is_in_the_engines_books():
    faults = Faults(hang_at=1, hang_seconds=0.4)
    engine = FakeEngine(VOCABULARY, slots=1, context_length=256, deadline_seconds=0.2, faults=faults)
    for late in (engine.score([1] * 200), engine.distributions([1] * 200, start=0)):
        with pytest.raises(OutOfTime) as ended:
            await late
        assert ended.value.counted
    assert engine.stats().requests["timeout"] == 2
    engine.close()


@pytest.mark.parametrize(
    ("prompt", "params", "error"),
    [
        ((), {}, BadRequest),
        ((300,), {}, BadRequest),
        ((-1,), {}, BadRequest),
        ((2**63,), {}, BadRequest),
        ((1,) * 256, {"max_tokens": 1}, ContextOverflow),
        ((1,) * 257, {"max_tokens": 0}, ContextOverflow),
        ((1,), {"n": 5}, BadRequest),
    ],
)
def test_what_cannot_run_is_refused_first(engine, prompt, params, error):
    with pytest.raises(error) as refused:
        engine.check(GenerationRequest(prompt, SamplingParams(**params)))
    assert refused.value.status == 422


def test_a_prompt_may_fill_the_window_when_nothing_is_to_be_written(engine):
    engine.check(GenerationRequest((1,) * 256, SamplingParams(max_tokens=0)))
    engine.check(GenerationRequest((1,) * 255, SamplingParams(max_tokens=1)))


def test_text_arrives_whole_characters_at_a_time():
    detokenizer = Detokenizer(VOCABULARY)
    assert [detokenizer.feed(byte) for byte in "a😀".encode()] == ["a", "", "", "", "😀"]
    detokenizer.feed(0xF0)
    assert detokenizer.flush() == "\ufffd"


async def test_a_step_tells_what_the_model_thought_and_what_the_settings_made_of_it(engine):
    """Raw against the model's own distribution, processed against the whole pipeline on it."""
    settings = SamplingParams(temperature=0.5, top_k=5, logprobs=8)
    events = await collect(
        engine, request(max_tokens=12, seed=2, temperature=0.5, top_k=5, logprobs=8, ignore_eos=True)
    )
    token_ids = list(b"Once upon a time")
    for event in events[1:-1]:
        raw = Distribution(await engine.next_token(token_ids))
        left = probabilities(raw, settings)
        assert event.raw_logprob == pytest.approx(raw.logprob(event.token_id), abs=1e-5)
        assert math.exp(event.processed_logprob) == pytest.approx(left[event.token_id], abs=1e-5)
        assert event.rank == raw.rank(event.token_id)
        assert event.entropy_bits == pytest.approx(raw.entropy_bits, abs=1e-4)
        assert event.kept == np.count_nonzero(left)
        for other in event.top:
            assert other.raw_logprob == pytest.approx(raw.logprob(other.token_id), abs=1e-5)
            assert math.exp(other.processed_logprob or -math.inf) == pytest.approx(
                left[other.token_id], abs=1e-5
            )
        token_ids.append(event.token_id)
