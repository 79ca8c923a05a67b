"""Whatever is sent, the answer is a clear 4xx in the one error shape, and the next request works."""

import json
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.live import exchange, post, status_of

PATHS = ("/api/completions", "/api/next-token", "/api/score", "/v1/completions")
EVERY_POST = (*PATHS, "/api/tokenize", "/api/detokenize", "/api/models/load")
VALUES = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1", b"1e308", b"-1e308", b"1" + b"0" * 400, b"true", b'"0.5"',
    b"[]", b"{}", b'"\\ud800"', b"9007199254740993", b"0.5",
)  # fmt: skip
FIELDS = {
    "/api/completions": (
        "ids", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "frequency_penalty",
        "presence_penalty", "seed", "n", "max_tokens", "stop", "logprobs", "ignore_eos",
    ),
    "/api/next-token": ("ids", "top"),
    "/api/score": ("ids", "top"),
    "/v1/completions": (
        "model", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "frequency_penalty",
        "presence_penalty", "seed", "n", "best_of", "max_tokens", "stop", "logprobs", "ignore_eos", "echo",
        "stream", "stream_options", "suffix", "logit_bias", "add_special_tokens",
    ),
}  # fmt: skip


def assert_error(reply: httpx.Response, *statuses: int) -> dict:
    assert reply.status_code in statuses, reply.text[:300]
    body = reply.json()
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "param", "sentence", "values"}
    for leak in ("Traceback", "Error(", "site-packages", "pydantic"):
        assert leak not in reply.text
    return body["error"]


def assert_still_works(http: httpx.Client) -> None:
    assert http.post("/api/next-token", json={"prompt": "Once", "top": 1}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_no_value_of_any_field_is_a_500(http: httpx.Client, path: str):
    for field in FIELDS[path]:
        prompt = b"" if field == "ids" else b'"prompt": "Once", '
        for value in VALUES:
            body = b'{%s"%s": %s}' % (prompt, field.encode(), value)
            if path.endswith("completions") and field != "max_tokens":
                body = body[:-1] + b', "max_tokens": 1}'
            reply = http.post(path, content=body, headers={"Content-Type": "application/json"})
            assert reply.status_code in (200, 404, 422), (body, reply.text)
            if value in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
                assert reply.status_code in (404, 422), body
            if reply.status_code != 200:
                assert_error(reply, 404, 422)
                assert len(reply.content) < 400
    assert_still_works(http)


@pytest.mark.parametrize("path", EVERY_POST)
@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"", (422,)),
        (b"null", (422,)),
        (b"[]", (422,)),
        (b'"text"', (422,)),
        (b"{", (422,)),
        (b"{}", (422,)),
        (b'{"prompt": "' + b"\xff\xfe" + b'"}', (400,)),
        (b'{"prompt": 5}', (422,)),
        (b'{"prompt": {"secret": 1}}', (422,)),
        (b'{"prompt": [[[1]]]}', (422,)),
        (b'{"prompt": "x", "temperature": ' + b"9" * 5000 + b"}", (400,)),
        (b"[" * 50_000, (400, 422)),
        (b'{"prompt": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", (400, 422)),
        (b'{"prompt": "' + b"a" * 1_000_001 + b'"}', (422,)),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_every_malformed_body_is_a_clear_refusal(http: httpx.Client, path, body, statuses):
    error = assert_error(
        http.post(path, content=body, headers={"Content-Type": "application/json"}), *statuses
    )
    assert error["message"]
    assert_still_works(http)


@pytest.mark.parametrize("path", EVERY_POST)
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_json_has_to_say_that_it_is_json(http: httpx.Client, path, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    request = http.build_request("POST", path, content=b'{"prompt": "Once"}', headers=headers)
    assert_error(http.send(request), 415, 422)


@pytest.mark.parametrize("path", EVERY_POST)
def test_a_body_of_two_megabytes_is_a_413(http: httpx.Client, port: int, path: str):
    body = json.dumps({"prompt": "a" * 2_000_000}).encode()
    error = assert_error(http.post(path, content=body, headers={"Content-Type": "application/json"}), 413)
    assert error["code"] == "body_too_large"
    chunked = http.post(
        path, content=iter([body[:500_000]] + [body[500_000:]]), headers={"Content-Type": "application/json"}
    )
    assert_error(chunked, 413)
    assert_still_works(http)


@pytest.mark.parametrize("path", EVERY_POST)
def test_the_body_is_not_inflated(http: httpx.Client, path: str):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert_error(http.post(path, content=b"\x1f\x8b\x08\x00" + b"\0" * 100, headers=headers), 400, 422)


@pytest.mark.parametrize("path", [p for p in PATHS if p != "/v1/completions"])
def test_what_a_person_wrote_is_not_repeated(http: httpx.Client, path: str):
    canary = "my secret diary <b>"
    for fields in (
        {"prompt": canary, "temperature": canary},
        {"prompt": canary, "stop": [canary * 9]},
        {"prompt": canary, "top": canary},
        {"prompt": [canary]},
        {"prompt": "x", canary: 1},
        {canary: canary},
    ):
        reply = http.post(path, json=fields)
        assert_error(reply, 422)
        assert "diary" not in reply.text


def test_no_such_address_and_no_such_method(http: httpx.Client):
    assert assert_error(http.get("/nothing"), 404)["code"] == "not_found"
    assert assert_error(http.get("/static/nothing.js"), 404)["code"] == "not_found"
    wrong = http.get("/api/completions")
    assert assert_error(wrong, 405)["code"] == "method_not_allowed"
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("length", [1022, 1023, 1024, 1025])
@pytest.mark.parametrize("most", [0, 1, 2, 1024])
def test_the_edge_of_the_context_is_exact(http: httpx.Client, length: int, most: int):
    """1,024 tokens: a prompt may fill them all if nothing is to be written, and writing ends at the edge."""
    body = {"prompt": [65] * length, "max_tokens": most, "echo": True, "ignore_eos": True}
    reply = http.post("/v1/completions", json=body)
    if length + min(most, 1) > 1024:
        error = assert_error(reply, 422)
        assert error["code"] == "context_overflow"
        assert f"{length:,} tokens" in error["message"] and "at most 1,02" in error["message"]
    else:
        assert reply.status_code == 200
        assert reply.json()["usage"]["completion_tokens"] == min(most, 1024 - length)
    assert_still_works(http)


@pytest.mark.parametrize("token_id", [-1, 258, 2**31, 2**53, 2**63, 10**400])
@pytest.mark.parametrize("path", PATHS)
def test_an_id_outside_the_vocabulary_is_refused(http: httpx.Client, path: str, token_id: int):
    field = "prompt" if path == "/v1/completions" else "ids"
    assert_error(http.post(path, json={field: [65, token_id]}), 422)
    assert_still_works(http)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), data=st.data())
