"""The dice are the published generator, and the browser's twin reads the same vectors (tests/js/dice.test.js)."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.engine.sampling.dice import roll, threefry_2x32

VECTORS = json.loads((Path(__file__).parents[2] / "dice_vectors.json").read_text(encoding="utf-8"))
WORDS = st.integers(0, 2**32 - 1)


def test_threefry_gives_the_published_known_answers() -> None:
    for answer in VECTORS["known_answers"]:
        counters = np.array(answer["counter"], np.uint32)[:, None]
        words = threefry_2x32(tuple(answer["key"]), tuple(counters))
        assert np.concatenate(words).tolist() == answer["words"]


def test_rolls_are_the_shared_vectors_to_the_last_bit() -> None:
    for vector in VECTORS["rolls"]:
        assert roll(vector["seed"], vector["sequence"], vector["position"]) == vector["u"]


def test_the_vectors_reach_the_borders_of_a_seed() -> None:
    assert {0, 2**32, 2**53 - 1} <= {vector["seed"] for vector in VECTORS["rolls"]}


@given(seed=st.integers(0, 2**53 - 1), sequence=WORDS, position=WORDS)
def test_every_roll_is_in_the_unit_interval(seed: int, sequence: int, position: int) -> None:
    assert 0.0 <= roll(seed, sequence, position) < 1.0


def test_each_part_of_the_counter_matters() -> None:
    rolls = {roll(s, q, p) for s in (0, 1, 2**32) for q in range(3) for p in range(50)}
    assert len(rolls) == 3 * 3 * 50
