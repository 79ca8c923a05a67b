"""Threads for tokenising, so that the event loop never waits and a short text never waits for a long one.

tokenizers and tiktoken both let go of the interpreter while they work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.errors import Overloaded

TEXT_THREADS = 3  # two for short texts, one for long ones
LONG_CHARACTERS = 50_000
MAX_WAITING = 8  # long texts, of at most a second or two each

Result = TypeVar("Result")


class TokenizerWorkers:
    """Threads for short texts, one for long ones with a bounded line before it."""

    def __init__(self) -> None:
        self._short = ThreadPoolExecutor(TEXT_THREADS - 1, "tokenize")
        self._long = ThreadPoolExecutor(1, "tokenize-long")
        self._long_waiting = 0

    async def run(self, work: Callable[[], Result], characters: int = 0) -> Result:
        """`work()` on a thread; `characters` is the length of its text. Overloaded where the line is full."""
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
