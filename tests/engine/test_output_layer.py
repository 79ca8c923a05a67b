"""Logits, the favourites that 8 bits find, and what the output layer knows of a row before anyone draws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine import output_layer as module
from app.engine.distribution import Distribution, FarRow
from app.engine.output_layer import (
    SEARCH,
    SEARCH_OF_FEW,
    OutputLayer,
    Search,
    group_maxima,
    likeliest,
    output_layer,
)
from app.engine.params import SamplingParams
from app.engine.sampler import sample
from tests.engine.conftest import needs_dot_products

WIDE = 2 * SEARCH.count * SEARCH.group  # columns from which groups are looked through
VOCABULARIES = [WIDE, WIDE + 17, 1_000, 100]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(layer: torch.nn.Linear, **options) -> OutputLayer:
    bias = None if layer.bias is None else layer.bias.detach()
    return output_layer(layer.weight.detach(), bias, **options)


def layer_of(vocabulary: int, *, bias: bool = False) -> torch.nn.Linear:
    layer = torch.nn.Linear(64, vocabulary, bias=bias, dtype=torch.bfloat16)
    layer.weight.data = (normal(vocabulary, 64) / 3).bfloat16()
    return layer


@pytest.fixture(autouse=True)
def several_blocks(monkeypatch):
    monkeypatch.setattr(module, "_COLUMNS", 5_120)


@settings(deadline=None)
@given(
    rows=st.integers(1, 4),
    size=st.integers(8_000, 8_200),
    group=st.sampled_from([32, 64]),
    seed=st.integers(0, 1_000),
    ties=st.booleans(),
)
def test_the_likeliest_are_the_highest_logits(rows: int, size: int, group: int, seed: int, ties: bool):
    logits = normal(rows, size, seed=seed)
    if ties:
        logits = logits.round()  # many of the same height
    found = likeliest(logits, Search(16, group), group_maxima(logits, group))
    assert all(len(set(row)) == 16 for row in found.tolist())
    highest = logits.topk(16).values
    assert torch.equal(logits.gather(1, found).sort(descending=True).values, highest)


@needs_dot_products
@pytest.mark.parametrize(
    ("rows", "vocabulary", "known"),
    [(5, each, SEARCH.count) for each in VOCABULARIES]
    + [(rows, each, SEARCH_OF_FEW.count) for rows in (1, 3) for each in (8 * WIDE, WIDE, 1_040)]
    + [(1, 1_001, SEARCH.count)],  # a shape that is not taken in 4 bits
)
def test_the_likeliest_logits_are_those_of_the_weights(rows: int, vocabulary: int, known: int):
    layer, hidden = layer_of(vocabulary), normal(rows, 64, seed=1)
    with torch.inference_mode():
        logits, _ = built(layer, int8=True)(hidden)
        exact = hidden @ layer.weight.float().T
    favourites = exact.topk(min(vocabulary, known) // 2).indices  # who is just inside may be misjudged
    assert (logits - exact).gather(1, favourites).abs().max() < 1e-4
    if vocabulary > known:
        assert 1e-3 < (logits - exact).abs().max() < 2


@needs_dot_products
def test_it_says_in_which_formats_it_computes():
    assert built(layer_of(1_040)).quantised == ()
    assert built(layer_of(1_001), int8=True).quantised == ("int8",)
    assert built(layer_of(1_040), int8=True).quantised == ("int8", "int4")


@needs_dot_products
@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize("temperatures", [(0.5, 0.8, 1.0, 2.5), (1.0,), (0.0, 5.0)])
def test_sums_that_are_made_roughly_are_near_the_others(rows: int, temperatures: tuple[float, ...]):
    layer, hidden = built(layer_of(40_000), int8=True), normal(rows, 64, seed=1)
    each = [temperatures[row % len(temperatures)] for row in range(rows)]
    with torch.inference_mode():
        _, exact = layer(hidden, each)
        _, rough = layer(hidden, each, entropy=False)
    different = 0
    for near, far in zip(exact, rough, strict=True):
        assert near is not None and far is not None and far.mean is None
        assert far.total == pytest.approx(near.total, rel=2e-3)
        assert far.total_at_temperature == pytest.approx(near.total_at_temperature, rel=2e-3)
        different += far.total != near.total
    assert different == rows


@needs_dot_products
@pytest.mark.parametrize("entropy", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_rows_that_are_not_finite_are_found_out(entropy: bool, value: float):
    layer, hidden = built(layer_of(40_000), int8=True), normal(5, 64, seed=1)
    hidden[2] = value
    with torch.inference_mode():
        logits, summaries = layer(hidden, [0.8] * 5, entropy=entropy)
    assert Distribution(logits[1].numpy(), summaries[1]).peak < 0
    with pytest.raises(FloatingPointError):
        Distribution(logits[2].numpy(), summaries[2])


@needs_dot_products
def test_sums_of_a_cold_row_are_never_rough():
    layer, hidden = built(layer_of(40_000), int8=True), normal(2, 64, seed=1)
    with torch.inference_mode():
        _, exact = layer(hidden, [0.2, 0.8])
        _, other = layer(hidden, [0.2, 0.8], entropy=False)
    assert [each.total for each in exact] == [each.total for each in other]


@pytest.mark.parametrize("int8", [False, pytest.param(True, marks=needs_dot_products)])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("softcap", [None, 5.0])
def test_a_summary_says_what_the_row_itself_would(vocabulary: int, int8: bool, softcap: float | None):
    temperatures = [0.0, 0.01, 0.5, 0.8, 1.0, 2.5]
    layer = built(layer_of(vocabulary, bias=not int8), int8=int8, softcap=softcap)
    with torch.inference_mode():
        logits, summaries = layer(normal(6, 64, seed=1), temperatures)
    for row, summary, temperature in zip(logits.numpy(), summaries, temperatures, strict=True):
        assert summary is not None
        told, alone = Distribution(row, summary), Distribution(row)
        assert told.peak == pytest.approx(alone.peak, abs=2e-6)
        assert told.entropy_bits == pytest.approx(alone.entropy_bits, abs=1e-5)
        assert told.total_weight(temperature) == pytest.approx(alone.total_weight(temperature), rel=2e-5)
        ids = told.whole.token_ids
        assert len(summary.ranking.token_ids) >= min(vocabulary, SEARCH.count) // 2
        assert np.array_equal(summary.ranking.token_ids, ids[: len(summary.ranking.token_ids)])
        for u in (0.0, 0.3, 0.9):
            params = SamplingParams(temperature=temperature, logprobs=3)
            ours, theirs = sample(told, params, u), sample(alone, params, u)
            assert ours.rank == pytest.approx(
                theirs.rank, abs=1
            )  # in the tail a token is as wide as a rounding
            assert ours.processed_logprob == pytest.approx(theirs.processed_logprob, abs=1e-4)
            assert [each.token_id for each in ours.top] == [each.token_id for each in theirs.top]


def test_an_entropy_nobody_wants_is_not_summed_up_but_can_be_had():
    layer, hidden = built(layer_of(1_000)), normal(2, 64)
    with torch.inference_mode():
        _, wanted = layer(hidden, [0.8, 0.8])
        logits, unwanted = layer(hidden, [0.8, 0.8], entropy=False)
    for row, before, after in zip(logits.numpy(), wanted, unwanted, strict=True):
        assert before.mean is not None and after.mean is None
        told, alone = Distribution(row, after), Distribution(row)
        assert told.entropy_bits == pytest.approx(alone.entropy_bits, abs=1e-9)
        assert sample(told, SamplingParams(entropy=False), 0.5).entropy_bits is None
        assert sample(told, SamplingParams(), 0.5).entropy_bits == told.entropy_bits


def test_of_a_far_row_the_likeliest_are_known_without_fetching_it():
    layer = built(layer_of(1_000))
    with torch.inference_mode():
        logits, [summary] = layer(normal(1, 64), [0.8])
    row, fetched = logits[0].numpy(), []

    def fetch():
        fetched.append(row)
        return row

    far, near = Distribution(FarRow(len(row), fetch), summary), Distribution(row, summary)
    assert len(far) == 1_000
    params = SamplingParams(temperature=0.8, top_p=0.9, logprobs=5)
    assert sample(far, params, 0.4) == sample(near, params, 0.4)
    assert not fetched
    rare = int(row.argmin())
    assert (far.logprob(rare), far.rank(rare)) == (near.logprob(rare), near.rank(rare))
    penalised = SamplingParams(temperature=0.8, repetition_penalty=1.3)
    seen = np.array([3, 5])
    assert sample(far, penalised, 0.4, token_ids=seen) == sample(near, penalised, 0.4, token_ids=seen)
    assert len(fetched) == 1


def test_equal_logits_are_in_order_of_their_ids():
    layer = OutputLayer([lambda hidden: hidden.round()], 40_000)
    logits, [summary] = layer(normal(1, 40_000), [1.0])
    assert summary is not None
    logits = logits[0].numpy()
    expected = np.lexsort((np.arange(40_000), -logits))[: len(summary.ranking.token_ids)]
    assert np.array_equal(summary.ranking.token_ids, expected)


def test_rows_that_are_kept_are_the_same_memory():
    layer = built(layer_of(1_000), rows_kept=2)
    one, _ = layer(normal(2, 64))
    two, _ = layer(normal(2, 64, seed=1))
    more, _ = layer(normal(3, 64))
    assert one.data_ptr() == two.data_ptr() != more.data_ptr()