def test_no_body_whatsoever_is_a_500(http: httpx.Client, path: str, data: st.DataObject):
    known = st.sampled_from((*FIELDS[path], "prompt"))
    fields = data.draw(st.dictionaries(known | st.text(max_size=6), json_values, max_size=4))
    if path.endswith("completions"):
        fields.setdefault("max_tokens", 1)
    body = json.dumps({"prompt": "Once"} | fields)
    reply = http.post(path, content=body, headers={"Content-Type": "application/json"})
    if reply.status_code != 200:
        assert_error(reply, 404, 422)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_any_text_is_a_prompt(http: httpx.Client, text: str):
    body = json.dumps({"prompt": text, "top": 1})
    reply = http.post("/api/next-token", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    joined = b"".join(
        bytes.fromhex(token["bytes"]) for token in reply.json()["tokens"] if not token["special"]
    )
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert joined == paired.encode() or "\ufffd" in paired


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 10_000 + b"Connection: close\r\n\r\n",
        b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST /api/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /api/score HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nonsense\r\n\r\n",
        b"POST /api/score HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
    ],
    ids=[
        "long header",
        "many headers",
        "long address",
        "two lengths",
        "encoding",
        "negative length",
        "noise",
    ],
)
def test_malformed_http_is_refused_or_closed(http: httpx.Client, port: int, request_bytes: bytes):
    started = time.monotonic()
    reply = exchange(port, request_bytes)
    assert reply == b"" or 400 <= status_of(reply) < 500
    assert time.monotonic() - started < 2
    assert_still_works(http)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app/main.py", "/static/..%2fapp%2fmain.py", "/static/%2e%2e/app/main.py", "/static//etc/passwd",
        "/static/..\\app\\main.py", "/static/%00", "/static/" + "a" * 5000, "/static/C:/windows/win.ini",
        "/static/%c0%ae%c0%ae/app/main.py", "/..%2f..%2fetc/passwd", "/static/js/../../pyproject.toml",
    ],
)  # fmt: skip
def test_no_file_outside_the_site_can_be_read(port: int, path: str):
    reply = exchange(
        port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
    )
    assert status_of(reply) in (400, 404)
    assert b"create_app" not in reply and b"root:" not in reply


def test_a_single_byte_at_a_time_is_still_a_request(port: int):
    assert status_of(exchange(port, post("/api/next-token", b'{"prompt": "Once", "top": 1}'))) == 200
