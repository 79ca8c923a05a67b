"""Foreign names, foreign sites, foreign files, foreign servers. Promises 22, 23, 31, 32, 34, 35 and 36."""

import contextlib
import random
import re
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from packaging.version import Version

from app.paths import ROOT
from tests.kit.program import program
from tests.kit.rounds import rounds, within
from tests.live import exchange, post, status_of

SECRETS = (b"create_app", b"root:", b"[project]", b"PRIVATE KEY")


def get(target: str, *headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", *headers, "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@pytest.mark.parametrize("path", ["/livez", "/", "/static/js/base/dice.js", "/api/class", "/metrics"])
@pytest.mark.parametrize(
    ("target", "headers", "allowed"),
    [
        ("{}", ["Host: localhost"], True),
        ("{}", ["Host: LOCALHOST:8000"], True),
        ("{}", ["Host: [::1]:8000"], True),
        ("{}", ["Host: evil.example"], False),
        ("{}", ["Host: testserver"], False),
        ("{}", ["Host: "], False),
        ("{}", [], False),
        ("{}", ["Host: localhost", "Host: evil.example"], False),
        ("{}", ["Host: localhost."], False),
        ("{}", ["Host: 127.0.0.1.evil"], False),
        ("http://evil.example{}", ["Host: evil.example"], False),
        ("http://evil.example{}", ["Host: localhost"], False),
    ],
)
def test_only_this_servers_names_open_the_door(port: int, path: str, target: str, headers, allowed: bool):
    status = status_of(exchange(port, get(target.format(path), *headers)))
    assert status == 200 if allowed else 400 <= status < 500


def test_a_websocket_is_never_opened(port: int):
    upgrade = [
        "Host: localhost",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: eA==",
    ]
    reply = exchange(port, get("/api/completions", *upgrade))
    assert status_of(reply) in (400, 404, 405)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_site_neither_generates_nor_reads(port: int, engine, origin: str):
    before = engine.stats()
    reply = exchange(port, post("/api/completions", b'{"prompt": "Once"}', f"Origin: {origin}"))
    assert status_of(reply) == 403
    read = exchange(port, get("/api/models", "Host: 127.0.0.1", f"Origin: {origin}"))
    assert b"access-control" not in (reply + read).lower()
    assert engine.stats().tokens_total == before.tokens_total
    assert engine.stats().accepted == before.accepted


def traversals(count: int) -> list[str]:
    chance = random.Random(3)
    up = [
        "../",
        "..%2f",
        "%2e%2e/",
        "%2e%2e%2f",
        "..\\",
        "..%5c",
        "..%c0%af",
        "%252e%252e%252f",
        "....//",
        "..;/",
        ".%00./",
        "//",
    ]
    ends = [
        "etc/passwd",
        "pyproject.toml",
        "app/main.py",
        "windows/win.ini",
        "%00",
        "proc/self/environ",
        "C:/",
        "a" * 5000,
    ]
    starts = [
        "/static/",
        "/static/js/",
        "/",
        "/api/vocabulary/",
        "/api/experiments/",
        "/v1/",
        "/static/vendor/",
        "/tokenizer/",
    ]
    made = [
        chance.choice(starts) + chance.choice(up) * chance.randrange(1, 9) + chance.choice(ends)
        for _ in range(count)
    ]
    return [*made, "/static/" + quote("/etc/passwd", safe=""), "/static/C:\\pyproject.toml", "//etc/passwd"]


def test_no_file_can_be_read_by_any_way_up(port: int):
    for path in traversals(rounds(150, 500)):
        reply = exchange(port, get(path, "Host: localhost"))
        assert status_of(reply) in (307, 400, 404, 405, 422), path  # 307: without its last slash
        assert not any(secret in reply for secret in SECRETS), path


@pytest.mark.parametrize(
    ("how", "promised"),
    [
        ("Content-Length: 100000000", 2e6),
        ("Transfer-Encoding: chunked", 6e6),  # says no length, so it is read as far as 1.5 MiB first
    ],
)
def test_a_hundred_megabytes_are_not_taken_in(tmp_path: Path, how: str, promised: float, figure):
    megabyte = b"a" * 1_000_000
    piece = b"f4240\r\n" + megabyte + b"\r\n" if "chunked" in how else megabyte
    head = f"POST /api/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{how}\r\n\r\n"
    with program(tmp_path) as server:  # of its own: the sender holds a megabyte or two as well
        assert status_of(exchange(server.port, post("/api/next-token", b'{"prompt": "Once"}'))) == 200
        before = most = server.memory()
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head.encode())
            with contextlib.suppress(ConnectionError):  # it may be closed long before the end
                for _ in range(100):
                    connection.sendall(piece)
                    most = max(most, server.memory())
            with contextlib.suppress(ConnectionError):
                assert status_of(connection.recv(65536)) == 413
        most = max(most, server.memory())
    figure(f"a hundred megabytes ({how}): {(most - before) / 1e6:.1f} MB more at the most")
    assert most - before < within(10e6, promised)


def test_nothing_a_request_says_makes_the_server_call_anybody(tmp_path: Path):
    """An audit hook sees every connection this process opens; a listener sees whether anybody came."""
    script = """
import socket, sys, threading
from app.engine.fake import FakeEngine
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.site import OneModel, browse
opened = []
sys.addaudithook(lambda name, args: opened.append(args[1]) if name in ("socket.connect", "socket.sendto") else None)
listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
engine = FakeEngine(ByteTokenizer(), slots=4)
with browse(create_app(Settings(engine="fake"), OneModel(engine))) as client:
    opened.clear()
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for field in ("prompt", "text", "model", "name", "encoding", "url", "upstream", "image_url"):
            body = {"prompt": url, "max_tokens": 1} | {field: url}
            if "post" in methods:
                client.post(path, json=body, headers={"X-Forwarded-Host": url, "Forwarded": f"host={url}"})
            client.get(path.replace("{encoding}", url), params={"url": url})
print([each for each in opened if each[:1] != ("192.0.2.1",)])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def test_no_code_of_a_model_is_ever_run():
    for path in (ROOT / "app").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "trust_remote_code=True" not in source, path
        assert not re.search(r"torch\.load\(|pickle\.load|(?<!\.)\b(eval|exec)\(", source), path


@pytest.mark.parametrize(
    ("package", "floor"),
    [("starlette", "1.0.1"), ("h11", "0.16"), ("tiktoken", "0.13"), ("fastapi", "0.163")],
)
def test_no_dependency_is_older_than_its_last_known_hole(package: str, floor: str):
    assert Version(version(package)) >= Version(floor)
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf'"{package}>=([\d.]+)"', declared)
    assert found and Version(found[1]) >= Version(floor)


def test_the_documentation_needs_no_other_server(http: httpx.Client):
    assert http.get("/docs").status_code == http.get("/redoc").status_code == 404
