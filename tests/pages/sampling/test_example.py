"""The sampling page's worked example is the default model's own."""

import asyncio
import json
from pathlib import Path

import pytest

from app.experiments.experiment import Laboratory
from app.pages.presets import example_file
from app.pages.sampling.example import LISTED, PARAMS, PROMPT, SEED, worked_example

EXAMPLE = json.loads(example_file("sampling").read_text(encoding="utf-8"))


def test_the_example_is_whole() -> None:
    assert (EXAMPLE["prompt"], EXAMPLE["seed"], EXAMPLE["params"]) == (PROMPT, SEED, PARAMS)
    assert len(EXAMPLE["listed"]) == LISTED
    assert EXAMPLE["tail"][0][0] == LISTED and EXAMPLE["tail"][-1][0] == EXAMPLE["vocabulary"]
    logprobs = [row[2] for row in EXAMPLE["listed"]]
    assert logprobs == sorted(logprobs, reverse=True)
    shares = sum(row["raw"] for row in EXAMPLE["rows"]) + EXAMPLE["remainder"]["raw"]
    assert shares == pytest.approx(1, abs=2e-5)


@pytest.mark.weights
def test_the_default_model_still_says_so(default_model: Path) -> None:
    """Tolerance: half a point of probability and 3 % of an entropy, what bfloat16 and int8 may move."""
    from app.engine.local import load
    from app.tokenization.registry import load_model_tokenizer

    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name=EXAMPLE["model"], tokenizer=tokenizer)
    try:
        now = asyncio.run(worked_example(lambda exact: Laboratory(engine, tokenizer), EXAMPLE["measured"]))
    finally:
        engine.close()
    assert now["ids"] == EXAMPLE["ids"]
    assert now["entropy_bits"] == pytest.approx(EXAMPLE["entropy_bits"], rel=0.03)
    assert now["processed"]["mass"] == pytest.approx(EXAMPLE["processed"]["mass"], abs=0.01)
    assert now["processed"]["kept"] == pytest.approx(EXAMPLE["processed"]["kept"], abs=4)
    assert now["rows"][0]["id"] == EXAMPLE["rows"][0]["id"]
    raw = {row["id"]: row["raw"] for row in now["rows"]}
    for row in EXAMPLE["rows"][:10]:
        assert raw[row["id"]] == pytest.approx(row["raw"], abs=0.005)
    assert now["hot"]["first"] == pytest.approx(EXAMPLE["hot"]["first"], abs=0.003)
