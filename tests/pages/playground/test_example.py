"""The playground opens with a continuation the default model really wrote: roll for roll, in float32."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.engine.contract.interface import Engine
from app.engine.sampling.dice import roll
from app.pages.playground.example import PARAMS, PROMPT, SEED, continuation, level
from app.pages.presets import example_file
from app.tokenization.registry import load_model_tokenizer
from app.tokenization.tokenizer import Tokenizer

TOLERANCE = 0.02  # nats: what float32 sums differ by between machines, and much more


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return json.loads(example_file("playground").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model(default_model: Path) -> Iterator[tuple[Engine, Tokenizer]]:
    from app.engine.local import load

    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name="default", tokenizer=tokenizer, device="cpu", exact=True)
    yield engine, tokenizer
    engine.close()


def test_the_example_holds_together(example: dict[str, Any]):
    document = example["document"]
    hexes = document["bytes"].split(",")
    assert len(document["ids"]) == len(hexes) == len(document["by"]) == len(document["steps"])
    shown = "".join(piece["text"] for piece in example["pieces"])
    assert shown.encode() == b"".join(bytes.fromhex(one) for one in hexes[1:])
    assert shown.startswith(PROMPT)
    levels = [level(step[0]) for step in document["steps"][1:]]
    assert [piece["level"] for piece in example["pieces"]] == levels
    assert example["settings"]["params"] == PARAMS


def test_every_roll_of_the_example_is_that_of_its_place(example: dict[str, Any]):
    steps = example["document"]["steps"]
    start = example["document"]["runs"][0]["start"]
    assert [step[4] for step in steps[start:]] == [roll(SEED, 0, place) for place in range(start, len(steps))]


@pytest.mark.weights
async def test_the_default_model_gives_the_example_its_numbers(
    example: dict[str, Any], model: tuple[Engine, Tokenizer]
):
    engine, tokenizer = model
    document = example["document"]
    start = document["runs"][0]["start"]
    assert document["ids"][:start] == [tokenizer.bos_token_id, *tokenizer.encode(PROMPT)]
    scores = await engine.score(document["ids"], top=1)
    for score, step in zip(scores[1:], document["steps"][1:], strict=True):
        assert score.raw_logprob == pytest.approx(step[0], abs=TOLERANCE)
    likeliest = sum(step[2] == 1 for step in document["steps"][start:])  # what the page lets people predict
    assert sum(score.rank == 1 for score in scores[start:]) == pytest.approx(likeliest, abs=1)


@pytest.mark.weights
async def test_the_same_seed_writes_the_example_again(
    example: dict[str, Any], model: tuple[Engine, Tokenizer]
):
    engine, _ = model
    document = example["document"]
    start = document["runs"][0]["start"]
    steps = await continuation(engine, document["ids"][:start])
    written = [step.token_id for step in steps]
    expected = document["ids"][start:]
    if (
        written != expected
    ):  # only where the roll fell on the very edge between two tokens may a machine differ
        at = next(i for i, (a, b) in enumerate(zip(written, expected, strict=False)) if a != b)
        assert edge_distance(steps[at]) < 0.005


def edge_distance(step: Any) -> float:
    """How far the roll was from the nearer end of the interval it fell in, as a probability."""
    likelier = [one.processed_logprob for one in step.top[: step.rank - 1]]
    before = sum(math.exp(logprob) for logprob in likelier if logprob is not None)
    return min(abs(step.u - before), abs(step.u - before - math.exp(step.processed_logprob)))
