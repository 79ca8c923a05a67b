"""/openapi.json is the truth: every limit can be read there, and whatever is sent is answered as it says.

Promises 18, 20 and 28.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kit.program import Program, program
from tests.kit.rounds import rounds

STRANGE = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"-0.0", b"-1", b"0", b"1e-45", b"1e308", b"-1e308",
    b"1" + b"0" * 400, b"9223372036854775808", b"9007199254740993", b"true", b"null", b'"0.5"', b'""', b"[]", b"{}",
    b"[[]]", b"[null]", b'"\\ud800"', b'["\\ud800"]', b'{"\\u0000": "\\u0000"}', b"0.5", b'[1e999]', b'[[0, -1], "x"]',
    b'{"length": 1000000000}', b'"NaN"',
)  # fmt: skip
BASES = {
    "/api/completions": {"prompt": "Once", "max_tokens": 1},
    "/api/next-token": {"prompt": "Once", "top": 1},
    "/api/score": {"prompt": "Once"},
    "/v1/completions": {"prompt": "Once", "max_tokens": 1},
    "/api/tokenize": {"text": "Once", "encoding": "gpt2"},
    "/api/detokenize": {"ids": [1], "encoding": "gpt2"},
    "/api/trace": {"text": "Once"},
    "/api/models/load": {"name": "fake"},
    "/api/class": {},
}
UNREAD = {("/v1/completions", "logit_bias"), ("/v1/completions", "suffix")}  # refused unless empty


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("schema")
    with program(folder, "--ms-per-token", "0", slots=32, max_tokens=8) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: Program) -> Iterator[httpx.Client]:
    headers = {"X-Teacher": server.secret}
    url = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=url, trust_env=False, timeout=30, headers=headers) as http:
        yield http


@pytest.fixture(scope="module")
def requests(http: httpx.Client) -> dict[str, dict[str, Any]]:
    """Path of each POST route -> field -> its schema, with references followed."""
    schema = http.get("/openapi.json").json()

    def follow(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return follow(schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]])
            return {key: follow(value) for key, value in part.items()}
        return [follow(item) for item in part] if isinstance(part, list) else part

    return {
        path: follow(methods["post"]["requestBody"]["content"]["application/json"]["schema"])["properties"]
        for path, methods in schema["paths"].items()
        if "post" in methods
    }


def post(http: httpx.Client, path: str, body: bytes) -> httpx.Response:
    return http.post(path, content=body, headers={"Content-Type": "application/json"})


def with_field(path: str, field: str, value: bytes) -> bytes:
    base = {name: each for name, each in BASES.get(path, {}).items() if name != field}
    if field == "ids":
        base.pop("prompt", None)
    start = json.dumps(base).encode()[:-1]
    return start + (b", " if base else b"") + b'"%s": %s}' % (field.encode(), value)


def test_no_value_of_any_field_of_any_route_is_a_500(http: httpx.Client, requests, figure):
    cases = statuses = 0
    for path, fields in requests.items():
        for field in fields:
            for value in STRANGE[:: 2 if "experiments" in path and not rounds(0, 1) else 1]:
                body = with_field(path, field, value)
                reply = post(http, path, body)
                cases += 1
                statuses += reply.status_code >= 500
                assert reply.status_code in (200, 202, 400, 404, 409, 422), (path, body, reply.text)
                if reply.status_code >= 400:
                    assert set(reply.json()) == {"error"}
                if reply.status_code == 200 and value in STRANGE[:5]:
                    assert path == "/v1/completions", (path, body)  # which leaves unknown fields unread
                    assert (path, field) in UNREAD or field == "stream_options"
    figure(f"{cases} parameter cases, {statuses} answered 5xx")
    assert cases >= 2000


def bounds(schema: Any, kind: str) -> list[tuple[str, Any]]:
    """(keyword, limit) of everything of this kind in a field's schema that a sender can make large."""
    found = []
    for option in schema.get("anyOf", [schema]):
        name = option.get("type")
        if name in ("integer", "number") and kind == "number":
            found.append(("maximum", option.get("maximum", option.get("exclusiveMaximum"))))
        if name == "string" and kind == "string" and "enum" not in option and "const" not in option:
            found.append(("maxLength", option.get("maxLength")))
        if name == "array" and kind == "array":
            found.append(("maxItems", option.get("maxItems")))
    return found


