"""Products in 8-bit integers, and the output layer that checks its favourites."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.linear import (
    ByRows,
    Int8Linear,
    Int8WeightLinear,
    PlainLinear,
    has_integer_dot_products,
    quantise,
)
from app.engine.output_layer import CANDIDATES, Int8OutputLayer, likeliest

needs_dot_products = pytest.mark.skipif(not has_integer_dot_products(), reason="this CPU has no VNNI")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def distance(approximate: torch.Tensor, exact: torch.Tensor) -> float:
    """Relative, in the root mean square."""
    return float((approximate.float() - exact).norm() / exact.norm())


def test_a_weight_is_off_by_half_a_step_at_most():
    weight = normal(48, 64)
    quantised, scales = quantise(weight)
    assert ((quantised * scales[:, None] - weight).abs() <= scales[:, None] / 2 + 1e-6).all()


@needs_dot_products
@pytest.mark.parametrize("make", [Int8Linear, Int8WeightLinear])
def test_eight_bits_are_near_the_product(make):
    weight, x = normal(128, 256).bfloat16(), normal(3, 2, 256, seed=1)
    product = make(weight)(x)
    assert product.shape == (3, 2, 128)
    assert distance(product, x @ weight.float().T) < 0.015


@needs_dot_products
def test_a_rows_product_does_not_depend_on_its_neighbours():
    linear, x = Int8Linear(normal(128, 256)), normal(8, 256, seed=1)
    x[1] *= 1_000
    assert torch.equal(linear(x)[:1], linear(x[:1]))


def test_few_rows_go_one_way_and_many_another():
    few, many = PlainLinear(torch.eye(2)), PlainLinear(-torch.eye(2))
    linear = ByRows(few, many, many_from=4)
    assert linear(torch.ones(3, 1, 2)).min() == 1
    assert linear(torch.ones(2, 2, 2)).max() == -1


@settings(deadline=None)
@given(rows=st.integers(1, 4), seed=st.integers(0, 1_000), ties=st.booleans())
def test_the_likeliest_are_the_highest_logits(rows: int, seed: int, ties: bool):
    logits = normal(rows, 8_192, seed=seed)
    if ties:
        logits = logits.round()  # many of the same height
    found = likeliest(logits, 16)
    assert all(len(set(row)) == 16 for row in found.tolist())
    highest = logits.topk(16).values
    assert torch.equal(logits.gather(1, found).sort(descending=True).values, highest)


@needs_dot_products
@pytest.mark.parametrize("vocabulary", [2 * CANDIDATES * 64, 1_000])
def test_the_likeliest_logits_are_those_of_the_weights(vocabulary: int):
    weight, hidden = normal(vocabulary, 64).bfloat16(), normal(5, 64, seed=1)
    logits = Int8OutputLayer(weight)(hidden)
    exact = hidden @ weight.float().T
    favourites = exact.topk(CANDIDATES // 2).indices  # 8 bits may misjudge who is just inside
    error = (logits - exact).gather(1, favourites).abs().max()
    assert error < 1e-4
    assert 5e-3 < (logits - exact).abs().max() < 1  # the others are 8-bit
