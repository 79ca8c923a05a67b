"""A long text waits in a line of its own."""

import asyncio
import threading

import pytest

from app.errors import Overloaded
from app.tokenization.workers import LONG_CHARACTERS, MAX_WAITING, TokenizerWorkers


async def test_a_short_text_does_not_wait_for_long_ones() -> None:
    workers, go = TokenizerWorkers(), threading.Event()
    long_ones = [asyncio.create_task(workers.run(go.wait, LONG_CHARACTERS + 1)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(workers.run(lambda: "short", LONG_CHARACTERS), 5) == "short"
        assert not any(task.done() for task in long_ones)
    finally:
        go.set()
        await asyncio.gather(*long_ones)


async def test_the_line_of_long_texts_is_bounded_and_empties_again() -> None:
    workers, go = TokenizerWorkers(), threading.Event()
    waiting = [asyncio.create_task(workers.run(go.wait, LONG_CHARACTERS + 1)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(Overloaded):
            await asyncio.wait_for(workers.run(go.wait, LONG_CHARACTERS + 1), 5)
    finally:
        go.set()
        await asyncio.gather(*waiting)
    assert await workers.run(lambda: 1, LONG_CHARACTERS + 1) == 1


async def test_an_error_reaches_the_one_who_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        await TokenizerWorkers().run(lambda: 1 // 0)
