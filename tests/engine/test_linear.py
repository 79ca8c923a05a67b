"""Products in 8-bit integers."""

import pytest
import torch

from app.engine.linear import (
    ByRows,
    Int8Linear,
    Int8WeightLinear,
    PackedLinear,
    PlainLinear,
    can_pack,
    fast_linear,
    quantise,
)
from tests.engine.conftest import needs_dot_products


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3, 32, 200])
def test_a_packed_weight_gives_the_numbers_of_the_plain_one(dtype: torch.dtype, rows: int):
    weight, bias, x = (
        part.to(dtype) for part in (normal(96, 64), normal(96, seed=1), normal(rows, 2, 64, seed=2))
    )
    product, plain = fast_linear(weight, bias)(x), PlainLinear(weight, bias)(x)
    assert product.shape == plain.shape and product.dtype == plain.dtype
    assert distance(product, plain.float()) < {torch.float32: 1e-6, torch.bfloat16: 1e-3}[dtype]
    assert isinstance(fast_linear(weight), PackedLinear) == can_pack(weight)


def test_a_format_that_is_not_packed_stays_plain():
    assert isinstance(fast_linear(normal(4, 4).double()), PlainLinear)
