"""A completions server, ours or another's, as the bench speaks to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import h11
import httpx

from app.bench.event_stream import Stream, error_message, printable, read_stream
from app.bench.recording import Read, Recording, content

_KINDS = {"llamacpp": "llama-server", "vllm": "vLLM", "base-model-playground": "playground"}
_COMPLETIONS = "/v1/completions"
_SILENCE = 120.0  # seconds; a busy server may well be silent for a while
_KEEP_SECONDS = 2.0  # servers close what is idle for 5: a request sent at that moment would be lost


class ServerFailed(Exception):
    """A server did not do what was asked of it; the message is a sentence for people."""


@dataclass
class Endpoint:
    """One server under load. `kind` is what it says it is, `model` what it calls its model."""

    url: str
    label: str = ""  # for people; else its kind and address
    kind: str = ""
    model: str = ""
    context_length: int | None = None  # tokens; None where it does not say
    _http: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/").removesuffix("/v1")
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ServerFailed(f"{printable(self.url)} is no address; write http://127.0.0.1:8080")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=httpx.Timeout(_SILENCE, connect=5.0),
            limits=httpx.Limits(keepalive_expiry=_KEEP_SECONDS),
            trust_env=False,  # no proxy between the clock and the server
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def name(self) -> str:
        return self.label or f"{self.kind} {self.url}".strip()

    async def introduce(self) -> None:
        """Ask which model it serves."""
        try:
            reply = (await self.request("GET", "/v1/models")).json()
        except ValueError:
            reply = None
        models = reply.get("data") if isinstance(reply, dict) else None
        if not isinstance(models, list) or not models or not isinstance(models[0], dict):
            raise ServerFailed(f"{self.url} names no model at /v1/models")
        model = models[0]
        self.model = str(model.get("id", ""))
        self.kind = _KINDS.get(str(model.get("owned_by")), "another server")
        length = model.get("max_model_len")
        self.context_length = length if isinstance(length, int) else None

    async def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        """A whole reply, 200 or ServerFailed."""
        try:
            response = await self._http.request(method, path, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        if response.status_code != 200:
            raise self._refused(response.status_code, response.content)
        return response

    async def exchange(self, path: str, body: dict[str, Any], *, accept: str) -> tuple[float, bytes]:
        """Seconds from the question's first byte to the reply's last, and the reply."""
        reads: list[Read] = []
        async with self._recording(path, body, reads, accept) as recording:
            sent, pieces = await self._recorded(recording, reads)
        return reads[-1][0] - sent, b"".join(data for _, data in pieces)

    async def stream(self, body: dict[str, Any], reads: list[Read] | None = None) -> Stream:
        """One completion, streamed to its end. `reads` fills while it runs, for those who watch."""
        reads = [] if reads is None else reads
        async with self._recording(_COMPLETIONS, body, reads) as recording:
            return await self._streamed(recording, reads)

    async def streams(self, bodies: Sequence[dict[str, Any]]) -> list[Stream]:
        """Several at once: all are connected before the first asks. The first failure ends them all."""
        reads: list[list[Read]] = [[] for _ in bodies]
        try:
            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                recordings = [
                    await stack.enter_async_context(self._recording(_COMPLETIONS, body, each))
                    for body, each in zip(bodies, reads, strict=True)
                ]
                tasks = [
                    group.create_task(self._streamed(recording, each))
                    for recording, each in zip(recordings, reads, strict=True)
                ]
        except* ServerFailed as failures:
            raise ServerFailed(str(failures.exceptions[0])) from None
        return [task.result() for task in tasks]

    @asynccontextmanager
    async def _recording(
        self, path: str, body: dict[str, Any], reads: list[Read], accept: str = "*/*"
    ) -> AsyncIterator[Recording]:
        """Connected, and closed when the block is left."""
        recording = Recording(f"{self.url}{path}", body, reads, accept=accept)
        try:
            await recording.connect()
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            yield recording
        finally:
            recording.close()

    async def _recorded(self, recording: Recording, reads: list[Read]) -> tuple[float, list[Read]]:
        """When it was sent, and the body of a reply of status 200."""
        sent = time.perf_counter()
        try:
            await recording.run(_SILENCE)
            status, pieces = content(reads)
        except (OSError, h11.RemoteProtocolError) as error:
            raise self._unreachable(error) from error
        if status == 0:
            raise ServerFailed(f"{self.name} went away without a word")
        if status != 200:
            raise self._refused(status, b"".join(data for _, data in pieces))
        return sent, pieces

    async def _streamed(self, recording: Recording, reads: list[Read]) -> Stream:
        sent, pieces = await self._recorded(recording, reads)
        stream = read_stream(sent, pieces)
        if stream.error:
            raise ServerFailed(f"{self.name} broke a stream off: {stream.error}")
        if not stream.complete:
            raise ServerFailed(f"{self.name} cut a stream off after {stream.tokens} tokens")
        if not stream.arrivals:
            raise ServerFailed(f"{self.name} ended a stream without a token")
        return stream

    def _unreachable(self, error: Exception) -> ServerFailed:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | ConnectionRefusedError):
            return ServerFailed(f"{self.name} does not answer; is it running?")
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return ServerFailed(f"{self.name} was silent for {_SILENCE:g} seconds")
        return ServerFailed(f"{self.name} went away: {printable(str(error)) or type(error).__name__}")

    def _refused(self, status: int, reply: bytes) -> ServerFailed:
        try:
            message = error_message(httpx.Response(status, content=reply).json())
        except (ValueError, UnicodeDecodeError):
            message = printable(reply[:200].decode(errors="replace"))
        return ServerFailed(f"{self.name} answered {status}: {message or 'nothing'}")
