"""Threads for tokenising, so that the event loop never waits and a short text never waits for a long one.

tokenizers and tiktoken both let go of the interpreter while they work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.errors import Overloaded

TEXT_THREADS = 3  # two for short texts, one for long ones
BRIEF_CHARACTERS = 500  # take less than changing threads does
LONG_CHARACTERS = 50_000
MAX_WAITING = 8  # long texts, of at most a second or two each

Result = TypeVar("Result")


class TokenizerWorkers:
    """Threads for short texts, one for long ones with a bounded line before it."""

    def __init__(self) -> None:
        self._short = ThreadPoolExecutor(TEXT_THREADS - 1, "tokenize")
        self._long = ThreadPoolExecutor(1, "tokenize-long")
        self._long_waiting = 0

    async def run(self, work: Callable[[], Result], characters: int | None = None) -> Result:
        """`work()`, on a thread unless it is brief; `characters` is the length of its text, where it has one.

        Overloaded where the line is full.
        """
        if characters is None:
            characters = BRIEF_CHARACTERS + 1
        if characters <= BRIEF_CHARACTERS:
            return work()
        loop = asyncio.get_running_loop()
        if characters <= LONG_CHARACTERS:
            return await loop.run_in_executor(self._short, work)
        if self._long_waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING} long texts are waiting already; try again soon", retry_after=2)
        self._long_waiting += 1
        try:
            return await loop.run_in_executor(self._long, work)
        finally:
            self._long_waiting -= 1
