"""A proxy between browser and site that knows event streams: it cuts them at a given event, or holds them back.

In threads, since Playwright's synchronous interface keeps the event loop to itself.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

_CHUNKS_END = b"0\r\n\r\n"


@dataclass
class Faults:
    """What the proxy does to event streams; may change while it runs."""

    cut_at: bytes = b""  # the connection breaks before these bytes ...
    cut_count: int = 1  # ... when they come for this many'th time
    hold: bool = False  # a stream is passed on when it is whole
    cuts: int = 0


@contextlib.contextmanager
def proxy(port: int, faults: Faults) -> Iterator[int]:
    """The port on which the server at `port` is to be had with these faults."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, port, faults), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket, port: int, faults: Faults) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # the test is over
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            _break(client)  # nobody is there
            continue
        threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
        threading.Thread(target=_answer, args=(server, client, faults), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _break(source, target)


def _answer(server: socket.socket, client: socket.socket, faults: Faults) -> None:
    stream = b""  # of the event stream under way
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            if stream or b"text/event-stream" in data:
                passed = len(stream)
                stream += data
                if faults.cut_at and stream.count(faults.cut_at) >= faults.cut_count:
                    faults.cuts += 1
                    client.sendall(stream[passed : stream.rindex(faults.cut_at)])
                    time.sleep(0.3)  # a browser drops what it has not read when the line breaks
                    break
                whole = stream.endswith(_CHUNKS_END)
                if faults.hold:
                    data = stream if whole else b""
                if whole:
                    stream = b""
            client.sendall(data)
    _break(client, server)


def _break(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
