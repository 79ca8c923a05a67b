"""One student: asks over a socket of its own and reads what comes, with the time of everything."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TERMINAL = ("done", "error")


@dataclass(frozen=True, slots=True)
class Heard:
    """One server-sent event."""

    at: float
    name: str
    data: Any


@dataclass(slots=True)
class Reply:
    """`ended` is whether the reply was whole: a stream that was cut off is not."""

    sent: float
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    headed: float = 0.0
    body: bytearray = field(default_factory=bytearray)
    events: list[Heard] = field(default_factory=list)
    ended: bool = False

    @property
    def seconds(self) -> float:
        """Until the server's first word."""
        return self.headed - self.sent

    @property
    def terminal(self) -> list[str]:
        return [event.name for event in self.events if event.name in TERMINAL]

    @property
    def tokens(self) -> list[int]:
        return [event.data["id"] for event in self.events if event.name == "token"]

    @property
    def first_token(self) -> float:
        return next(event.at for event in self.events if event.name == "token") - self.sent

    @property
    def error(self) -> dict[str, Any]:
        streamed = [event.data for event in self.events if event.name == "error"]
        return streamed[0] if streamed else json.loads(self.body)["error"]

    def feed(self, data: bytes) -> None:
        self.body += data
        if not self.headers.get("content-type", "").startswith("text/event-stream"):
            return
        while (end := self.body.find(b"\n\n")) >= 0:
            block, self.body = self.body[:end].decode(), self.body[end + 2 :]
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if fields:
                data_text = fields["data"]
                whole = data_text if data_text == "[DONE]" else json.loads(data_text)
                self.events.append(Heard(time.monotonic(), fields.get("event", "message"), whole))


def request_bytes(
    path: str, body: Any = None, headers: Mapping[str, str] | None = None, host: str = "127.0.0.1"
) -> bytes:
    payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    own = {"Host": host, "Connection": "close"}
    if body is not None:
        own |= {"Content-Type": "application/json", "Content-Length": str(len(payload))}
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (own | dict(headers or {})).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload


async def ask(
    port: int,
    path: str,
    body: Any = None,
    *,
    client: str = "",
    headers: Mapping[str, str] | None = None,
    leave: Callable[[Reply], bool] = lambda _: False,
    seconds: float = 60.0,
) -> Reply:
    """The reply, or what had come of it when the connection ended or `leave` said so."""
    own = {"X-Client": client} if client else {}
    request = request_bytes(path, body, own | dict(headers or {}))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    reply = Reply(time.monotonic())
    try:
        async with asyncio.timeout(seconds):
            writer.write(request)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await _read(reader, reply, leave)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return reply


async def _read(reader: asyncio.StreamReader, reply: Reply, leave: Callable[[Reply], bool]) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    reply.headed = time.monotonic()
    reply.status = int(head[0].split(" ")[1])
    reply.headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
    }
    if reply.headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            reply.feed((await reader.readexactly(size + 2))[:-2])
            if leave(reply):
                return
    else:
        reply.feed(await reader.readexactly(int(reply.headers.get("content-length", 0))))
    reply.ended = True
