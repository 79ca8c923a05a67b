"""What the guessing page says of the default model, measured anew on its weights."""

from pathlib import Path

import pytest

from app.experiments.experiment import Laboratory
from app.pages.guess.example import TEXTS, worked_example
from app.pages.presets import read_example
from app.tokenization.registry import load_model_tokenizer

EXAMPLE = read_example("guess")


def test_the_example_is_of_these_texts():
    for language, texts in TEXTS.items():
        assert [(each["text"], each["next"]) for each in EXAMPLE[language]] == list(texts)


@pytest.mark.weights
async def test_the_bits_are_the_models(default_model: Path):
    from app.engine.local import load

    tokenizer = load_model_tokenizer(default_model, "gemma-3-270m")
    for texts in TEXTS.values():
        for text, after in texts:  # what is guessed begins with a token of its own
            assert tokenizer.encode(text + after)[: len(tokenizer.encode(text))] == tokenizer.encode(text)
    engine = load(default_model, name="gemma-3-270m", tokenizer=tokenizer, context_length=512)
    try:
        now = await worked_example(lambda exact: Laboratory(engine, tokenizer), EXAMPLE["measured"])
    finally:
        engine.close()
    assert now == EXAMPLE
