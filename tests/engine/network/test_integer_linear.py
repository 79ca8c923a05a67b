"""Products in integers: near the weights' own, and the same to the last bit in any company."""

from collections.abc import Callable

import pytest
import torch

from app.engine.network import integer_linear as module
from app.engine.network.integer_linear import ByteLinear, IntegerLinear, evening_scales, quantise
from tests.engine.conftest import needs_integers
from tests.engine.network.test_linear import distance, normal


def test_a_weight_is_off_by_half_a_step_at_most():
    weight, columns = normal(48, 64), 1 + normal(64, seed=1).abs()
    quantised, scales = quantise(weight, columns)
    assert ((quantised * scales[:, None] - weight / columns).abs() <= scales[:, None] / 2 + 1e-6).all()


def test_columns_are_evened_out_and_one_of_zeros_stays():
    weight = normal(256, 8) * torch.tensor([8.0, 4, 2, 1, 1, 1, 1, 0])
    scales = evening_scales(weight)
    columns = (weight / scales)[:, :7].square().mean(0).sqrt()
    assert columns.max() / columns.min() < 3 and scales[7] == 1
    assert torch.equal(evening_scales(torch.zeros(4, 8)), torch.ones(8))


@needs_integers
def test_a_column_of_outliers_costs_the_others_little():
    weight, x = normal(64, 512), normal(4, 512, seed=1)
    weight[:, 500] *= 50
    x[:, 500] = 0
    assert distance(IntegerLinear(weight)(x), x @ weight.T) < 0.04  # 0.2 with a scale for each output alone


def in_bytes(weight: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    linear = ByteLinear(weight, at_once=200)  # blocks, of which the last is smaller
    return lambda x: torch.cat(list(linear(x, torch.empty(len(x), len(weight)))), 1)


@needs_integers
@pytest.mark.parametrize(("kind", "error"), [("fourteen bits", 0.008), ("eight bits", 0.015)])
@pytest.mark.parametrize("width", [256, 160])
def test_it_is_near_the_product(kind: str, error: float, width: int):
    weight, x = normal(4_112, width).bfloat16(), normal(6, width, seed=1)  # more than is quantised at once
    linear = IntegerLinear(weight) if kind == "fourteen bits" else in_bytes(weight)
    product = linear(x)
    assert product.shape == (6, 4_112)
    assert error / 10 < distance(product, x @ weight.float().T) < error


@needs_integers
def test_fourteen_bits_of_an_input_lose_next_to_nothing():
    weight, x = torch.eye(64), normal(3, 64, seed=1)
    assert distance(IntegerLinear(weight)(x), x) < 1e-3
    assert 2e-3 < distance(in_bytes(weight)(x), x) < 1e-2


@needs_integers
def test_a_bias_is_added():
    weight, bias, x = normal(32, 64), normal(32, seed=2), normal(3, 64, seed=1)
    assert torch.equal(IntegerLinear(weight, bias)(x), IntegerLinear(weight)(x) + bias)


@needs_integers
@pytest.mark.parametrize("largest", [1.0, 1e-15, 1e15])
def test_the_largest_inputs_fit_and_zeros_stay_zeros(largest: float):
    weight, x = normal(16, 64), torch.zeros(3, 64)
    x[0, 5], x[1, 5] = largest, -largest
    product = IntegerLinear(weight)(x)
    assert distance(product[:2], x[:2] @ weight.T) < 0.02
    assert not product[2].any()


@needs_integers
@pytest.mark.parametrize("rows", [2, 3, 4, 8, 31, 200])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_rows_product_depends_on_no_other_row_and_on_no_thread(rows: int, threads: int):
    weight, x = normal(512, 640), normal(rows, 640, seed=1)
    x[1:] *= 1_000
    before = torch.get_num_threads()
    for linear in (IntegerLinear(weight), in_bytes(weight)):
        alone = linear(x[:1])
        try:
            torch.set_num_threads(threads)
            assert torch.equal(linear(x)[:1], alone)
            assert torch.equal(linear(x.flip(0))[-1:], alone)
        finally:
            torch.set_num_threads(before)


@needs_integers
def test_a_processor_that_would_overflow_comes_to_the_same(monkeypatch):
    weight, x = normal(512, 640), normal(3, 640, seed=1)
    linear = in_bytes(weight)
    expected = linear(x)
    monkeypatch.setattr(module, "bytes_are_multiplied_exactly", lambda: False)
    assert torch.equal(linear(x), expected)


def test_what_a_processor_can_is_tried(monkeypatch):
    def overflows(x, *_):
        return torch.zeros(len(x), 256)

    monkeypatch.setattr(module, "_multiply", overflows)
    assert not module._is_exact(127)
    monkeypatch.setattr(module, "_multiply", lambda x, *_: torch.full((len(x), 256), 256 * 127 * 127.0))
    assert module._is_exact(127) and not module._is_exact(255)
