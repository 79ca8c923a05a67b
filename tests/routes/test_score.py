import asyncio
import math

import pytest
from fastapi.testclient import TestClient

from app.engine.contract.outputs import Score
from app.engine.fake import FakeEngine
from app.routes.score import totals
from tests.byte_tokenizer import BOS, ByteTokenizer


def test_every_token_is_scored_over_the_whole_vocabulary(client: TestClient, fake_engine: FakeEngine):
    reply = client.post("/api/score", json={"prompt": "Once", "top": 3}).json()
    assert reply["ids"] == list(b"Once")
    first, *rest = reply["scores"]
    assert first == {
        "id": 79,
        "bytes": "4f",
        "raw_logprob": None,
        "rank": None,
        "entropy_bits": None,
        "top": [],
    }
    for position, score in enumerate(rest, start=1):
        logprobs = asyncio.run(fake_engine.next_token(list(b"Once"[:position])))
        assert score["raw_logprob"] == pytest.approx(float(logprobs[score["id"]]), abs=1e-5)
        assert score["rank"] == 1 + sum(logprobs > logprobs[score["id"]])
        assert len(score["top"]) == 3


def test_the_totals_count_what_was_predicted(client: TestClient):
    reply = client.post("/api/score", json={"ids": [BOS, *b"Once"]}).json()
    bits = -sum(score["raw_logprob"] for score in reply["scores"][1:]) / math.log(2)
    assert reply["totals"] == {
        "tokens": 4,
        "bits": pytest.approx(bits),
        "bytes": 4,
        "bits_per_byte": pytest.approx(bits / 4),
        "perplexity": pytest.approx(2 ** (bits / 4)),
    }


def test_totals_of_the_worked_example():
    scores = [
        Score(65, None, None, None),
        Score(66, math.log(1 / 2), 1, 0.0),
        Score(67, math.log(1 / 8), 2, 0.0),
    ]
    found = totals(scores, ByteTokenizer())
    assert found["bits"] == pytest.approx(4)
    assert found["bits_per_byte"] == pytest.approx(2)
    assert found["perplexity"] == pytest.approx(4)


def test_a_single_token_has_no_totals_to_speak_of(client: TestClient):
    totals = client.post("/api/score", json={"ids": [65]}).json()["totals"]
    assert totals == {"tokens": 0, "bits": 0, "bytes": 0, "bits_per_byte": None, "perplexity": None}


def test_a_text_as_long_as_the_context_is_scored_and_one_token_more_is_refused(client: TestClient):
    assert client.post("/api/score", json={"prompt": "x" * 512, "top": 0}).status_code == 200
    reply = client.post("/api/score", json={"prompt": "x" * 513})
    assert reply.status_code == 422
    assert reply.json()["error"]["code"] == "context_overflow"
