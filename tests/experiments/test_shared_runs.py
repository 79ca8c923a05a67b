"""Thirty students, one computation."""

import asyncio
from contextlib import aclosing

import pytest

from app.experiments.experiment import Progress
from app.experiments.shared_runs import SharedRuns


class Counted:
    """A run of three parts that counts how often it was begun, finished and left."""

    def __init__(self, fail=False):
        self.begun = self.finished = self.cancelled = 0
        self.fail = fail

    async def __call__(self):
        self.begun += 1
        try:
            for done in range(3):
                await asyncio.sleep(0.01)
                yield Progress(done, 3)
            if self.fail:
                raise ValueError("no")
            self.finished += 1
        except (GeneratorExit, asyncio.CancelledError):
            self.cancelled += 1
            raise


async def listen(runs, run, key="same"):
    return [part.done async for part in runs.parts(key, run)]


async def test_thirty_askers_are_one_run_and_each_hears_all_of_it():
    runs, run = SharedRuns(), Counted()

    async def later(index):
        await asyncio.sleep(index * 0.002)
        return await listen(runs, run)

    answers = await asyncio.gather(*(later(index) for index in range(30)))
    assert answers == [[0, 1, 2]] * 30
    assert (run.begun, run.finished) == (1, 1)


async def test_another_request_is_another_run():
    runs, run = SharedRuns(), Counted()
    await asyncio.gather(listen(runs, run, "one"), listen(runs, run, "two"))
    assert run.begun == 2


async def test_a_run_nobody_listens_to_is_cancelled_and_one_listener_keeps_it():
    runs, run = SharedRuns(), Counted()

    async def leaves():
        async with aclosing(runs.parts("same", run)) as parts:
            await anext(parts)

    stays = asyncio.create_task(listen(runs, run))
    await leaves()
    assert await stays == [0, 1, 2]
    await leaves()  # the finished run answers
    assert run.begun == 1

    async with aclosing(runs.parts("alone", run)) as parts:
        await anext(parts)
    await asyncio.sleep(0.02)
    assert run.cancelled == 1


async def test_an_error_reaches_everyone_and_the_next_one_tries_again():
    runs, run = SharedRuns(), Counted(fail=True)
    answers = await asyncio.gather(*(listen(runs, run) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    with pytest.raises(ValueError):
        await listen(runs, run)
    assert run.begun == 2


async def test_only_so_many_finished_runs_are_kept():
    runs, run = SharedRuns(kept=2), Counted()
    for key in "abcd":
        await listen(runs, run, key)
    await listen(runs, run, "d")
    assert run.begun == 4
    await listen(runs, run, "a")
    assert run.begun == 5
