"""What is said of a text depends on the text alone: to the last bit, in any company, however it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.engine.network.model_runner import ModelRunner
from app.engine.network.runner import Chunk
from tests.engine.conftest import ARCHITECTURES, CONTEXT_LENGTH, VOCABULARY_SIZE, needs_integers

pytestmark = needs_integers
SLOTS = 32


class Texts:
    """A runner, and random texts of its vocabulary, one for each slot."""

    def __init__(self, runner: ModelRunner, length: int, vocabulary: int) -> None:
        self.runner, self.length = runner, length
        self.ids = np.random.default_rng(0).integers(0, vocabulary, (SLOTS, length + 1)).astype(np.int32)

    def chunk(self, text: int, start: int, end: int, slot: int, temperature: float = 0.8) -> Chunk:
        return Chunk(slot, self.ids[text, start:end], start, 1, temperature)

    def at_once(self, text: int, length: int, slot: int = 0) -> NDArray[np.float32]:
        return self.logits(self.chunk(text, 0, length, slot))

    def logits(self, *chunks: Chunk) -> NDArray[np.float32]:
        """Of the first of them."""
        return np.array(self.runner.forward(chunks)[0].logits[0])


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def tiny(build_model, architecture: str) -> Texts:
    runner = ModelRunner(build_model(architecture), slots=SLOTS, context_length=CONTEXT_LENGTH, integers=True)
    return Texts(runner, 90, VOCABULARY_SIZE)


def real(folder: Path) -> Texts:
    from transformers import AutoConfig

    from app.engine.network.checkpoint import read_checkpoint

    config = AutoConfig.from_pretrained(folder)
    checkpoint = read_checkpoint(folder, config, torch.bfloat16, torch.device("cpu"))
    return Texts(ModelRunner(checkpoint, slots=SLOTS, context_length=640, integers=True), 600, 250_000)


@pytest.fixture(
    scope="module", params=[*ARCHITECTURES, pytest.param("the default model", marks=pytest.mark.weights)]
)
def texts(request: pytest.FixtureRequest, build_model) -> Texts:
    if request.param in ARCHITECTURES:
        return tiny(build_model, request.param)
    return real(request.getfixturevalue("default_model"))


LENGTHS = (2, 70, 300, 520)  # within a stretch of the cache and beyond, within Gemma's window and beyond


def lengths(texts: Texts) -> list[int]:
    return [length for length in LENGTHS if length <= texts.length]


def test_read_at_once_in_pieces_or_token_by_token(texts: Texts):
    for length in lengths(texts):
        expected = texts.at_once(0, length)
        for pieces in (
            (1,) if length < 100 else (200, 1, 1),
            (length - 1, 1),
            (1, 7, 30, 64),
            (length // 2,),
        ):
            start = 0
            while start < length:
                for piece in pieces:
                    end = min(length, start + piece)
                    if end > start:
                        read = texts.logits(texts.chunk(0, start, end, slot=3))
                    start = end
            assert np.array_equal(read, expected), (length, pieces)


@pytest.mark.parametrize("others", [1, 2, 7, 31])
def test_alone_and_beside_others_that_write(texts: Texts, others: int):
    dice = np.random.default_rng(others)
    for length in lengths(texts):
        expected = texts.at_once(0, length + 1)
        for place in (0, others):
            texts.at_once(0, length, slot=place)
            chunks = [texts.chunk(0, length, length + 1, place)]
            for slot in set(range(others + 1)) - {place}:
                theirs = texts.length - 1 if slot == 1 else int(dice.integers(1, 60))
                texts.at_once(slot, theirs, slot)
                chunks.append(texts.chunk(slot, theirs, theirs + 1, slot, temperature=1.3))
            chunks.sort(key=lambda chunk: chunk.slot)
            predictions = texts.runner.forward(chunks)
            assert np.array_equal(predictions[place].logits[0], expected), (length, place)


def test_beside_prompts_that_are_read(texts: Texts):
    for length in lengths(texts):
        expected = texts.at_once(0, length)
        texts.at_once(0, length - 1)
        for other in (2, 17, texts.length):
            writing, reading = texts.chunk(0, length - 1, length, 0), texts.chunk(1, 0, other, 1)
            assert np.array_equal(texts.logits(writing, reading), expected)
            prompts = [texts.chunk(0, 0, length, 0), reading]
            assert np.array_equal(texts.logits(*prompts), expected)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_on_any_number_of_threads(texts: Texts, count: int):
    for length in lengths(texts):
        expected = texts.at_once(0, length)
        with threads(count):
            assert np.array_equal(texts.at_once(0, length), expected)


def test_whether_the_entropy_is_wanted_or_a_draw_follows(texts: Texts):
    ids = texts.ids[0, :40]
    told = [
        texts.runner.forward([Chunk(0, ids, 0, 1, temperature, entropy)])[0].distributions()[0]
        for temperature in (None, 0.8, 1.3, 0.0)
        for entropy in (True, False)
    ]
    expected = np.array(told[0].logprobs)
    for distribution in told:
        assert distribution.peak == told[0].peak
        assert distribution.total_weight(0.8) == pytest.approx(told[0].total_weight(0.8), rel=1e-5)
    again = texts.runner.forward([Chunk(0, ids, 0, 1)])[0].distributions()[0]
    assert np.array_equal(again.logprobs, expected)


def test_a_copy_of_a_slot_says_what_the_slot_says(texts: Texts):
    texts.at_once(0, 50)
    texts.runner.copy(0, 5, 50)
    texts.runner.swap(5, 9, 50)
    assert np.array_equal(texts.logits(texts.chunk(0, 50, 51, 9)), texts.at_once(0, 51))
