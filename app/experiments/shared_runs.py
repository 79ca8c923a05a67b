"""The same experiment asked by thirty students at once runs once.

A run is keyed by what decides its result: the model, how it is computed, the experiment and its request. A
request that comes while it runs gets the parts so far and then the rest. A finished run is kept until newer
ones need the room. A run without a listener is cancelled.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from app.experiments.experiment import Part
from app.experiments.waiting import with_place

KEPT_RUNS = 256

Parts = AsyncGenerator[Part, None]


def _nowhere() -> int:
    return 0


@dataclass(eq=False)
class _Run:
    place: Callable[[], int]
    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    error: Exception | None = None
    listeners: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class SharedRuns:
    """Runs by key, finished ones least recently used first."""

    def __init__(self, kept: int = KEPT_RUNS) -> None:
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._kept = kept

    async def parts(self, key: str, start: Callable[[], Parts], place: Callable[[], int] = _nowhere) -> Parts:
        """Every part of the run with this key, which is started if there is none.

        While the run waits, its position in line comes between them: `place` of the request that started it.
        """
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = _Run(place)
            run.task = asyncio.create_task(self._fill(key, run, start()))
        self._runs.move_to_end(key)
        run.listeners += 1
        try:
            async with aclosing(with_place(_heard(run), run.place)) as parts:
                async for part in parts:
                    yield part
        finally:
            run.listeners -= 1
            if not run.listeners and not run.ended and run.task is not None:
                self._runs.pop(key, None)
                run.task.cancel()

    async def _fill(self, key: str, run: _Run, parts: Parts) -> None:
        try:
            async with aclosing(parts) as source:
                async for part in source:
                    run.parts.append(part)
                    self._tell(run)
        except Exception as error:
            run.error = error
            self._runs.pop(key, None)  # the next such request starts a new run
        finally:
            run.ended = True
            self._tell(run)
            self._forget()

    def _tell(self, run: _Run) -> None:
        run.changed.set()
        run.changed = asyncio.Event()

    def _forget(self) -> None:
        finished = [key for key, run in self._runs.items() if run.ended and not run.listeners]
        for key in finished[: max(0, len(self._runs) - self._kept)]:
            del self._runs[key]


async def _heard(run: _Run) -> Parts:
    """The parts so far, then the rest as they come."""
    told = 0
    while True:
        changed = run.changed
        while told < len(run.parts):
            yield run.parts[told]
            told += 1
        if run.ended:
            break
        await changed.wait()
    if run.error is not None:
        raise run.error
