"""A TCP proxy that breaks things: it cuts replies off, tears them into pieces, holds them back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """What happens to the bytes of one reply, in this order."""

    cut_after: int | None = None  # bytes that pass before the connection is reset
    pieces: int | None = None  # bytes per write
    delay: float = 0.0  # seconds before each write


@dataclass(slots=True)
class FaultyProxy:
    """`port` is where to connect; `fault(number)` decides over each connection."""

    target: int
    fault: Callable[[int], Fault]
    port: int = 0
    connections: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whoever hangs up first, server or client, ends the connection for both."""
        fault = self.fault(self.connections)
        self.connections += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        pumps = [
            asyncio.create_task(_pump(reader, up_writer, Fault())),
            asyncio.create_task(_pump(up_reader, writer, fault)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (up_writer, writer):  # before anything is awaited: that may be cancelled
                each.transport.abort() if fault.cut_after is not None else each.close()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
    left = fault.cut_after
    while data := await reader.read(65536):
        if left is not None:
            data, left = data[:left], left - len(data)
        size = fault.pieces or len(data) or 1
        for start in range(0, len(data), size):
            if fault.delay:
                await asyncio.sleep(fault.delay)
            writer.write(data[start : start + size])
            await writer.drain()
        if left is not None and left <= 0:
            return


@asynccontextmanager
async def faulty_proxy(target: int, fault: Callable[[int], Fault]) -> AsyncIterator[FaultyProxy]:
    """No connection outlives it: what a test leaves open would be an unclosed socket in the next one."""
    proxy = FaultyProxy(target, fault)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
