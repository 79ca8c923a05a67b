import asyncio
import math

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.engine.fake import FakeEngine
from app.engine.sampling.distribution import likeliest_ids
from tests.byte_tokenizer import BOS


@pytest.fixture
def logprobs(fake_engine: FakeEngine) -> np.ndarray:
    return asyncio.run(fake_engine.next_token(list(b"Once")))


def test_the_binary_body_is_the_whole_distribution(client: TestClient, logprobs: np.ndarray):
    reply = client.post(
        "/api/next-token", json={"prompt": "Once"}, headers={"Accept": "application/octet-stream"}
    )
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-prompt-tokens"] == "4"
    assert reply.headers["x-vocabulary"] == "258"
    received = np.frombuffer(reply.content, "<f4")
    np.testing.assert_array_equal(received, logprobs)
    assert np.exp(received.astype(float)).sum() == pytest.approx(1, abs=1e-5)


def test_the_json_names_the_likeliest_and_the_remainder(client: TestClient, logprobs: np.ndarray):
    reply = client.post("/api/next-token", json={"prompt": "Once", "top": 5}).json()
    order = sorted(range(258), key=lambda i: (-logprobs[i], i))
    assert [entry["id"] for entry in reply["top"]] == order[:5]
    assert [entry["rank"] for entry in reply["top"]] == [1, 2, 3, 4, 5]
    listed = sum(math.exp(entry["raw_logprob"]) for entry in reply["top"])
    assert listed + reply["remainder"] == pytest.approx(1, abs=1e-5)
    probabilities = np.exp(logprobs.astype(float))
    assert reply["entropy_bits"] == pytest.approx(-(probabilities * np.log2(probabilities)).sum(), abs=1e-4)
    assert reply["ids"] == list(b"Once")
    assert reply["tokens"][1] == {"id": 110, "bytes": "6e", "start": 1, "end": 2, "special": False}
    assert reply["bos"] is False
    assert reply["vocabulary"] == 258


def test_an_empty_prompt_begins_with_the_token_for_a_beginning(client: TestClient):
    reply = client.post("/api/next-token", json={"prompt": ""}).json()
    assert reply["ids"] == [BOS]
    assert reply["bos"] is True
    assert reply["tokens"][0]["special"] is True


@pytest.mark.parametrize("top", [0, 1, 258, 1000])
def test_top_may_be_more_than_there_is(client: TestClient, top: int):
    reply = client.post("/api/next-token", json={"ids": [65], "top": top}).json()
    assert len(reply["top"]) == min(top, 258)
    assert reply["remainder"] == pytest.approx(1 if top == 0 else reply["remainder"])
    if top >= 258:
        assert reply["remainder"] == 0


def test_equal_tokens_are_listed_by_id():
    logprobs = np.log(np.array([0.1, 0.2, 0.2, 0.2, 0.3], np.float32))
    assert likeliest_ids(logprobs, 3).tolist() == [4, 1, 2]


@pytest.mark.parametrize("fields", [{"top": 1001}, {"top": -1}, {"top": 1.5}, {"params": {}}])
def test_what_is_not_allowed_is_refused(client: TestClient, fields: dict):
    assert client.post("/api/next-token", json={"prompt": "x"} | fields).status_code == 422
