"""Sockets without manners: half a request, a reader that never reads, a tab that is killed."""

import socket
import struct

from tests.kit.stream import request_bytes


def connect(port: int, data: bytes, receive_buffer: int | None = None) -> socket.socket:
    """An open connection on which these very bytes were sent. A small buffer is a reader that stalls soon."""
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    connection.sendall(data)
    return connection


def half_head(port: int) -> socket.socket:
    return connect(port, b"POST /api/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:")


def half_body(port: int) -> socket.socket:
    whole = request_bytes("/api/completions", {"prompt": "Once upon a time"})
    return connect(port, whole[:-5])


def abort(connection: socket.socket) -> None:
    """Close with a reset, as a killed browser does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has let go of it; reads away what still lies there."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            continue
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
