"""Products in 8-bit integers, against float32."""

import pytest
import torch

from app.engine.linear import Int8Linear, has_integer_dot_products

pytestmark = pytest.mark.skipif(not has_integer_dot_products(), reason="this CPU has no integer dot products")


def test_eight_bits_keep_two_digits():
    torch.manual_seed(618)
    weight, x = torch.randn(96, 64), torch.randn(5, 3, 64)
    exact = x @ weight.T
    ours = Int8Linear(weight)(x)
    assert ours.shape == exact.shape
    assert float((ours - exact).norm() / exact.norm()) < 0.02


def test_a_row_does_not_depend_on_its_neighbours():
    torch.manual_seed(618)
    product = Int8Linear(torch.randn(96, 64))
    quiet, loud = torch.randn(1, 64), 1000 * torch.randn(1, 64)
    torch.testing.assert_close(product(torch.cat([quiet, loud]))[:1], product(quiet))
