"""What the home page claims about the default model, measured anew on its weights."""

import math
from pathlib import Path

import numpy as np
import pytest

from app.pages.presets import read_example
from app.tokenization.registry import load_model_tokenizer

EXAMPLE = read_example("home")
TOLERANCE = EXAMPLE["tolerance"]


def test_an_example_adds_up_to_one():
    for language in ("en", "zh-CN"):
        shown = EXAMPLE[language]
        assert sum(row["p"] for row in shown["top"]) + shown["remainder"] == pytest.approx(1, abs=1e-4)


def test_the_sentence_beside_the_figure_is_what_the_figure_shows():
    english, chinese = ({text(row): row["p"] for row in EXAMPLE[of]["top"]} for of in ("en", "zh-CN"))
    assert max(english, key=english.get) == " the"
    assert english[" Paris"] < english[" the"] / 2
    assert max(chinese, key=chinese.get) == "乐"
    assert 1 / (1 - chinese["乐"]) == pytest.approx(9, abs=0.5)  # "about one roll of nine"


def text(row: dict) -> str:
    return bytes.fromhex(row["bytes"]).decode()


@pytest.mark.weights
async def test_the_default_model_still_says_so(default_model: Path):
    from app.engine import local

    tokenizer = load_model_tokenizer(default_model, EXAMPLE["model"])
    engine = local.load(
        default_model, name=EXAMPLE["model"], tokenizer=tokenizer, device="cpu", slots=1, context_length=64
    )
    try:
        for language in ("en", "zh-CN"):
            shown = EXAMPLE[language]
            assert [tokenizer.bos_token_id, *tokenizer.encode(shown["prompt"])] == shown["ids"]
            probabilities = np.exp((await engine.next_token(shown["ids"])).astype(np.float64))
            for row in shown["top"]:
                assert probabilities[row["id"]] == pytest.approx(row["p"], abs=TOLERANCE), row
            assert probabilities.argmax() == shown["top"][0]["id"]
            entropy = -float((probabilities * np.log(probabilities.clip(1e-300))).sum()) / math.log(2)
            assert entropy == pytest.approx(shown["entropy_bits"], abs=0.2)
    finally:
        engine.close()
