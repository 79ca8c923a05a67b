"""A generation for as long as its reader stays: opened before the reply begins, closed with it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

from app.engine.interface import Engine
from app.engine.outputs import Done, Event, Step
from app.engine.params import GenerationRequest
from app.errors import PlaygroundError
from app.routes.metrics import Metrics

STALL_SECONDS = 30.0  # a connection that takes nothing for this long is given up
_WAITING_EVENTS = 64  # of several generations side by side; each keeps its own line beyond that


class ReaderStalled(PlaygroundError):
    """The connection is open, but nothing is read from it."""

    code = "stalled"
    status = 408


@asynccontextmanager
async def open_generation(
    engine: Engine, request: GenerationRequest, metrics: Metrics
) -> AsyncIterator[AsyncIterator[Event]]:
    """The engine's events. What the engine refuses is raised here, while the reply can still be a 4xx.

    The first event is awaited on opening: by then the engine has taken the request in.
    """
    started = time.monotonic()
    async with aclosing(engine.generate(request)) as events:
        engine.check(request)
        first = await anext(events)
        reading = _Reading(first, events, started, metrics)
        watching = asyncio.create_task(reading.end_when_stalled())
        try:
            yield reading.events()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


class _Reading:
    """Events on their way to one reader, observed as they pass."""

    def __init__(
        self, first: Event, source: AsyncGenerator[Event, None], started: float, metrics: Metrics
    ) -> None:
        self._first = first
        self._source = source
        self._started = started
        self._metrics = metrics
        self._offered: float | None = None  # since when an event waits to be taken
        self._stalled = False

    async def events(self) -> AsyncIterator[Event]:
        """Every event up to the one Done."""
        event, waiting_for_first_token = self._first, True
        while True:
            if isinstance(event, Step) and waiting_for_first_token:
                self._metrics.ttft_seconds.observe(time.monotonic() - self._started)
                waiting_for_first_token = False
            self._offered = time.monotonic()
            yield event
            self._offered = None
            if isinstance(event, Done):
                self._metrics.queue_seconds.observe(event.queue_seconds)
                return
            if self._stalled:
                raise ReaderStalled(f"nothing was read for {STALL_SECONDS:g} seconds")
            event = await anext(self._source)

    async def end_when_stalled(self) -> None:
        """Give the engine's place back; an event that waits means that nobody is inside the source."""
        while self._offered is None or time.monotonic() - self._offered < STALL_SECONDS:
            await asyncio.sleep(STALL_SECONDS / 10)
        self._stalled = True
        await self._source.aclose()


@asynccontextmanager
async def merged(
    streams: Sequence[AsyncIterator[Event]],
) -> AsyncIterator[AsyncIterator[tuple[int, Event]]]:
    """Events of several generations as they come, each with the number of its stream."""
    queue: asyncio.Queue[tuple[int, Event | Exception | None]] = asyncio.Queue(maxsize=_WAITING_EVENTS)

    async def pump(number: int, stream: AsyncIterator[Event]) -> None:
        try:
            async for event in stream:
                await queue.put((number, event))
            await queue.put((number, None))
        except Exception as error:
            await queue.put((number, error))

    async def events() -> AsyncIterator[tuple[int, Event]]:
        running = len(streams)
        while running:
            number, event = await queue.get()
            if event is None:
                running -= 1
            elif isinstance(event, Exception):
                raise event
            else:
                yield number, event

    pumps = [asyncio.create_task(pump(number, stream)) for number, stream in enumerate(streams)]
    try:
        yield events()
    finally:
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
