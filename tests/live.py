"""The site on a real socket, in a thread of this process."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from app.server import config


@contextlib.contextmanager
def serve(app: FastAPI) -> Iterator[int]:
    """The port a running server listens on."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # else asyncio leaves TCP_NODELAY off
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def wait_until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def exchange(port: int, request: bytes, seconds: float = 10.0) -> bytes:
    """Send these very bytes and read until the server closes or nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def post(path: str, body: bytes, *headers: str, host: str = "127.0.0.1") -> bytes:
    """The bytes of a POST request that asks for the connection to be closed."""
    lines = [
        f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])
