import math
from collections.abc import AsyncGenerator

import pytest
from fastapi.testclient import TestClient

from app.engine.contract.outputs import Event, Queued
from app.engine.contract.params import GenerationRequest
from app.engine.fake import FakeEngine
from app.engine.sampling.dice import roll
from app.errors import ModelUnavailable
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import BOS, ByteTokenizer
from tests.event_stream import events
from tests.site import OneModel, browse


def complete(client: TestClient, **fields) -> list[tuple[str, dict]]:
    reply = client.post("/api/completions", json=fields)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    return events(reply.text)


def tokens(stream: list[tuple[str, dict]], sequence: int = 0) -> list[dict]:
    return [data for name, data in stream if name == "token" and data["sequence"] == sequence]


def test_a_stream_is_queued_then_tokens_then_done(client: TestClient):
    stream = complete(client, prompt="Once upon", max_tokens=6, seed=3, logprobs=4)
    assert [name for name, _ in stream] == ["queued", *["token"] * 6, "done"]
    queued, done = stream[0][1], stream[-1][1]
    assert queued == {"position": 0, "seed": 3, "ids": list(b"Once upon")}
    assert done["finish_reasons"] == ["length"]
    assert done["seed"] == 3
    assert done["usage"] == {"prompt_tokens": 9, "completion_tokens": 6, "cached_tokens": 0}
    assert set(done["seconds"]) == {"queue", "prefill", "decode"}
    for offset, token in enumerate(tokens(stream)):
        assert token["position"] == 9 + offset
        assert token["u"] == roll(3, 0, 9 + offset)
        assert bytes.fromhex(token["bytes"]) == bytes([token["id"]])
        assert token["special"] is False
        assert token["raw_logprob"] <= 0 and token["processed_logprob"] <= 0
        assert [set(other) for other in token["top"]] == [
            {"id", "bytes", "raw_logprob", "processed_logprob"}
        ] * 4
        assert token["finish_reason"] == ("length" if offset == 5 else None)


def test_the_same_seed_gives_the_same_ids_and_a_seed_is_always_named(client: TestClient):
    first = complete(client, prompt="The", max_tokens=20)
    seed = first[-1][1]["seed"]
    again = complete(client, prompt="The", max_tokens=20, seed=seed)
    other = complete(client, prompt="The", max_tokens=20, seed=seed + 1, temperature=2)
    assert [t["id"] for t in tokens(first)] == [t["id"] for t in tokens(again)]
    assert [t["id"] for t in tokens(first)] != [t["id"] for t in tokens(other)]


def test_several_continuations_roll_different_dice(client: TestClient):
    stream = complete(client, prompt="The", max_tokens=8, n=3, seed=1, temperature=2)
    rolls = [[t["u"] for t in tokens(stream, sequence)] for sequence in range(3)]
    assert [len(each) for each in rolls] == [8, 8, 8]
    assert len({u for each in rolls for u in each}) == 24
    assert stream[-1][1]["finish_reasons"] == ["length"] * 3


def test_ids_are_taken_as_they_are_and_text_gets_the_models_own_beginning(fake_engine: FakeEngine):
    with browse(create_app(Settings(), OneModel(fake_engine, ByteTokenizer(adds_bos=True)))) as client:
        assert complete(client, prompt="hi", max_tokens=1)[0][1]["ids"] == [BOS, *b"hi"]
        assert complete(client, ids=[104, 105], max_tokens=1)[0][1]["ids"] == [104, 105]


def test_nothing_is_a_prompt_too(client: TestClient):
    assert complete(client, prompt="", max_tokens=1)[0][1]["ids"] == [BOS]


def test_a_stop_string_and_greedy(client: TestClient):
    greedy = complete(client, prompt="Once upon", max_tokens=30, temperature=0)
    written = b"".join(bytes.fromhex(t["bytes"]) for t in tokens(greedy)).decode()
    stop = written[10:13]
    stopped = complete(client, prompt="Once upon", max_tokens=30, temperature=0, stop=[stop])
    assert stopped[-1][1]["finish_reasons"] == ["stop-string"]
    assert len(tokens(stopped)) == written.index(stop) + 3