@pytest.mark.parametrize(
    ("method", "path", "body", "accept"),
    [
        ("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 1}, ""),
        ("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 1, "stream": True}, ""),
        ("POST", "/api/next-token", {"prompt": "Once"}, ""),
        ("POST", "/api/next-token", {"prompt": "Once"}, "application/octet-stream"),
        ("POST", "/api/tokenize", {"text": "Once"}, ""),
        ("POST", "/api/tokenize", {"text": "Once"}, "application/octet-stream"),
        ("GET", "/api/vocabulary/{encoding}", None, ""),
        ("POST", "/api/completions", {"prompt": "Once", "max_tokens": 1}, ""),
    ],
)
def test_every_kind_of_answer_is_documented(http: httpx.Client, method, path, body, accept):
    reply = http.request(method, path.format(encoding="gpt2"), json=body, headers={"Accept": accept or "*/*"})
    documented = http.get("/openapi.json").json()["paths"][path][method.lower()]["responses"]
    assert reply.headers["content-type"].split(";")[0] in documented[str(reply.status_code)]["content"]


def test_every_amplifier_has_a_limit_that_openapi_names(requests):
    unlimited = [
        (path, field, keyword)
        for path, fields in requests.items()
        for field, schema in fields.items()
        for kind in ("number", "string", "array")
        for keyword, limit in bounds(schema, kind)
        if limit is None and (path, field) not in UNREAD
    ]
    assert unlimited == []


def test_one_more_than_each_limit_is_a_422_that_names_the_field(http: httpx.Client, requests, server):
    memory, tried = server.memory(), 0
    for path, fields in requests.items():
        if path not in BASES:
            continue  # the experiments' requests are refused for what they lack first
        for field, schema in fields.items():
            for _, limit in bounds(schema, "number"):
                for value in (limit + 1, 10**9 + limit):
                    reply = post(http, path, with_field(path, field, str(value).encode()))
                    assert reply.status_code == 422, (path, field, value)
                    assert reply.json()["error"]["param"] == field
                    tried += 1
            for _, limit in bounds(schema, "string"):
                if limit is not None and limit < 1000:
                    reply = post(http, path, with_field(path, field, json.dumps("x" * (limit + 1)).encode()))
                    assert (reply.status_code, reply.json()["error"]["param"]) == (422, field), (path, field)
                    tried += 1
            for _, limit in bounds(schema, "array"):
                filling = ["x"] if field in ("stop", "blur", "prompt") else [1]
                body = with_field(path, field, json.dumps(filling * (limit + 1)).encode())
                assert post(http, path, body).status_code == 422, (path, field)
                tried += 1
    assert tried > 40
    assert server.memory() - memory < 50e6


def test_schemathesis_finds_nothing(server: Program, tmp_path: Path, figure):
    """Every check and phase, valid and invalid data, NUL bytes; each answer within five seconds."""
    command = [
        "--config-file", str(Path(__file__).parent / "schemathesis.toml"), "run",
        f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "all", "--mode", "all",
        "--max-examples", str(rounds(20, 200)), "--generation-allow-x00", "true", "--request-timeout", "5",
        "--continue-on-failure", "--no-color", "-H", f"X-Teacher: {server.secret}",
    ]  # fmt: skip
    if not rounds(0, 1):  # experiments, and every corner of every field, take minutes of their own
        command += ["--exclude-path-regex", "/api/experiments/", "--phases", "fuzzing"]
        command += ["--seed", "618"]  # whoever lands a change shall not be stopped by a find of today
    done = subprocess.run(
        [str(Path(sys.executable).parent / "schemathesis"), *command],
        cwd=tmp_path, env={**os.environ, "NO_PROXY": "*"}, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    figure(next((line.strip() for line in done.stdout.splitlines() if " generated, " in line), "no summary"))
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout.splitlines())[-6000:]
    assert "unexpected_error" not in server.output()
    assert server.get("/readyz").status_code == 200
