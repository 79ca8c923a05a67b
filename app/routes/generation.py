"""A generation for as long as its reader stays: opened before the reply begins, closed with it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from app.engine.contract.interface import Engine
from app.engine.contract.outputs import Done, Event, Step
from app.engine.contract.params import GenerationRequest
from app.routes.metrics import Metrics

_WAITING_EVENTS = 64  # of several generations side by side; each keeps its own line beyond that


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
        yield _observed(first, events, started, metrics)


async def _observed(
    first: Event, source: AsyncGenerator[Event, None], started: float, metrics: Metrics
) -> AsyncIterator[Event]:
    """Every event up to the one Done; the metrics see them pass."""
    event, waiting_for_first_token = first, True
    while True:
        if isinstance(event, Step) and waiting_for_first_token:
            metrics.ttft_seconds.observe(time.monotonic() - started)
            waiting_for_first_token = False
        yield event
        if isinstance(event, Done):
            metrics.queue_seconds.observe(event.queue_seconds)
            return
        event = await anext(source)


@asynccontextmanager
async def merged(
    streams: Sequence[AsyncIterator[Event]],
) -> AsyncIterator[AsyncIterator[tuple[int, Event]]]:
    """Events of several generations as they come, each with the number of its stream."""
    if len(streams) == 1:
        yield ((0, event) async for event in streams[0])
        return
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
