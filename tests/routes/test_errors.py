"""The one error shape: it names fields, numbers and what is allowed, and repeats nothing that was typed."""

from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.routes.disconnect import ReaderLeft
from app.routes.errors import UnexpectedErrors, install_handlers

WORD = "plugh"
EVIDENCE = {"prompt": "Once upon a time there was a", "sentences": [{"text": "A fact.", "label": "true"}]}
ROWS = {"rows": [["sea", "mer"]], "queries": [["sun", "soleil"]]}


@pytest.mark.parametrize(
    ("path", "body", "param", "message"),
    [
        ("/api/models/load", {"name": "gpt2", WORD: 1}, None, "a field of this request is unknown; allowed: name"),
        (
            "/api/next-token",
            {"prompt": "x", WORD: WORD},
            None,
            "a field of this request is unknown; allowed: ids, prompt, top, roll",
        ),
        (
            "/api/experiments/evidence",
            EVIDENCE | {"sentences": [{"text": "A fact.", "label": "true", WORD: {WORD: WORD}}]},
            "sentences[0]",
            "a field of sentences[0] is unknown; allowed: text, label",
        ),
        ("/api/experiments/evidence", EVIDENCE | {"sentences": {WORD: WORD}}, "sentences", None),
        ("/api/experiments/evidence", EVIDENCE | {"cut": WORD}, "cut", None),
        ("/api/experiments/few-shot", ROWS | {"rows": [["sea", {WORD: WORD}]]}, "rows[0][1]", None),
        (
            "/api/experiments/few-shot",
            ROWS | {"shots": [9]},
            None,
            "shots go up to 9, but there are 1 rows",
        ),
        (
            "/v1/completions",
            {"prompt": "x", "stream_options": {"include_usage": 3}},
            "stream_options.include_usage",
            "stream_options.include_usage is 3: should be a valid boolean",
        ),
        ("/v1/completions", {"prompt": {WORD: WORD}}, "prompt", None),
        ("/api/score", [WORD], None, "the body should be a JSON object, sent as application/json"),
        ("/api/score", {"ids": [WORD]}, "ids[0]", "ids[0]: should be a valid integer"),
    ],
)  # fmt: skip
def test_a_refusal_names_fields_and_repeats_nothing(
    client: TestClient, path: str, body: Any, param: str | None, message: str | None
):
    reply = client.post(path, json=body)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert error.get("param") == param
    assert message in (error["message"], None)
    assert WORD not in reply.text


def test_a_header_that_is_too_long_is_named(client: TestClient):
    reply = client.post("/api/score", json={"prompt": "x"}, headers={"X-Client": WORD * 20})
    assert reply.json()["error"] == {
        "code": "bad_request",
        "message": "x-client: String should have at most 64 characters",
        "param": "x-client",
    }


def test_a_body_that_is_no_json_is_told_so(client: TestClient):
    reply = client.post("/api/score", content=b'{"prompt": ', headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["error"] == {"code": "bad_request", "message": "the body is not valid JSON"}


def test_a_body_in_pieces_is_refused_once_it_is_too_large(client: TestClient):
    pieces = (b" " * 2**19 for _ in range(4))
    reply = client.post("/api/score", content=pieces, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "body_too_large")


def test_a_body_in_no_encoding_is_refused(client: TestClient):
    reply = client.post("/api/score", content=b"\xff\xfe{", headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 10**300])
def test_a_number_of_many_digits_is_not_written_out(client: TestClient, seed: int):
    reply = client.post("/v1/completions", json={"prompt": "x", "seed": seed})
    assert reply.json()["error"]["message"].startswith("seed is a number of many digits: ")


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (anyio.BrokenResourceError(), False),
        (ExceptionGroup("", [ExceptionGroup("", [anyio.ClosedResourceError()])]), False),
        (ExceptionGroup("", [ValueError()]), True),
    ],
    ids=repr,
)
async def test_a_reader_who_left_between_two_events_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, error: Exception, is_told: bool
):
    told, sent = [], []
    monkeypatch.setattr("app.routes.errors.log_unexpected", told.append)

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    async def send(message):
        sent.append(message["type"])

    await UnexpectedErrors(app)({"type": "http"}, None, send)
    assert told == ([error] if is_told else [])
    assert sent == ["http.response.start"]


def test_a_reader_who_left_before_the_reply_gets_an_empty_one():
    app = FastAPI()
    install_handlers(app)

    @app.get("/")
    async def leave() -> None:
        raise ReaderLeft

    reply = TestClient(app).get("/")
    assert (reply.status_code, reply.content) == (499, b"")


@pytest.mark.parametrize("error", [ValueError("a person's text"), anyio.BrokenResourceError()], ids=repr)
async def test_what_fails_before_the_reply_is_told_and_answered(
    monkeypatch: pytest.MonkeyPatch, error: Exception
):
    told, sent = [], []
    monkeypatch.setattr("app.routes.errors.log_unexpected", told.append)

    async def app(scope, receive, send):
        raise error

    async def send(message):
        sent.append(message.get("status"))

    await UnexpectedErrors(app)({"type": "http"}, None, send)
    assert (told, sent) == ([error], [500, None])
    with pytest.raises(type(error)):
        await UnexpectedErrors(app)({"type": "lifespan"}, None, send)
    assert told == [error]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/api/class", {"GET", "POST"}), ("GET", "/api/score", {"POST"}), ("POST", "/livez", {"GET"})],
)
def test_another_method_is_answered_with_those_that_are_allowed(client: TestClient, method, path, allowed):
    reply = client.request(method, path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_allowed")
    assert set(reply.headers["allow"].split(", ")) == allowed


def test_an_address_that_is_not_there_allows_no_method(client: TestClient):
    reply = client.get("/nothing")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")
    assert "allow" not in reply.headers


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("true", " is true"),
        ("false", " is false"),
        ("null", " is null"),
        ("-1", " is -1"),
        ("9223372036854775807", " is 9223372036854775807"),
        ("0.25", " is 0.25"),
        ("NaN", " is not a finite number"),
        ('"many"', ""),
    ],
)
def test_a_refusal_shows_numbers_and_no_words(client: TestClient, sent: str, shown: str):
    body = f'{{"prompt": "x", "top": {sent}}}'
    reply = client.post("/api/next-token", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    message = reply.json()["error"]["message"]
    assert message.startswith(f"top{shown}: should be ") or message.startswith(
        f"top{shown}: Input should be "
    )


def test_our_own_words_are_told_apart_from_the_fields_name(client: TestClient):
    """So that a page can say them in its reader's language."""
    body = {"question": "2 + 2?", "template": "no place", "stop": "Q:"}
    error = client.post("/api/experiments/dressed", json=body).json()["error"]
    assert error["sentence"] == "{field}: a template needs {question} exactly once"
    assert (error["values"], error["param"]) == ({"field": "template"}, "template")
    assert error["message"] == "template: a template needs {question} exactly once"


def test_only_what_was_posted_counts_as_rejected(client: TestClient, site: FastAPI):
    assert client.get("/api/vocabulary/gpt2/many").status_code == 422
    assert site.state.site.metrics.rejected == 0
    assert client.post("/api/score", json={"ids": 3}).status_code == 422
    assert site.state.site.metrics.rejected == 1
