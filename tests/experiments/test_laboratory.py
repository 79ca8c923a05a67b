"""What an experiment may ask of the engine, and what becomes of it when something ends early."""

import asyncio
from collections.abc import Iterator

import pytest

from app.engine.contract.params import JOBS_AT_ONCE, SamplingParams
from app.engine.fake import FakeEngine
from app.errors import OutOfTime
from app.experiments.experiment import Laboratory, together
from app.experiments.shared_runs import SharedRuns
from app.pages.few_shot.experiments import FewShotRequest, few_shot
from tests.byte_tokenizer import ByteTokenizer

TASK = FewShotRequest(
    rows=[(f"word {n}", f"answer {n}") for n in range(6)],
    queries=[(f"question {n}", f"reply {n}") for n in range(8)],
    controls=["shuffled", "format", "random", "order"],
    options=[f"option {n}" for n in range(4)],
    shots=[6],
)


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine(ByteTokenizer(), slots=2, queue=200, context_length=1024, ms_per_token=1)
    yield engine
    engine.close()


async def test_an_experiment_of_hundreds_of_questions_has_a_few_at_the_engine(engine: FakeEngine):
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(engine.requests()))
            await asyncio.sleep(0.001)

    watching = asyncio.ensure_future(watch())
    parts = [part async for part in few_shot(Laboratory(engine, ByteTokenizer()), TASK)]
    watching.cancel()
    assert len([part for part in parts if part.kind == "point"]) == 5
    assert JOBS_AT_ONCE // 2 < most <= JOBS_AT_ONCE


async def test_where_one_question_fails_the_others_end():
    ended = asyncio.Event()

    async def fails() -> int:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    async def goes_on() -> int:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return 1

    with pytest.raises(ValueError, match="no"):
        await together([goes_on(), fails()])
    assert ended.is_set()
    assert await together([asyncio.sleep(0.02, "late"), asyncio.sleep(0.01, "early")]) == ["late", "early"]


async def test_an_answer_cut_short_by_the_deadline_is_no_result_and_is_not_kept():
    engine = FakeEngine(
        ByteTokenizer(), slots=1, queue=9, context_length=256, ms_per_token=50, deadline_seconds=0.2
    )
    laboratory = Laboratory(engine, ByteTokenizer())
    params = SamplingParams(max_tokens=100, ignore_eos=True)
    runs, begun = SharedRuns(), 0

    async def write():
        nonlocal begun
        begun += 1
        yield await laboratory.continue_text((1,), params)

    try:
        for _ in range(2):
            with pytest.raises(OutOfTime):
                await anext(runs.parts("same", write))
        assert begun == 2
    finally:
        engine.close()
