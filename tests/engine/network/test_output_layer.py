"""Logits, the favourites that 8 bits find, and what the output layer knows of a row before anyone draws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.contract.params import SamplingParams
from app.engine.network import output_layer as module
from app.engine.network.output_layer import (
    GROUP,
    LIKELIEST,
    OutputLayer,
    group_maxima,
    in_blocks,
    likeliest,
    output_layer,
)
from app.engine.sampling.distribution import Distribution, FarRow
from app.engine.sampling.sampler import sample
from tests.engine.conftest import needs_integers

WIDE = 2 * LIKELIEST * GROUP  # columns from which groups are looked through
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
    size=st.integers(WIDE - 100, WIDE + 100),
    seed=st.integers(0, 1_000),
    ties=st.booleans(),
)
def test_the_likeliest_are_the_highest_logits(rows: int, size: int, seed: int, ties: bool):
    logits = normal(rows, size, seed=seed)
    if ties:
        logits = logits.round()  # many of the same height
    found = likeliest(logits, group_maxima(logits))
    assert all(len(set(row)) == LIKELIEST for row in found.tolist())
    highest = logits.topk(LIKELIEST).values
    assert torch.equal(logits.gather(1, found).sort(descending=True).values, highest)


@needs_integers
@needs_integers
@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_likeliest_logits_are_those_of_the_weights(rows: int, vocabulary: int):
    layer, hidden = layer_of(vocabulary), normal(rows, 64, seed=1)
    with torch.inference_mode():
        logits, _ = built(layer, integers=True)(hidden, [1.0] * rows)
        exact = hidden @ layer.weight.float().T
    favourites = exact.topk(min(vocabulary, LIKELIEST) // 2).indices  # who is just inside may be misjudged
    assert (logits - exact).gather(1, favourites).abs().max() < 1e-4
    if vocabulary > LIKELIEST:
        assert 1e-3 < (logits - exact).abs().max() < 2


@pytest.mark.parametrize("integers", [False, pytest.param(True, marks=needs_integers)])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("entropy", [True, False])
def test_a_row_is_the_same_alone_and_among_others(integers: bool, threads: int, entropy: bool):
    """Its logits if they are integers, what is summed up of them in any case."""
    layer, hidden = built(layer_of(40_000), integers=integers), normal(12, 64, seed=1)
    before = torch.get_num_threads()
    with torch.inference_mode():
        logits, [alone] = layer(hidden[5:6], [0.8])
        try:
            torch.set_num_threads(threads)
            others, among = layer(hidden, [1.3, 1.0, 0.8] * 4, entropy=entropy)
        finally:
            torch.set_num_threads(before)
    if integers:
        assert torch.equal(logits[0], others[5])
    found = among[5]
    assert found is not None and alone is not None
    if integers:
        assert found.total == pytest.approx(alone.total, rel=1e-15)
        assert found.total_at_temperature == pytest.approx(alone.total_at_temperature, rel=1e-15)
        assert found.log_total == alone.log_total
        assert np.array_equal(found.ranking.token_ids, alone.ranking.token_ids)
    assert found.total == pytest.approx(alone.total, rel=1e-5)


@needs_integers
@pytest.mark.parametrize("entropy", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_rows_that_are_not_finite_are_found_out(entropy: bool, value: float):
    layer, hidden = built(layer_of(40_000), integers=True), normal(5, 64, seed=1)
    hidden[2] = value
    with torch.inference_mode():
        logits, summaries = layer(hidden, [0.8] * 5, entropy=entropy)
    assert Distribution(logits[1].numpy(), summaries[1]).peak < 0
    with pytest.raises(FloatingPointError):
        Distribution(logits[2].numpy(), summaries[2])


@pytest.mark.parametrize("integers", [False, pytest.param(True, marks=needs_integers)])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("softcap", [None, 5.0])
def test_a_summary_says_what_the_row_itself_would(vocabulary: int, integers: bool, softcap: float | None):
    temperatures = [0.0, 0.01, 0.5, 0.8, 1.0, 2.5]
    layer = built(layer_of(vocabulary, bias=not integers), integers=integers, softcap=softcap)
    with torch.inference_mode():
        logits, summaries = layer(normal(6, 64, seed=1), temperatures)
    for row, summary, temperature in zip(logits.numpy(), summaries, temperatures, strict=True):
        assert summary is not None
        told, alone = Distribution(row, summary), Distribution(row)
        assert told.peak == pytest.approx(alone.peak, abs=2e-6)
        assert told.entropy_bits == pytest.approx(alone.entropy_bits, abs=1e-5)
        assert told.total_weight(temperature) == pytest.approx(alone.total_weight(temperature), rel=2e-5)
        ids = told.whole.token_ids
        assert len(summary.ranking.token_ids) >= min(vocabulary, LIKELIEST) // 2
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
    layer = OutputLayer(in_blocks([lambda hidden: hidden.round()]), 40_000)
    logits, [summary] = layer(normal(1, 40_000), [1.0])
    assert summary is not None
    logits = logits[0].numpy()
    expected = np.lexsort((np.arange(40_000), -logits))[: len(summary.ranking.token_ids)]
    assert np.array_equal(summary.ranking.token_ids, expected)


def test_rows_that_are_kept_are_the_same_memory():
    layer = built(layer_of(1_000), rows_kept=2)
    one, _ = layer(normal(2, 64), [1.0] * 2)
    two, _ = layer(normal(2, 64, seed=1), [1.0] * 2)
    more, _ = layer(normal(3, 64), [1.0] * 3)
    assert one.data_ptr() == two.data_ptr() != more.data_ptr()
