"""Products with weights as they are, and as a processor wants them."""

import pytest
import torch

from app.engine.network.linear import PackedLinear, PlainLinear, can_pack, fast_linear


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def distance(approximate: torch.Tensor, exact: torch.Tensor) -> float:
    """Relative, in the root mean square."""
    return float((approximate.float() - exact).norm() / exact.norm())


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
