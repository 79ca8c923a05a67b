"""What holds for every operation of /openapi.json, whichever there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.contract.test_schema import BASES
from tests.event_stream import events
from tests.site import OneModel

WORD = "plugh"
CANARY = f"xyzzy-{WORD}"


def operations() -> list[tuple[str, str]]:
    schema = create_app(Settings(engine="fake"), OneModel(None)).openapi()
    return [(method, path) for path, methods in schema["paths"].items() for method in methods]


def fields(client: TestClient, path: str) -> list[str]:
    schema = client.app.openapi()
    content = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return list(schema["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]["properties"])


def with_each_text_replaced(value: Any, new: str) -> Iterator[Any]:
    """`value` as often as there are texts in it, two of each list, each time with another one replaced."""
    if isinstance(value, str):
        yield new
    elif isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value))[:2]:
            for changed in with_each_text_replaced(value[key], new):
                copy = value.copy()
                copy[key] = changed
                yield copy


def test_there_are_operations_to_walk():
    assert {("post", "/v1/completions"), ("post", "/api/models/load"), ("get", "/livez")} < set(operations())


@pytest.mark.parametrize(("method", "path"), operations())
def test_no_operation_answers_to_a_foreign_name(client: TestClient, fake_engine, method: str, path: str):
    body = {"json": BASES[path]} if method == "post" else {}
    reply = client.request(method, path, headers={"Host": "evil.example"}, **body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "wrong_host")
    assert fake_engine.stats().accepted == 0


@pytest.mark.parametrize("path", [path for method, path in operations() if method == "post"])
def test_no_error_repeats_a_word_that_was_sent(client: TestClient, path: str):
    bodies = [
        *with_each_text_replaced(BASES[path], CANARY),
        *(BASES[path] | {field: value} for field in fields(client, path) for value in (CANARY, [CANARY])),
        BASES[path] | {CANARY: CANARY},
    ]
    secret = {"X-Teacher": client.app.state.site.teacher.secret}
    for body, headers in [(each, secret) for each in bodies] + [(BASES[path], {"X-Client": CANARY * 9})]:
        reply = client.post(path, json=body, headers=headers)
        told = [reply.text] if reply.status_code >= 400 else errors_in(reply)
        assert not [text for text in told if WORD in text], body
        assert WORD not in str(reply.headers)


def errors_in(reply) -> list[str]:
    if not reply.headers.get("content-type", "").startswith("text/event-stream"):
        return []
    return [str(data) for name, data in events(reply.text) if name == "error" or "error" in data]


@pytest.mark.parametrize("path", [path for method, path in operations() if method == "get"])
def test_no_address_is_repeated_in_an_error(client: TestClient, path: str):
    address = path.replace("{encoding}", CANARY).replace("{token_id}", CANARY)
    reply = client.get(address, params={WORD: WORD}, headers={"X-Teacher": CANARY, "If-None-Match": CANARY})
    assert reply.status_code < 400 or WORD not in reply.text
