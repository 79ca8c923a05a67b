"""Products with weights in 8 and in 4 bits."""

import pytest
import torch

from app.engine.quantised_linear import Int4WeightLinear, Int8Linear, Int8WeightLinear, can_halve, quantise
from tests.engine.conftest import needs_dot_products
from tests.engine.test_linear import distance, normal


def test_a_weight_is_off_by_half_a_step_at_most():
    weight = normal(48, 64)
    quantised, scales = quantise(weight)
    assert ((quantised * scales[:, None] - weight).abs() <= scales[:, None] / 2 + 1e-6).all()


@needs_dot_products
@pytest.mark.parametrize(
    ("make", "error"), [(Int8Linear, 0.015), (Int8WeightLinear, 0.01), (Int4WeightLinear, 0.1)]
)
@pytest.mark.parametrize("width", [256, 160])
def test_few_bits_are_near_the_product(make, error: float, width: int):
    weight, x = normal(4_112, width).bfloat16(), normal(3, 2, width, seed=1)  # more than is quantised at once
    product = make(weight)(x)
    assert product.shape == (3, 2, 4_112)
    assert error / 10 < distance(product, x @ weight.float().T) < error


@pytest.mark.parametrize("make", [Int8WeightLinear, Int4WeightLinear])
def test_an_outlier_costs_only_the_weights_that_share_its_scale(make):
    weight = normal(64, 512).bfloat16()
    weight[:, 500] = 300.0
    x = normal(1, 512, seed=1)
    x[:, 256:] = 0
    assert distance(make(weight)(x), x @ weight.float().T) < 0.1


@pytest.mark.parametrize("make", [Int8WeightLinear, Int4WeightLinear])
def test_weights_of_one_value_are_that_value(make):
    x = torch.ones(1, 64)
    assert distance(make(torch.full((16, 64), -0.25).bfloat16())(x), torch.full((1, 16), -16.0)) < 0.01
    assert make(torch.zeros(16, 64).bfloat16())(x).abs().max() < 1e-6


def test_which_shapes_four_bits_take():
    assert can_halve(normal(16, 32))
    assert not can_halve(normal(17, 32)) and not can_halve(normal(16, 33))


@needs_dot_products
def test_a_rows_product_does_not_depend_on_its_neighbours():
    linear, x = Int8Linear(normal(128, 256)), normal(8, 256, seed=1)
    x[1] *= 1_000
    assert torch.equal(linear(x)[:1], linear(x[:1]))
