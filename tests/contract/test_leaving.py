"""A reader who goes away stops the work: nothing runs for nobody."""

import json
import socket
import time

import pytest
from anyio import BrokenResourceError

from app import server
from app.engine.fake import FakeEngine
from app.engine.serving.threaded_engine import MAX_UNREAD
from app.routes.errors import UnexpectedErrors
from tests.kit import raw
from tests.kit.raw import abort
from tests.kit.rounds import rounds
from tests.kit.stream import request_bytes
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


def idle(engine: FakeEngine) -> bool:
    stats = engine.stats()
    return stats.running == stats.waiting == 0


@pytest.mark.parametrize("leave", [socket.socket.close, abort])
@pytest.mark.parametrize("kind", REQUESTS)
def test_closing_the_tab_frees_the_place_within_half_a_second(port, engine, kind, leave, figure):
    slowest = 0.0
    for _ in range(rounds(3, 25)):  # 8 ways of leaving: 200 times
        before = engine.stats()
        connection = connect(port, *REQUESTS[kind])
        wait_until(lambda begun=before.tokens_total + 2: engine.stats().tokens_total > begun)
        leave(connection)
        left = time.monotonic()
        wait_until(lambda: idle(engine), 2)
        slowest = max(slowest, time.monotonic() - left)
        stopped = engine.stats()
        assert stopped.requests["cancelled"] > before.requests["cancelled"]
        assert stopped.requests["finished"] == before.requests["finished"]
        time.sleep(0.1)
        assert engine.stats().tokens_total == stopped.tokens_total
    figure(f"leaving {kind} by {leave.__name__}: place free within {slowest * 1000:.0f} ms at worst")


def test_those_who_left_the_queue_never_generate(port, engine):
    running = [connect(port, "/api/completions", ENDLESS) for _ in range(4)]
    wait_until(lambda: engine.stats().running == 4)
    cancelled = engine.stats().requests["cancelled"]
    many = rounds(10, 50)
    waiting = [connect(port, "/api/completions", ENDLESS) for _ in range(many)]
    wait_until(lambda: engine.stats().waiting == many)
    for connection in waiting:
        connection.close()
    wait_until(lambda: engine.stats().waiting == 0, 1)
    assert engine.stats().requests["cancelled"] == cancelled + many
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


async def test_an_event_that_finds_no_reader_any_more_is_no_error(capfd):
    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ExceptionGroup("unhandled errors in a TaskGroup", [BrokenResourceError()])

    async def send(message):
        return None

    await UnexpectedErrors(stream)({"type": "http"}, None, send)
    assert "unexpected_error" not in "".join(capfd.readouterr())


WORDY = ENDLESS | {"logprobs": 50, "n": 4}


def test_a_reader_that_stalls_loses_its_place(port, engine, http, monkeypatch):
    monkeypatch.setattr(server, "STALL_SECONDS", 0.5)
    before = engine.stats()
    stalled = raw.connect(port, post("/api/completions", json.dumps(WORDY).encode()), receive_buffer=2048)
    wait_until(lambda: engine.stats().running == 1)
    wait_until(lambda: idle(engine), 15)
    assert engine.stats().requests["cancelled"] == before.requests["cancelled"] + 1
    assert engine.stats().requests["finished"] == before.requests["finished"]
    assert http.post("/api/next-token", json={"prompt": "Once", "top": 1}).status_code == 200
    wait_until(lambda: raw.is_closed(stalled), 5)  # what the system had kept for it comes first
    stalled.close()


def test_of_a_reader_far_behind_few_events_wait_and_the_rest_comes_when_it_reads_again(port, engine):
    """The one who stalls holds its slots and writes nothing; a late reader still gets every token."""
    body = json.dumps(WORDY | {"max_tokens": 150}).encode()
    stalled = raw.connect(port, post("/api/completions", body), receive_buffer=2048)
    wait_until(lambda: engine.stats().running == 1)
    unread = most = 0
    for _ in range(1000):
        (mailbox,) = engine._open.values()
        most = max(most, mailbox.unread)
        steps, written = engine.stats().steps_total, engine.stats().tokens_total
        if most > MAX_UNREAD - 8 and mailbox.unread == unread:
            break
        unread = mailbox.unread
        time.sleep(0.05)
    assert MAX_UNREAD - 8 < most <= MAX_UNREAD
    time.sleep(0.3)
    assert engine.stats().tokens_total == written and engine.stats().steps_total > steps
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
    received = b"".join(iter(lambda: stalled.recv(65536), b""))
    assert received.count(b"event: token") == 4 * 150
    assert received.count(b"event: done") == 1
    stalled.close()


def test_a_request_that_never_ends_is_let_go(port, http, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    slow = [raw.half_head(port), raw.half_body(port), raw.connect(port, b"")]
    wait_until(lambda: all(map(raw.is_closed, slow)), 5)
    for each in slow:
        each.close()
    assert http.get("/livez").status_code == 200


ALIVE = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALVES = {
    "head": b"POST /api/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:",
    "body": request_bytes("/api/completions", {"prompt": "Once upon a time"})[:-5],
}


def read_replies(connection: socket.socket, count: int) -> None:
    received = b""
    while received.count(b'{"status":"alive"}') < count:
        came = connection.recv(65536)
        assert came, "closed before every reply was there"
        received += came
    assert received.count(b"HTTP/1.1 200 OK") == count


@pytest.mark.parametrize("ahead", [False, True], ids=["after the reply", "ahead of it"])
@pytest.mark.parametrize("half", HALVES)
def test_half_of_a_second_request_is_let_go_too(port, monkeypatch, half, ahead):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    connection = raw.connect(port, ALIVE + HALVES[half] if ahead else ALIVE)
    read_replies(connection, 1)
    if not ahead:
        connection.sendall(HALVES[half])
    wait_until(lambda: raw.is_closed(connection), 3)
    connection.close()


def test_a_kept_connection_outlives_its_requests_and_those_sent_ahead_are_answered(port, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.3)
    connection = raw.connect(port, ALIVE * 3 + ALIVE[:20])
    read_replies(connection, 3)
    connection.sendall(ALIVE[20:])
    read_replies(connection, 1)
    time.sleep(0.6)
    connection.sendall(ALIVE)
    read_replies(connection, 1)
    connection.close()


@pytest.mark.parametrize("body", [{}, {"stream": True}, {"prompt": ["Once"] * 3, "stream": True}])
def test_a_slow_generation_is_not_a_stalled_reader(port, engine, http, monkeypatch, body):
    monkeypatch.setattr(server, "STALL_SECONDS", 0.05)
    path = "/v1/completions" if body else "/api/completions"
    reply = http.post(path, json={"prompt": "Once", "max_tokens": 20} | body)
    assert reply.status_code == 200
    assert "stalled" not in reply.text
    assert ("event: done" in reply.text) or ("[DONE]" in reply.text)
