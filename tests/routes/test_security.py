import base64
import hashlib
import re
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from app import terminal
from app.main import create_app
from app.network import bracketed, local_names
from app.routes.security import Guard, allowed_hosts
from app.settings import Settings
from tests.site import OneModel, browse

QUESTION = {"prompt": "Once", "top": 1}
THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks, on which this machine has a name."""
    monkeypatch.setattr("app.network.lan_addresses", lambda: ["192.168.1.20", "10.0.0.20"])
    monkeypatch.setattr("socket.gethostname", lambda: "Desk-7.class.school")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/api/models", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nothing", 404),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/static/js/base/dice.js", 200),
        ("PUT", "/api/score", 405),
        ("POST", "/api/score", 422),
    ],
)
def test_every_response_is_locked_down(client: TestClient, method: str, path: str, status: int):
    reply = client.request(method, path)
    assert reply.status_code == status
    assert_locked_down(reply)


def assert_locked_down(reply) -> None:
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", policy["script-src"])
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_an_unexpected_error_tells_nothing_and_is_logged_without_its_message(
    client, fake_engine, monkeypatch, capfd
):
    async def broken(*_, **__):
        raise RuntimeError("a person's text")

    monkeypatch.setattr(fake_engine, "score", broken)
    reply = client.post("/api/score", json={"prompt": "x"})
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal"
    assert_locked_down(reply)
    written = reply.text + capfd.readouterr().err
    assert '"kind": "RuntimeError"' in written
    assert "a person's text" not in written and "Traceback" not in written


def test_the_one_inline_script_is_the_import_map(client: TestClient):
    page = client.get("/")
    if page.status_code != 200:
        pytest.skip("there is no page yet")
    inline = re.findall(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", page.text, re.S
    )
    digests = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline}
    assert len(digests) == 1
    assert f"'sha256-{digests.pop()}'" in page.headers["content-security-policy"]
    assert " style=" not in page.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LOCALHOST:8000", 200), ("127.0.0.1:8000", 200), ("[::1]:8000", 200), ("[::1]", 200),
        ("evil.example", 400), ("", 400), ("localhost.", 400), ("127.0.0.1.evil", 400), ("localhost:x", 400),
        ("evil@localhost", 400), ("localhost, evil.example", 400), ("localhost:8000:9000", 400), ("::1", 400),
        ("192.168.1.5", 400), ("testserver", 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/livez", "/static/js/base/dice.js", "/api/models"])
def test_only_known_host_names_are_answered(client: TestClient, path: str, host: str, status: int):
    reply = client.get(path, headers={"Host": host})
    assert reply.status_code == status
    if status == 400:
        assert reply.json()["error"]["code"] == "wrong_host"
        assert "evil" not in reply.text


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (Settings(), set()),
        (Settings(host="192.168.7.7"), {"192.168.7.7"}),
        (Settings(host="fe80::1"), {"[fe80::1]"}),
        (Settings(host="Desk.School"), {"desk.school"}),
        (Settings(host="0.0.0.0"), {"192.168.1.20", "10.0.0.20", "desk-7.local"}),
        (Settings(host="::"), {"192.168.1.20", "10.0.0.20", "desk-7.local"}),
        (Settings(public_address="http://class.school:8080"), {"class.school"}),
        (
            Settings(host="192.168.7.7", public_address="https://class.school"),
            {"192.168.7.7", "class.school"},
        ),
        (
            Settings(host="0.0.0.0", public_address="http://[fe80::2]"),
            {"192.168.1.20", "10.0.0.20", "desk-7.local", "[fe80::2]"},
        ),
    ],
)
def test_the_names_let_in_are_those_that_are_printed_and_listed(settings: Settings, named, network, capsys):
    with browse(create_app(settings, OneModel(None))) as client:
        headers = {"X-Teacher": client.app.state.site.teacher.secret}
        listed = client.get("/api/status", headers=headers).json()["addresses"]
    terminal.announce(settings, "secret")
    out = capsys.readouterr().out
    for_students = re.findall(r"Students open  (\S+)", out)
    assert allowed_hosts(settings) == named | THIS_MACHINE
    assert allowed_hosts(settings) == hosts_of(re.findall(r"http\S+", out)) | THIS_MACHINE
    assert for_students in (listed, [])
    assert hosts_of(listed) <= allowed_hosts(settings)


def hosts_of(addresses: list[str]) -> set[str]:
    return {bracketed(urlsplit(address).hostname) for address in addresses}


def test_a_name_of_this_machine_that_was_not_printed_is_refused(network, fake_engine):
    with browse(create_app(Settings(host="0.0.0.0"), OneModel(fake_engine))) as client:
        for host, status in (("desk-7.local:8000", 200), ("desk-7", 400), ("desk-7.class.school", 400)):
            assert client.get("/livez", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("name", ["localhost", "", "..", "a b", "\u5f20\u4e09"])
def test_a_machine_without_a_name_of_its_own_is_called_by_none(monkeypatch, name: str):
    monkeypatch.setattr("socket.gethostname", lambda: name)
    assert local_names() == []


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://localhost:9000"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://["}, False),
    ],
)
def test_other_sites_cannot_post_here(client: TestClient, headers: dict, allowed: bool):
    reply = client.post("/api/next-token", json=QUESTION, headers=headers)
    assert reply.status_code == (200 if allowed else 403)
    if not allowed:
        assert reply.json()["error"]["code"] == "cross_origin"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://class.school", 200),
        ("https://class.school", 403),
        ("http://evil.example", 403),
        ("null", 403),
    ],
)
def test_pages_behind_a_proxy_may_post_though_it_passes_another_host_name_on(fake_engine, origin, status):
    settings = Settings(engine="fake", public_address="http://class.school")
    with browse(create_app(settings, OneModel(fake_engine))) as client:
        headers = {"Origin": origin, "Host": "127.0.0.1:8000"}
        assert client.post("/api/next-token", json=QUESTION, headers=headers).status_code == status
        assert client.get("/livez", headers={"Host": "class.school"}).status_code == 200
        assert client.get("/livez", headers={"Host": "class.school.evil"}).status_code == 400


def test_a_preflight_is_not_answered(client: TestClient):
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    reply = client.options("/api/next-token", headers=headers)
    assert reply.status_code == 405
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_no_get_generates(client: TestClient, fake_engine, site: FastAPI):
    for path in (
        "/",
        "/playground",
        "/sampling",
        "/tokenizer",
        "/api/models",
        "/v1/models",
        "/metrics",
        "/readyz",
    ):
        client.get(path)
    assert fake_engine.stats().tokens_total == 0
    assert sum(fake_engine.stats().requests.values()) == 0


def test_scripts_and_styles_are_asked_for_again_by_etag(client: TestClient):
    first = client.get("/static/js/base/dice.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/static/js/base/dice.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_a_stream_is_never_compressed_and_a_script_is(client: TestClient):
    headers = {"Accept-Encoding": "gzip"}
    assert client.get("/static/js/base/dice.js", headers=headers).headers["content-encoding"] == "gzip"
    body = {"prompt": "Once", "max_tokens": 200}
    stream = client.post("/api/completions", json=body, headers=headers)
    assert "content-encoding" not in stream.headers
    assert stream.headers["x-accel-buffering"] == "no"


def test_a_client_names_itself_in_few_words(client: TestClient):
    body = {"prompt": "Once", "max_tokens": 1}
    assert client.post("/api/completions", json=body, headers={"X-Client": "a" * 64}).status_code == 200
    reply = client.post("/api/completions", json=body, headers={"X-Client": "a" * 65})
    assert reply.status_code == 422
    assert "64 characters" in reply.json()["error"]["message"]


def test_the_site_starts_without_a_model():
    with browse(create_app(Settings(), OneModel(None))) as client:
        assert client.get("/api/models").json()["state"] == "loading"
        assert client.get("/v1/models").status_code == 503


@pytest.mark.parametrize(
    ("letters", "refused"),
    [
        ((33_000, 0, 0), True),
        ((0, 33_000, 0), True),
        ((0, 0, 33_000), True),
        ((11_000, 11_000, 11_000), True),
        ((10_000, 10_000, 10_000), False),
    ],
)
def test_address_question_and_headers_have_32_kib_together(client: TestClient, letters, refused: bool):
    path, query, header = ("a" * count for count in letters)
    status = client.get(f"/{path}?{query}", headers={"X-Word": header}).status_code
    assert (status == 431) is refused


def test_a_request_has_100_headers_at_most(client: TestClient):
    usual = len(client.get("/livez").request.headers)
    for count, status in ((100, 200), (101, 431)):
        headers = {f"X-{number}": "" for number in range(count - usual)}
        assert client.get("/livez", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("length", "status"),
    [("many", 422), ("-5", 422), ("9" * 30, 422), ("²", 422), ("9" * 20, 422), ("9" * 19, 413)],
)
def test_a_length_that_is_no_number_is_no_fault_of_ours(client: TestClient, length: str, status: int):
    headers = {"Content-Length": length.encode("latin-1"), "Content-Type": "application/json"}
    assert client.post("/api/score", content=b"{}", headers=headers).status_code == status


def test_a_body_has_a_mebibyte_and_a_half(client: TestClient):
    for length, status in ((3 * 2**19, 422), (3 * 2**19 + 1, 413)):
        headers = {"Content-Type": "application/json"}
        assert client.post("/api/score", content=b" " * length, headers=headers).status_code == status


class Sender:
    """An ASGI client that goes on sending pieces until it is not asked any more."""

    def __init__(self, *pieces: int) -> None:
        self.pieces = list(pieces)
        self.asked = 0
        self.replies: list[int] = []

    async def receive(self):
        self.asked += 1
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": b" " * piece, "more_body": bool(self.pieces)}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.replies.append(message["status"])

    async def ask(self, headers: dict[str, str], read: bool = True) -> None:
        async def app(scope, receive, send):
            while read and (await receive())["more_body"]:
                pass

        raw = [(name.encode(), value.encode()) for name, value in ({"host": "localhost"} | headers).items()]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
        await Guard(app, {"localhost"}, max_body_bytes=10)(scope, self.receive, self.send)


async def test_a_body_in_pieces_may_be_as_long_as_a_whole_one_and_no_longer():
    sender = Sender(6, 4)
    await sender.ask({})
    assert (sender.asked, sender.replies) == (2, [])
    sender = Sender(6, 5, 7, 8)
    with pytest.raises(HTTPException) as refused:
        await sender.ask({})
    assert refused.value.status_code == 413
    assert sender.pieces == []  # read to its end, so that the client hears of it


async def test_of_a_body_that_is_too_large_eight_mebibytes_are_read_and_nothing_of_other_refusals():
    sender = Sender(*[2**20] * 20)
    await sender.ask({"content-length": "11"})
    assert (sender.asked, sender.replies) == (8, [413])
    sender = Sender(3, 3, 5)
    await sender.ask({"content-length": "11"})
    assert (sender.asked, sender.replies) == (3, [413])
    sender = Sender(5)
    await sender.ask({"host": "evil.example"})
    assert (sender.asked, sender.replies) == (0, [400])


async def test_the_length_of_a_body_that_just_fits_is_no_reason_to_refuse():
    sender = Sender(10)
    await sender.ask({"content-length": "10"})
    assert (sender.asked, sender.replies) == (1, [])
