"""An experiment that waits for the model says so: its position in line comes between the parts."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from app.experiments.experiment import Part

LOOK_SECONDS = 0.5
AGAIN_SECONDS = 4.0  # a student who hears nothing for longer may think that nothing happens


@dataclass(frozen=True, slots=True)
class Queued:
    """What the experiment asked of the model waits; position 1 is next, 0 means it runs."""

    kind: ClassVar[str] = "queued"
    position: int


async def with_place(
    parts: AsyncGenerator[Part, None], place: Callable[[], int], look_seconds: float = LOOK_SECONDS
) -> AsyncGenerator[Part, None]:
    """All of `parts`, and while none comes `Queued`: when `place` has changed, and again now and then."""
    told, told_at = 0, 0.0
    coming: asyncio.Task[Part | None] | None = None
    async with aclosing(parts):
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(parts, None))
                await asyncio.wait({coming}, timeout=look_seconds)
                if coming.done():
                    part, coming, told = coming.result(), None, 0
                    if part is None:
                        return
                    yield part
                    continue
                position, now = place(), time.monotonic()
                if position != told or (position and now - told_at >= AGAIN_SECONDS):
                    told, told_at = position, now
                    yield Queued(position)
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
