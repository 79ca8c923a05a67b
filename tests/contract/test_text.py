"""Any text goes in and comes out whole, and none makes the tokenizer slow. Promises 24 to 27."""

import asyncio
import base64
import json
import random
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from httpx_sse import connect_sse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.network.runner import Prediction
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.kit.proxy import Fault, faulty_proxy
from tests.kit.rounds import rounds, within
from tests.kit.stream import ask
from tests.live import serve
from tests.site import OneModel

NASTY = "a\r b\n c\r\n d\u2028e\u0085f\x1cg data: x\n\nevent: done\ndata: {}\n\n: hush\nid: 1 😀👩‍👩‍👧 \ufeff\u202e\x00\x1b[31m 字"
END_OF_TEXT = 50256


class Parrot:
    """Says one text, byte by byte, whatever it is asked."""

    vocabulary_size = 258
    kv_bytes_per_token = 1
    free_tokens = 1
    most_threads = 0

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()

    def forward(self, chunks):
        rows = [[self._row(chunk, i) for i in range(chunk.logits)] for chunk in chunks]
        return [Prediction(np.array(each, np.float32).reshape(-1, self.vocabulary_size)) for each in rows]

    def _row(self, chunk, index: int):
        position = chunk.past + len(chunk.token_ids) - chunk.logits + index
        row = np.full(self.vocabulary_size, -30.0, np.float32)
        row[self._bytes[position % len(self._bytes)]] = 10.0
        return row

    def copy(self, source, target, length):
        """Nothing is cached."""

    def swap(self, first, second, length):
        """Nothing is cached."""

    def forget(self, slot, start):
        """Nothing is cached."""


@pytest.fixture(scope="module")
def parrot() -> Iterator[int]:
    limits = EngineLimits(slots=8, queue=200, context_length=1024)
    engine = ThreadedEngine(
        Parrot(NASTY), ByteTokenizer(), name="parrot", description={"device": "none"}, limits=limits
    )
    with serve(create_app(Settings(engine="fake"), OneModel(engine))) as port:
        yield port
    engine.close()


def body(stream: bool) -> dict:
    return {"prompt": "x", "max_tokens": len(NASTY.encode()), "temperature": 0, "stream": stream}


def by_the_specification(data: bytes) -> list[str]:
    """Server-sent events after the HTML standard, section 9.2.6, in as many lines as it takes."""
    found, lines = [], []
    text = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line == "" and lines:
            found.append("\n".join(lines))
            lines = []
        elif line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
    return found


def text_of(events: list[str]) -> str:
    return "".join(json.loads(event)["choices"][0]["text"] for event in events if event != "[DONE]")


def test_streams_carry_any_text_whole_for_every_parser(parrot: int):
    with httpx.Client(base_url=f"http://127.0.0.1:{parrot}", trust_env=False) as http:
        whole = http.post("/v1/completions", json=body(False)).json()["choices"][0]["text"]
        streamed = http.post("/v1/completions", json=body(True)).content
        with connect_sse(http, "POST", "/v1/completions", json=body(True)) as source:
            by_httpx_sse = [event.data for event in source.iter_sse()]
        own = http.post(
            "/api/completions", json={k: v for k, v in body(True).items() if k != "stream"}
        ).content
    assert whole == NASTY
    assert text_of(by_the_specification(streamed)) == NASTY
    assert text_of(by_httpx_sse) == NASTY
    tokens = [json.loads(event) for event in by_the_specification(own)]
    assert bytes.fromhex("".join(token["bytes"] for token in tokens if "bytes" in token)).decode() == NASTY


async def test_streams_may_be_torn_at_any_byte(parrot: int):
    request = {"prompt": "x", "max_tokens": len(NASTY.encode()), "temperature": 0}
    expected = (await ask(parrot, "/api/completions", request)).tokens
    assert bytes(expected).decode() == NASTY
    async with faulty_proxy(parrot, lambda number: Fault(pieces=1 + number % 97)) as proxy:
        torn = await asyncio.gather(*(ask(proxy.port, "/api/completions", request) for _ in range(20)))
    assert all(reply.tokens == expected and reply.terminal == ["done"] for reply in torn)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with serve(create_app(Settings(engine="fake"), OneModel(None))) as port:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            yield http


def tokenize(http: httpx.Client, text: str, **options: str) -> httpx.Response:
    content = json.dumps({"text": text, "encoding": "gpt2"} | options)
    return http.post("/api/tokenize", content=content, headers={"Content-Type": "application/json"})


@settings(
    max_examples=rounds(100, 500), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(st.characters(codec=None), max_size=60), min_size=10, max_size=10))
def test_any_unicode_comes_back_as_it_went(http: httpx.Client, texts: list[str]):
    """Ten texts an example: 1,000 in every run, 5,000 in the thorough one; half characters included."""
    for text in texts:
        reply = tokenize(http, text)
        assert reply.status_code == 200
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        joined = bytes.fromhex("".join(token["bytes"] for token in reply.json()["tokens"]))
        assert joined == whole.encode() or "\ufffd" in whole
        ids = [token["id"] for token in reply.json()["tokens"]]
        back = http.post("/api/detokenize", json={"ids": ids, "encoding": "gpt2"}).json()
        assert bytes.fromhex("".join(token["bytes"] for token in back["tokens"])) == joined


def slow_texts(size: int) -> dict[str, str]:
    chance = random.Random(5)
    letters = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=size))
    parts = {"a": "a", "caret": "^", "zero": "0", "space": " ", "apostrophe": "'s", "newline": "\n", "spaces then x": " " * 99 + "x", "joiner": "👩\u200d", "combining": "e\u0301", "nul": "\0"}  # fmt: skip
    repeated = {name: (part * size)[:size] for name, part in parts.items()}
    return repeated | {"letters": letters, "base64": base64.b64encode(letters.encode()).decode()[:size]}


@pytest.mark.parametrize("kind", slow_texts(1))
def test_no_text_makes_the_tokenizer_slow(http: httpx.Client, kind: str, figure):
    def seconds(size: int) -> float:
        text = slow_texts(size)[kind]
        started = time.monotonic()
        assert tokenize(http, text).status_code == 200
        return time.monotonic() - started

    tokenize(http, "x")
    both = [(seconds(8_192), seconds(32_768)) for _ in range(rounds(5, 30))]
    quarter, whole = map(min, zip(*both, strict=True))
    figure(f"32 KB of {kind}: {whole * 1000:.0f} ms, {whole / quarter:.1f} times a quarter of it")
    assert whole < within(1.0, 0.1)
    assert whole < within(10.0, 2.6**2) * quarter + within(0.1, 0.003)  # linear, not quadratic


@pytest.mark.parametrize(
    "text", ["<|endoftext|>", " <|endoftext|>", "<|ENDOFTEXT|>", "<| endoftext |>", "a<|endoftext|>b"]
)
def test_the_text_of_a_special_token_is_text_unless_asked_for(http: httpx.Client, text: str):
    plain = tokenize(http, text).json()["tokens"]
    assert END_OF_TEXT not in [token["id"] for token in plain]
    assert not any(token["special"] for token in plain)
    parsed = tokenize(http, text, special="parse").json()["tokens"]
    found = [token["special"] for token in parsed if token["id"] == END_OF_TEXT]
    assert found == ([True] if "<|endoftext|>" in text else [])
