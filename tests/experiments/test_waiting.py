"""The place in line of an experiment that waits."""

import asyncio
from contextlib import aclosing

import pytest

from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.fake import FakeEngine
from app.experiments.experiment import Laboratory, Progress
from app.experiments.waiting import Queued, with_place
from tests.byte_tokenizer import ByteTokenizer


def scripted(*positions: int):
    """A place that is another one at each look, and stays at the last."""
    left = list(positions)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


async def parts(seconds: float):
    await asyncio.sleep(seconds)
    yield Progress(1, 2)
    yield Progress(2, 2)


async def test_the_place_is_told_when_it_changes_until_the_first_part_comes():
    told = [each async for each in with_place(parts(0.3), scripted(3, 3, 2, 0), 0.02)]
    assert told == [Queued(3), Queued(2), Queued(0), Progress(1, 2), Progress(2, 2)]


async def test_who_runs_at_once_hears_of_no_line():
    assert [each async for each in with_place(parts(0.1), lambda: 0, 0.02)] == [
        Progress(1, 2),
        Progress(2, 2),
    ]


async def test_a_place_that_stays_is_told_again(monkeypatch):
    monkeypatch.setattr("app.experiments.waiting.AGAIN_SECONDS", 0.1)
    told = [each async for each in with_place(parts(0.35), lambda: 7, 0.02)]
    assert 3 <= told.count(Queued(7)) <= 5


async def test_leaving_while_it_waits_ends_the_work():
    ended = asyncio.Event()

    async def endless():
        try:
            await asyncio.sleep(60)
            yield Progress(1, 1)
        finally:
            ended.set()

    async with aclosing(with_place(endless(), lambda: 1, 0.02)) as heard:
        assert await anext(heard) == Queued(1)
    assert ended.is_set()


async def test_an_error_comes_through():
    async def broken():
        raise ValueError("no")
        yield Progress(1, 1)

    with pytest.raises(ValueError, match="no"):
        await anext(with_place(broken(), lambda: 1, 0.02))


async def test_a_laboratory_knows_its_place_behind_others():
    engine = FakeEngine(ByteTokenizer(), slots=1, queue=10, context_length=256, ms_per_token=20)
    first = engine.generate(GenerationRequest((1,), SamplingParams(max_tokens=200, ignore_eos=True), "other"))
    waits = Laboratory(engine, ByteTokenizer(), "mine")
    try:
        async with aclosing(first):
            await anext(first)
            work = asyncio.ensure_future(waits.continue_text((1,), SamplingParams(max_tokens=2)))
            await asyncio.sleep(0.2)
            assert waits.place() == 1
            assert Laboratory(engine, ByteTokenizer(), "nobody").place() == 0
        await work
        assert waits.place() == 0
    finally:
        engine.close()