def test_half_a_character_in_the_prompt_becomes_the_replacement_character(client: TestClient):
    body = b'{"prompt": "a\\ud800b \\ud83d\\ude00", "max_tokens": 1}'
    reply = client.post("/api/completions", content=body, headers={"Content-Type": "application/json"})
    assert events(reply.text)[0][1]["ids"] == list("a\ufffdb 😀".encode())


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({}, "prompt", "either ids or prompt"),
        ({"ids": [1], "prompt": "x"}, "prompt", "either ids or prompt"),
        ({"ids": []}, "ids", "at least 1 token"),
        ({"ids": [1, 2, 258]}, "ids", "ids[2] is 258; token ids of fake go from 0 to 257"),
        ({"ids": [-1]}, "ids[0]", "ids[0] is -1"),
        ({"ids": [2**63]}, "ids[0]", "ids[0] is a number of many digits"),
        ({"ids": [True]}, "ids[0]", "ids[0] is true"),
        ({"ids": [0] * 513}, "prompt", "prompt is 513 tokens; fake reads at most 512"),
        ({"prompt": "x" * 513}, "prompt", "prompt is 513 tokens; fake reads at most 512"),
        (
            {"prompt": "x", "max_tokens": 1025},
            "max_tokens",
            "max_tokens is 1,025; this server allows at most 1,024",
        ),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens", "max_tokens is 0"),
        ({"prompt": "x", "n": 33}, "n", "n is 33: should be less than or equal to 32"),
        ({"prompt": "x", "temperature": 5.1}, "temperature", "temperature is 5.1"),
        ({"prompt": "x", "temperature": "0.5"}, "temperature", "should be a valid number"),
        ({"prompt": "x", "temperature": True}, "temperature", "temperature is true"),
        ({"prompt": "x", "temperature": None}, "temperature", "temperature is null"),
        ({"prompt": "x", "top_p": 1.01}, "top_p", "top_p is 1.01"),
        ({"prompt": "x", "logprobs": 51}, "logprobs", "logprobs is 51"),
        ({"prompt": "x", "stop": ["a"] * 5}, "stop", "at most 4 items"),
        ({"prompt": "x", "stop": ["a" * 65]}, "stop[0]", "at most 64 characters"),
        ({"prompt": "x", "stop": [""]}, "stop[0]", "at least 1 character"),
        ({"prompt": "x", "temprature": 1}, None, "is unknown; allowed: temperature, top_p, min_p, "),
    ],
)
def test_what_is_not_allowed_is_refused_before_the_stream_opens(client: TestClient, fields, param, said):
    reply = client.post("/api/completions", json=fields)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert error.get("param") == param
    assert said in error["message"]


def test_the_line_is_refused_politely_when_it_is_full(byte_tokenizer: ByteTokenizer):
    class FullEngine(FakeEngine):
        def check(self, request: GenerationRequest) -> None:
            from app.errors import Overloaded

            raise Overloaded("200 requests are waiting; try again in a moment", retry_after=7)

    engine = FullEngine(byte_tokenizer)
    with browse(create_app(Settings(), OneModel(engine))) as client:
        reply = client.post("/api/completions", json={"prompt": "x"})
    engine.close()
    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "7"
    assert reply.json()["error"]["code"] == "overloaded"


class BreakingEngine(FakeEngine):
    """Fails after its first event."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(ByteTokenizer())
        self.failure = failure

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        yield Queued(0, 1)
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RuntimeError("secret /site-packages/ Traceback"), "internal"),
        (ModelUnavailable("gone"), "model_unavailable"),
    ],
)
def test_a_failing_step_ends_the_stream_with_one_error_event(failure, code, capfd):
    engine = BreakingEngine(failure)
    with browse(create_app(Settings(), OneModel(engine))) as client:
        stream = complete(client, prompt="x")
        assert client.get("/livez").status_code == 200
    engine.close()
    assert [name for name, _ in stream] == ["queued", "error"]
    assert stream[-1][1]["code"] == code
    captured = capfd.readouterr()
    assert "secret" not in str(stream) + captured.out + captured.err
    if code == "internal":
        assert '"kind": "RuntimeError"' in captured.err


def test_no_model_yet_is_a_503():
    with browse(create_app(Settings(), OneModel(None))) as client:
        reply = client.post("/api/completions", json={"prompt": "x"})
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "model_not_ready"


@pytest.mark.parametrize("temperature", [0.0, -0.0, 1e-45, 1e-9, 0.01, 5])
@pytest.mark.parametrize("top_p", [0, 1e-9, 0.5, 1])
@pytest.mark.parametrize("penalty", [0.1, 1, 10])
def test_every_number_stays_finite_at_the_edges(client: TestClient, temperature, top_p, penalty):
    stream = complete(
        client, prompt="Once", max_tokens=3, temperature=temperature, top_p=top_p, repetition_penalty=penalty,
        frequency_penalty=-2, presence_penalty=2, min_p=1e-30, logprobs=50,
    )  # fmt: skip
    assert stream[-1][0] == "done"
    for token in tokens(stream):
        assert math.isfinite(token["raw_logprob"]) and math.isfinite(token["processed_logprob"])
