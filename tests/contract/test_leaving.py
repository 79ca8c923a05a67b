"""A reader who goes away stops the work: nothing runs for nobody."""

import json
import socket
import struct
import time

import pytest

from app.engine.fake import FakeEngine
from app import server
from tests.live import post, wait_until


@pytest.fixture(scope="module")
def ms_per_token() -> float:
    return 20.0  # long enough to leave in the middle


ENDLESS = {"prompt": "Once", "max_tokens": 1000, "ignore_eos": True}
REQUESTS = {
    "stream": ("/api/completions", ENDLESS),
    "openai, whole": ("/v1/completions", ENDLESS),
    "openai, stream": ("/v1/completions", ENDLESS | {"stream": True}),
    "openai, three prompts": ("/v1/completions", ENDLESS | {"prompt": ["Once", "The", "My"], "stream": True}),
}


def connect(port: int, path: str, body: dict) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(post(path, json.dumps(body).encode()))
    return connection


def abort(connection: socket.socket) -> None:
    """Close with a reset, as a killed browser does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def idle(engine: FakeEngine) -> bool:
    stats = engine.stats()
    return stats.running == stats.waiting == 0


@pytest.mark.parametrize("leave", [socket.socket.close, abort])
@pytest.mark.parametrize("kind", REQUESTS)
def test_closing_the_tab_frees_the_place_within_half_a_second(port, engine, kind, leave):
    for _ in range(3):
        before = engine.stats()
        connection = connect(port, *REQUESTS[kind])
        wait_until(lambda begun=before.tokens_total + 2: engine.stats().tokens_total > begun)
        leave(connection)
        wait_until(lambda: idle(engine), 0.5)
        stopped = engine.stats()
        assert stopped.requests["cancelled"] > before.requests["cancelled"]
        assert stopped.requests["finished"] == before.requests["finished"]
        time.sleep(0.1)
        assert engine.stats().tokens_total == stopped.tokens_total


def test_those_who_left_the_queue_never_generate(port, engine):
    running = [connect(port, "/api/completions", ENDLESS) for _ in range(4)]
    wait_until(lambda: engine.stats().running == 4)
    cancelled = engine.stats().requests["cancelled"]
    waiting = [connect(port, "/api/completions", ENDLESS) for _ in range(10)]
    wait_until(lambda: engine.stats().waiting == 10)
    for connection in waiting:
        connection.close()
    wait_until(lambda: engine.stats().waiting == 0, 1)
    assert engine.stats().requests["cancelled"] == cancelled + 10
    assert engine.stats().running == 4
    for connection in running:
        connection.close()
    wait_until(lambda: idle(engine), 1)


def test_a_reader_that_leaves_does_not_disturb_the_others(port, engine, http):
    leaver = connect(port, "/api/completions", ENDLESS)
    wait_until(lambda: engine.stats().running == 1)
    with http.stream("POST", "/api/completions", json={"prompt": "The", "max_tokens": 20}) as reply:
        lines = reply.iter_lines()
        next(lines)
        leaver.close()
        assert "event: done" in list(lines)
    wait_until(lambda: idle(engine), 1)


def test_a_reader_that_stalls_loses_its_place_and_no_one_else_notices(port, engine, http, monkeypatch):
    monkeypatch.setattr(server, "STALL_SECONDS", 0.5)
    wordy = ENDLESS | {"logprobs": 50, "n": 4, "max_tokens": 1000}
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    stalled.connect(("127.0.0.1", port))
    before = engine.stats()
    stalled.sendall(post("/api/completions", json.dumps(wordy).encode()))
    wait_until(lambda: engine.stats().running == 1)
    wait_until(lambda: idle(engine), 15)
    assert engine.stats().requests["cancelled"] == before.requests["cancelled"] + 1
    assert engine.stats().requests["finished"] == before.requests["finished"]
    assert http.post("/api/next-token", json={"prompt": "Once", "top": 1}).status_code == 200
    stalled.close()


@pytest.mark.parametrize("body", [{}, {"stream": True}, {"prompt": ["Once"] * 3, "stream": True}])
def test_a_slow_generation_is_not_a_stalled_reader(port, engine, http, monkeypatch, body):
    monkeypatch.setattr(server, "STALL_SECONDS", 0.05)
    path = "/v1/completions" if body else "/api/completions"
    reply = http.post(path, json={"prompt": "Once", "max_tokens": 20} | body)
    assert reply.status_code == 200
    assert "stalled" not in reply.text
    assert ("event: done" in reply.text) or ("[DONE]" in reply.text)
