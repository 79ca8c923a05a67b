"""uvicorn with deadlines and a goodbye: slow connections are closed, readers are told why the server ends.

Where the engine is dead it ends by itself, so that a supervisor starts the program again.
"""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any, cast

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.errors import EngineDead, PlaygroundError, ShuttingDown
from app.routes.admission import Admission
from app.routes.site import site_of

REQUEST_SECONDS = 15.0  # from a connection's first byte to the last one of its request
STALL_SECONDS = 25.0  # a reader that takes nothing for this long is let go
_SEND_BUFFER = 131_072  # bytes the system keeps for a reader; by itself it takes megabytes
_FLUSH_SECONDS = 1.0  # for last words
_LOOK_SECONDS = 0.05
_DEAD_SECONDS = 3.0  # from the engine's death to the program's end, whatever else holds it up
_OPEN_FILES = 8192  # at once: a class of two hundred has four hundred connections
_AWAITED = (h11.IDLE, h11.SEND_BODY, h11.ERROR)  # states in which a request has not come whole


class Connection(H11Protocol):
    """One connection. uvicorn itself waits for ever: for a request's end, and for a reader that stalls."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if connection := transport.get_extra_info("socket"):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_request()

    def on_response_complete(self) -> None:
        """What came while this reply was under way may be half of the next request."""
        super().on_response_complete()
        if self.conn.trailing_data[0] or self.conn.their_state is h11.SEND_BODY:
            self._await_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_timers(stall=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers(request=True, stall=True)
        super().connection_lost(exc)

    def end_unless_idle(self) -> None:
        """Close the connection if its request has not come whole, or its reader does not read."""
        if self.cycle is not None and (self.cycle.more_body or self.flow.write_paused):
            self.transport.abort()

    def _await_request(self) -> None:
        if self.conn.their_state not in _AWAITED:
            self._cancel_timers(request=True)
        elif self._request_timer is None:
            self._request_timer = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _cancel_timers(self, *, request: bool = False, stall: bool = False) -> None:
        if request and self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None
        if stall and self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def config(site: FastAPI, log_level: str = "warning") -> uvicorn.Config:
    """h11, because its limits on headers can be set; no WebSockets, because there are none.

    X-Forwarded-For is believed only where a proxy was announced: where `public_address` is set.
    """
    return uvicorn.Config(
        site,
        http=Connection,
        ws="none",
        server_header=False,
        proxy_headers=bool(site_of(site).settings.public_address),
        access_log=False,
        log_config=None,
        log_level=log_level,
        timeout_graceful_shutdown=1,  # the goodbye has been said by then
    )


def allow_many_connections() -> None:
    """Each connection is an open file; many systems allow a program 256 or 1,024 until it asks for more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = _OPEN_FILES if hard == unlimited else min(hard, _OPEN_FILES)
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # then fewer it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Server(uvicorn.Server):
    """Stops in three steps: admits no request, waits for running streams, then ends the rest with an event.

    A dead engine stops it, too; `engine_dead` then says why.
    """

    def __init__(self, site: FastAPI, grace_seconds: float) -> None:
        super().__init__(config(site))
        self.engine_dead: EngineDead | None = None
        self._site = site
        self._grace_seconds = grace_seconds

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        allow_many_connections()
        super().run(sockets)

    async def on_tick(self, counter: int) -> bool:
        try:
            site_of(self._site).host.engine.check_alive()
        except EngineDead as error:
            self.engine_dead = error
            self.should_exit = True
            end = threading.Timer(_DEAD_SECONDS, os._exit, (1,))  # something may wait for the device
            end.daemon = True
            end.start()
        except PlaygroundError:
            pass  # it loads, or hangs and may come back
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, _: FrameType | None) -> None:
        """The first signal begins the goodbye, a second Ctrl-C ends it; either way the exit code is 0."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._say_goodbye()
        await super().shutdown(sockets)

    async def _say_goodbye(self) -> None:
        """While the server still listens, `/readyz` says that it is not ready."""
        if self.engine_dead is not None:
            await asyncio.sleep(_FLUSH_SECONDS)  # the engine has told its readers, and refuses new requests
        else:
            await self._until_served()
        for connection in list(self.server_state.connections):
            cast(Connection, connection).end_unless_idle()

    async def _until_served(self) -> None:
        site = site_of(self._site)
        admission = site.admission
        admission.close()
        await self._until_empty(admission, self._grace_seconds)
        if admission.held and not self.force_exit:
            await asyncio.to_thread(
                site.host.close, ShuttingDown("the server was stopped; what came is kept")
            )
            await self._until_empty(admission, _FLUSH_SECONDS)

    async def _until_empty(self, admission: Admission, seconds: float) -> None:
        end = time.monotonic() + seconds
        while admission.held and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(_LOOK_SECONDS)
