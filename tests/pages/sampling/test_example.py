"""The sampling page's worked example is the default model's own."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from app.experiments.experiment import Laboratory
from app.pages.presets import example_file
from app.pages.sampling.example import LISTED, PROMPTS, SEED, worked_example

EXAMPLE = json.loads(example_file("sampling").read_text(encoding="utf-8"))
languages = pytest.mark.parametrize("language", PROMPTS)


@languages
def test_the_example_is_whole(language: str) -> None:
    shown = EXAMPLE[language]
    assert (shown["prompt"], EXAMPLE["seed"]) == (PROMPTS[language], SEED)
    assert len(shown["listed"]) == LISTED
    assert shown["tail"][0][0] == LISTED and shown["tail"][-1][0] == shown["vocabulary"]
    logprobs = [row[2] for row in shown["listed"]]
    assert logprobs == sorted(logprobs, reverse=True)
    assert sum(row["p"] for row in shown["rows"]) + shown["remainder"] == pytest.approx(1, abs=2e-5)
    assert [row["p"] for row in shown["rows"]] == pytest.approx(np.exp(logprobs[:5]), rel=1e-3)


@languages
def test_what_is_said_of_other_settings_follows_from_the_listed_numbers(language: str) -> None:
    """Temperature 2, and temperature 0.8 with top-p 0.9, worked out anew from the likeliest tokens and the knots."""
    shown = EXAMPLE[language]
    ranks = np.arange(1, shown["vocabulary"] + 1)
    knots = np.array(shown["tail"])
    ranked = np.interp(np.log(ranks), np.log(knots[:, 0]), knots[:, 1])
    ranked[:LISTED] = [row[2] for row in shown["listed"]]
    hot, chat = (np.exp(ranked / t) / np.exp(ranked / t).sum() for t in (2, 0.8))
    assert hot[0] == pytest.approx(shown["hot"]["first"], rel=0.02)
    assert hot[5:].sum() == pytest.approx(shown["hot"]["remainder"], abs=0.003)
    kept = int(np.searchsorted(np.cumsum(chat), 0.9)) + 1
    assert kept == pytest.approx(shown["chat"]["kept"], abs=1)
    assert chat[:kept].sum() == pytest.approx(shown["chat"]["mass"], abs=0.004)


@pytest.mark.weights
def test_the_default_model_still_says_so(default_model: Path) -> None:
    """Tolerance: half a point of probability and 3% of an entropy, what bfloat16 and int8 may move."""
    from app.engine.local import load
    from app.tokenization.registry import load_model_tokenizer

    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name=EXAMPLE["model"], tokenizer=tokenizer)
    try:
        everything = asyncio.run(
            worked_example(lambda exact: Laboratory(engine, tokenizer), EXAMPLE["measured"])
        )
    finally:
        engine.close()
    for language in PROMPTS:
        now, shown = everything[language], EXAMPLE[language]
        assert now["ids"] == shown["ids"]
        assert now["entropy_bits"] == pytest.approx(shown["entropy_bits"], rel=0.03)
        assert now["chat"]["mass"] == pytest.approx(shown["chat"]["mass"], abs=0.01)
        assert now["chat"]["kept"] == pytest.approx(shown["chat"]["kept"], abs=4)
        assert now["rows"][0]["id"] == shown["rows"][0]["id"]
        raw = {row["id"]: row["p"] for row in now["rows"]}
        for row in shown["rows"][:4]:
            assert raw[row["id"]] == pytest.approx(row["p"], abs=0.005)
        assert now["hot"]["first"] == pytest.approx(shown["hot"]["first"], abs=0.003)
