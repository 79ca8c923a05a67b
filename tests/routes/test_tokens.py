"""The token routes on a small site: the four encodings, and a trained tokenizer as the loaded model's own."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient, Response

from app.errors import ModelNotReady
from app.paths import STATIC
from app.routes import tokens
from app.routes.admission import Admission
from app.routes.errors import install_handlers
from app.routes.site import open_site
from app.settings import Settings
from app.tokenization.hf_tokenizer import HfTokenizer
from app.tokenization.registry import Encodings, load_model_tokenizer
from tests.tokenization import tiny
from tests.tokenization.texts import random_texts

OCTETS = {"Accept": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


class Host:
    """What the routes know of a host."""

    def __init__(self, tokenizer: HfTokenizer | None) -> None:
        self.encodings = Encodings(STATIC / "vendor" / "encodings")
        self._tokenizer = tokenizer
        if tokenizer:
            self.encodings.register(tokenizer.name, tokenizer)

    @property
    def tokenizer(self) -> HfTokenizer:
        if self._tokenizer is None:
            raise ModelNotReady("tiny is being loaded: 12%")
        return self._tokenizer


def small_site(tokenizer: HfTokenizer | None) -> FastAPI:
    app = FastAPI()
    app.include_router(tokens.router)
    install_handlers(app)
    app.state.site = replace(open_site(Settings(), Host(tokenizer)), text_admission=Admission(3, 200, 8))
    return app


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> HfTokenizer:
    return load_model_tokenizer(tiny.byte_fallback(tmp_path_factory.mktemp("model")), "tiny")


@pytest.fixture(scope="module")
def rewriting(tmp_path_factory: pytest.TempPathFactory) -> HfTokenizer:
    return load_model_tokenizer(tiny.byte_level(tmp_path_factory.mktemp("model"), nfc=True), "tiny")


@pytest.fixture(scope="module")
def client(own: HfTokenizer) -> Iterator[TestClient]:
    with TestClient(small_site(own)) as client:
        yield client


def error_of(reply: Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status
    return reply.json()["error"]


def test_the_tokens_of_a_text(client: TestClient) -> None:
    reply = client.post("/api/tokenize", json={"text": "é😀", "encoding": "gpt2"}).json()
    assert reply == {
        "encoding": "gpt2",
        "tokens": [
            {"id": 2634, "bytes": "c3a9", "start": 0, "end": 2, "special": False},
            {"id": 47249, "bytes": "f09f98", "start": 2, "end": 5, "special": False},
            {"id": 222, "bytes": "80", "start": 5, "end": 6, "special": False},
        ],
        "counts": {"tokens": 3, "characters": 2, "bytes": 6},
        "replaced": 0,
        "normalised": False,
    }


@pytest.mark.parametrize("encoding", ["gpt2", "p50k_base", "cl100k_base", "o200k_base", "tiny", "model"])
def test_json_and_binary_say_the_same(client: TestClient, encoding: str) -> None:
    for text in ["", "\u2581 x", "<eos>", *random_texts(30, seed=8)]:
        body = {"text": text, "encoding": encoding, "special": "parse"}
        as_json = client.post("/api/tokenize", json=body).json()
        binary = client.post("/api/tokenize", json=body, headers=OCTETS)
        assert b"".join(bytes.fromhex(token["bytes"]) for token in as_json["tokens"]) == text.encode()
        ids, ends, special, rest = parse_tokens(binary.content)
        assert ids == [token["id"] for token in as_json["tokens"]]
        assert ends == [token["end"] for token in as_json["tokens"]]
        assert special == [token["special"] for token in as_json["tokens"]]
        assert rest == b""
        counts = {key: int(binary.headers[f"x-{key}"]) for key in ("tokens", "characters", "bytes")}
        assert counts == as_json["counts"]


def parse_tokens(data: bytes) -> tuple[list[int], list[int], list[bool], bytes]:
    count = int(np.frombuffer(data, "<u4", 1)[0])
    words = np.frombuffer(data, "<u4", 2 * count, offset=4)
    flags = np.frombuffer(data, np.uint8, count, offset=4 + 8 * count)
    return words[:count].tolist(), words[count:].tolist(), flags.astype(bool).tolist(), data[4 + 9 * count :]


def test_specials_are_text_by_default(client: TestClient) -> None:
    body = {"text": "<|endoftext|>", "encoding": "gpt2"}
    assert client.post("/api/tokenize", json=body).json()["counts"]["tokens"] == 7
    parsed = client.post("/api/tokenize", json=body | {"special": "parse"}).json()["tokens"]
    assert [(token["id"], token["special"]) for token in parsed] == [(50256, True)]


def test_a_lone_surrogate_is_replaced_and_told(client: TestClient) -> None:
    raw = b'{"text": "a\\ud800b", "encoding": "gpt2"}'
    reply = client.post("/api/tokenize", content=raw, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    assert reply.json()["replaced"] == 1
    assert "".join(token["bytes"] for token in reply.json()["tokens"]) == "a\ufffdb".encode().hex()


def test_a_rewritten_text_is_told_and_comes_with_the_binary(rewriting: HfTokenizer) -> None:
    with TestClient(small_site(rewriting)) as client:
        body = {"text": "caf" + "e\u0301", "encoding": "model"}
        reply = client.post("/api/tokenize", json=body).json()
        assert reply["normalised"] and reply["counts"]["bytes"] == 5
        binary = client.post("/api/tokenize", json=body, headers=OCTETS)
        assert binary.headers["x-normalised"] == "true"
        assert parse_tokens(binary.content)[3] == "café".encode()


def test_nothing_waits_for_a_model_but_its_own_tokenizer() -> None:
    with TestClient(small_site(None)) as client:
        assert client.post("/api/tokenize", json={"text": "a", "encoding": "gpt2"}).status_code == 200
        error = error_of(client.post("/api/tokenize", json={"text": "a"}), 503)
        assert error == {"code": "model_not_ready", "message": "tiny is being loaded: 12%"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": 1}, "text"),
        ({"text": "x" * 1_000_001, "encoding": "gpt2"}, "text"),
        ({"text": "x", "encoding": 3}, "encoding"),
        ({"text": "x", "encoding": ""}, "encoding"),
        ({"text": "x", "encoding": "x" * 101}, "encoding"),
        ({"text": "x", "special": "maybe"}, "special"),
        ({"text": "x", "colour": "red"}, None),
    ],
)
def test_a_wrong_body_names_the_field_and_repeats_nothing(
    client: TestClient, body: dict[str, Any], param: str | None
) -> None:
    reply = client.post("/api/tokenize", json=body)
    assert error_of(reply, 422).get("param") == param
    assert "colour" not in reply.text
    assert len(reply.content) < 300


@pytest.mark.parametrize(
    ("path", "body"), [("/api/tokenize", {"text": "x"}), ("/api/detokenize", {"ids": [1]})]
)
def test_an_unknown_encoding_is_refused_with_those_there_are(
    client: TestClient, path: str, body: dict[str, Any]
) -> None:
    error = error_of(client.post(path, json=body | {"encoding": "r50k"}), 404)
    assert error["param"] == "encoding"
    assert "gpt2, p50k_base, cl100k_base, o200k_base, tiny, model" in error["message"]
    assert error_of(client.get("/api/vocabulary/r50k"), 404)["param"] == "encoding"


def test_detokenize_gives_the_bytes_of_each_id(client: TestClient) -> None:
    reply = client.post("/api/detokenize", json={"ids": [47249, 222], "encoding": "gpt2"}).json()
    assert [token["bytes"] for token in reply["tokens"]] == ["f09f98", "80"]
    assert (reply["counts"], reply["complete"]) == ({"tokens": 2, "characters": 1, "bytes": 4}, True)
    half = client.post("/api/detokenize", json={"ids": [47249], "encoding": "gpt2"}).json()
    assert half["complete"] is False


@pytest.mark.parametrize("encoding", ["gpt2", "o200k_base", "tiny"])
def test_detokenize_undoes_tokenize(client: TestClient, encoding: str) -> None:
    for text in random_texts(50, seed=9):
        text = text.replace("\u2581", "")
        there = client.post("/api/tokenize", json={"text": text, "encoding": encoding}).json()
        ids = [token["id"] for token in there["tokens"]]
        back = client.post("/api/detokenize", json={"ids": ids, "encoding": encoding}).json()
        assert back["tokens"] == there["tokens"] and back["counts"] == there["counts"]


@pytest.mark.parametrize("ids", [[50257], [-1], [True], [1.0], ["1"], [2**64], None, [0] * 131_073])
def test_ids_that_are_none_are_refused(client: TestClient, ids: Any) -> None:
    error = error_of(client.post("/api/detokenize", json={"ids": ids, "encoding": "gpt2"}), 422)
    assert error["param"].startswith("ids")


def test_the_encodings_there_are(client: TestClient, own: HfTokenizer) -> None:
    listed = client.get("/api/encodings").json()["encodings"]
    assert listed[0] == {"name": "gpt2", "vocabulary": 50257, "kind": "tiktoken"}
    assert listed[-1] == {"name": "tiny", "vocabulary": own.vocabulary_size, "kind": "model"}
    assert len(listed) == 5


def test_what_is_told_of_one_token(client: TestClient) -> None:
    assert client.get("/api/vocabulary/gpt2/262").json() == {
        "id": 262,
        "bytes": b" the".hex(),
        "special": False,
        "merges": [
            [b" ".hex(), b"t".hex(), 0],
            [b"h".hex(), b"e".hex(), 2],
            [b" t".hex(), b"he".hex(), 6],
        ],
        "spellings": [
            {"id": 1169, "bytes": b"the".hex()},
            {"id": 464, "bytes": b"The".hex()},
            {"id": 383, "bytes": b" The".hex()},
            {"id": 10970, "bytes": b"THE".hex()},
            {"id": 3336, "bytes": b" THE".hex()},
        ],
    }
    special = client.get("/api/vocabulary/gpt2/50256").json()
    assert (special["special"], special["merges"], special["spellings"]) == (True, [], [])


@pytest.mark.parametrize("token_id", ["50257", "-1", str(10**30)])
def test_a_token_outside_is_refused_with_the_range(client: TestClient, token_id: str) -> None:
    error = error_of(client.get(f"/api/vocabulary/gpt2/{token_id}"), 404)
    assert "ids go from 0 to 50,256" in error["message"]
    assert error_of(client.get("/api/vocabulary/gpt2/the"), 422)["param"] == "token_id"


@pytest.mark.parametrize("encoding", ["cl100k_base", "tiny"])
def test_the_whole_vocabulary_in_one_reply(client: TestClient, own: HfTokenizer, encoding: str) -> None:
    reply = client.get(f"/api/vocabulary/{encoding}")
    table = (own if encoding == "tiny" else Encodings(STATIC / "vendor" / "encodings").get(encoding)).table
    size = int(reply.headers["x-vocabulary"])
    offsets = np.frombuffer(reply.content, "<u4", size + 1)
    data = reply.content[4 * (size + 1) :]
    assert [data[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)] == list(table.tokens)
    assert set(np.flatnonzero(np.frombuffer(data[offsets[-1] :], np.uint8)).tolist()) == table.special
    assert len(data) == offsets[-1] + size


def test_a_vocabulary_is_kept_by_the_browser(client: TestClient) -> None:
    fixed, own = client.get("/api/vocabulary/gpt2"), client.get("/api/vocabulary/model")
    assert "immutable" in fixed.headers["cache-control"]
    assert own.headers["cache-control"] == "no-cache"
    again = client.get("/api/vocabulary/model", headers={"If-None-Match": own.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", own.headers["etag"])
    assert own.headers["etag"] != fixed.headers["etag"]


def test_very_many_tokens_come_as_binary_only(client: TestClient) -> None:
    body = {"text": "😀" * 500_000, "encoding": "gpt2"}
    error = error_of(client.post("/api/tokenize", json=body), 422)
    assert error["message"].startswith("text is 1,000,000 tokens; JSON holds at most 400,000")
    assert client.post("/api/tokenize", json=body, headers=OCTETS).headers["x-tokens"] == "1000000"


async def test_a_short_text_and_the_loop_do_not_wait_for_a_million_characters(own: HfTokenizer) -> None:
    site = small_site(own)
    transport = ASGITransport(app=site)
    async with AsyncClient(transport=transport, base_url="http://site") as client:
        long_body = json.dumps({"text": "the cat sat on the mat " * 40_000, "encoding": "o200k_base"})
        site.state.site.host.encodings.get("o200k_base")
        paste = asyncio.create_task(client.post("/api/tokenize", content=long_body, headers=JSON | OCTETS))
        waits = []
        while not paste.done():
            started = time.perf_counter()
            await client.post("/api/tokenize", json={"text": "hello", "encoding": "o200k_base"})
            waits.append(time.perf_counter() - started)
        assert (await paste).status_code == 200
        assert waits and sorted(waits)[len(waits) // 2] < 0.2, waits


def test_thirty_two_kilobytes_take_at_most_three_times_bare_tiktoken(client: TestClient) -> None:
    """End to end, in the compact form that the page asks for; the best of thirty on either side."""
    words = (Path(__file__).read_text(encoding="utf-8") * 4)[:32_768]
    bare = client.app.state.site.host.encodings.get("cl100k_base")._encoding
    body = json.dumps({"text": words, "encoding": "cl100k_base"}).encode()

    async def end_to_end() -> float:
        async with AsyncClient(transport=ASGITransport(app=client.app), base_url="http://site") as site:
            return min([await _seconds(site, body) for _ in range(30)])

    alone = min(_bare_seconds(bare, words) for _ in range(30))
    assert asyncio.run(end_to_end()) <= 3 * alone + 0.002  # a request that does nothing takes up to 2 ms


async def _seconds(site: AsyncClient, body: bytes) -> float:
    started = time.perf_counter()
    reply = await site.post("/api/tokenize", content=body, headers=JSON | OCTETS)
    assert reply.status_code == 200
    return time.perf_counter() - started


def _bare_seconds(encoding: Any, text: str) -> float:
    started = time.perf_counter()
    encoding.encode_ordinary(text)
    return time.perf_counter() - started


async def test_one_tab_fills_no_line_of_texts_and_a_closed_one_leaves_it(own: HfTokenizer):
    site = small_site(own)
    site.state.site = replace(site.state.site, text_admission=Admission(3, 200, 2))
    slow = threading.Event()
    site.state.site.host.encodings.workers.run = lambda work, characters=0: asyncio.to_thread(slow.wait, 5)
    async with AsyncClient(transport=ASGITransport(site), base_url="http://localhost") as client:
        hog = {"X-Client": "hog"}
        running = [
            asyncio.ensure_future(client.post("/api/tokenize", json={"text": "a"}, headers=hog))
            for _ in range(2)
        ]
        await asyncio.sleep(0.05)
        refused = await client.post("/api/tokenize", json={"text": "a"}, headers=hog)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "client_limit")
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        slow.set()
        assert site.state.site.text_admission.held == 0
