"""A TCP proxy that breaks things: it cuts replies off, tears them into pieces, holds them back."""

import asyncio
import contextlib
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
        fault = self.fault(self.connections)
        self.connections += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        upwards = asyncio.create_task(_pump(reader, up_writer, Fault()))
        with contextlib.suppress(ConnectionError):
            await _pump(up_reader, writer, fault)
        upwards.cancel()
        for each in (up_writer, writer):
            each.transport.abort() if fault.cut_after is not None else each.close()


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
    proxy = FaultyProxy(target, fault)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
