"""One reply, kept as it comes: bytes and times. They are understood when the clock has stopped.

The clock shares the processor with the server it measures. An HTTP client that understands each piece as it
comes takes more of it for a token than the server takes to send one.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import h11

Read = tuple[float, bytes]  # when (seconds of the monotonic clock), and what the socket gave


class Recording(asyncio.Protocol):
    """A connection of its own for one POST of `body`: `reads` fills until the server closes it."""

    def __init__(self, url: str, body: dict[str, Any], reads: list[Read], *, accept: str = "*/*") -> None:
        self._url, self._reads = urlsplit(url), reads
        host = self._url.netloc.rpartition("@")[2]
        content = json.dumps(body).encode()
        self._request = _sent(h11.Connection(h11.CLIENT), self._url.path, host, content, accept)
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> None:
        """Before the clock runs, so that many begin at once. Raises OSError."""
        address, secure = self._url, self._url.scheme == "https"
        port = address.port or (443 if secure else 80)
        self._transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: self, address.hostname or "", port, ssl=secure or None
        )

    async def run(self, silence: float) -> None:
        """Raises OSError, and TimeoutError after `silence` seconds without a byte."""
        assert self._transport is not None, "it is connected first"
        self._transport.write(self._request)
        heard = -1
        while heard < len(self._reads):
            heard = len(self._reads)
            await asyncio.wait([self._closed], timeout=silence)
            if self._closed.done():
                return self._closed.result()
        raise TimeoutError

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._reads.append((time.perf_counter(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closed.done():
            return
        if exc is None:
            self._closed.set_result(None)
        else:
            self._closed.set_exception(exc)


def content(reads: Sequence[Read]) -> tuple[int, list[Read]]:
    """The status, 0 where there is none, and the body's pieces, as far as they came.

    Raises h11.RemoteProtocolError where it is no HTTP.
    """
    http = h11.Connection(h11.CLIENT)
    _sent(http, "/", "", b"", "*/*")
    status, pieces = 0, []
    for at, data in reads:
        http.receive_data(data)
        while isinstance(event := http.next_event(), h11.Event):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                pieces.append((at, bytes(event.data)))
            elif isinstance(event, h11.EndOfMessage):
                return status, pieces
    return status, pieces


def _sent(http: h11.Connection, path: str, host: str, body: bytes, accept: str) -> bytes:
    """The bytes of a POST."""
    headers = [
        ("host", host),
        ("accept", accept),
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("accept-encoding", "identity"),  # the clock is for tokens, not for unpacking
        ("connection", "close"),
    ]
    request = h11.Request(method="POST", target=path, headers=headers)
    events: Sequence[h11.Event] = (request, h11.Data(data=body), h11.EndOfMessage())
    return b"".join(http.send(event) or b"" for event in events)
