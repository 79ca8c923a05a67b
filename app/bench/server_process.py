"""This server, as a person starts it: `python -m app serve` in a process of its own, on a free port."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from app.bench.child_process import ChildProcess
from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.event_stream import printable
from app.bench.results import Startup
from app.settings import Settings

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_PATIENCE = 300.0  # seconds until a model that lies on the disk has to be ready
_LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class RunningServer:
    child: ChildProcess
    endpoint: Endpoint
    startup: Startup

    def memory(self) -> int:
        return self.child.memory()


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[RunningServer]:
    """Ready to answer; stopped when the block is left, however it is left."""
    started = time.perf_counter()
    async with ChildProcess("app", "serve", *_arguments(settings)) as child:
        url = await _address(child)
        async with Endpoint(url, "this server") as endpoint:
            await endpoint.request("GET", "/")
            first_page = time.perf_counter() - started
            await _ready(child, url)
            ready = time.perf_counter() - started
            await endpoint.introduce()
            yield RunningServer(child, endpoint, Startup(first_page, ready))


def _arguments(settings: Settings) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", "0", "--model", settings.model, "--engine", settings.engine]
    options += ["--device", settings.device, "--dtype", settings.dtype]
    return [*options, "--exact"] if settings.exact else options


async def _address(child: ChildProcess) -> str:
    """The address that the child prints once it listens. Raises ServerFailed where none comes in time."""
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        if found := _ADDRESS.search(child.output()):
            return found[0]
        if child.ended:
            raise ServerFailed(f"this server did not start: {child.last_words()}")
        await asyncio.sleep(_LOOK_EVERY)
    raise ServerFailed(f"this server did not listen within {_PATIENCE:g} seconds")


async def _ready(child: ChildProcess, url: str) -> None:
    end = time.perf_counter() + _PATIENCE
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
        while time.perf_counter() < end:
            if child.ended:
                raise ServerFailed(f"this server ended while it loaded: {child.last_words()}")
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
                error = (await client.get("/api/models")).json()["error"]
            except httpx.HTTPError:
                error = None  # it may just be ending; the next look tells
            if error:
                raise ServerFailed(f"this server could not load its model: {printable(error['message'])}")
            await asyncio.sleep(_LOOK_EVERY)
    raise ServerFailed(f"this server was not ready within {_PATIENCE:g} seconds")
