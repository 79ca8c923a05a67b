"""Processors and the draw, against transformers' own warpers and against chance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.engine.contract.params import SamplingParams
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution, FarRow, Ranking, Summary, likeliest_ids
from app.engine.sampling.logits_process import min_p_count, top_p_count
from app.engine.sampling.sampler import penalise, probabilities, sample
from app.engine.sampling.scoring import score


def random_logits(seed: int, size: int = 5_000, scale: float = 3.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, size).astype(np.float32)


def random_params(seed: int, size: int = 5_000) -> SamplingParams:
    rng = np.random.default_rng(10_000 + seed)
    return SamplingParams(
        temperature=float(rng.choice([1.0, 0.1, 0.7, 1.5, 3.0, rng.uniform(0.05, 5)])),
        top_k=int(rng.choice([0, 1, 40, size, rng.integers(1, size)])),
        top_p=float(rng.choice([1.0, 0.0, 0.9, rng.uniform(0, 1)])),
        min_p=float(rng.choice([0.0, 0.05, 1.0, rng.uniform(0, 1)])),
        repetition_penalty=float(rng.choice([1.0, 1.3, rng.uniform(0.8, 2)])),
    )


def transformers_probabilities(
    logits: np.ndarray, params: SamplingParams, token_ids: list[int]
) -> np.ndarray:
    """The same settings through transformers' processors, in float64 so that only the rule is compared."""
    import torch
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    warpers = LogitsProcessorList()
    if params.repetition_penalty != 1.0:
        warpers.append(RepetitionPenaltyLogitsProcessor(params.repetition_penalty))
    if params.temperature != 1.0:
        warpers.append(TemperatureLogitsWarper(params.temperature))
    if params.top_k:
        warpers.append(TopKLogitsWarper(params.top_k))
    if params.top_p < 1.0:
        warpers.append(TopPLogitsWarper(params.top_p))
    if params.min_p:
        warpers.append(MinPLogitsWarper(params.min_p))
    scores = warpers(torch.tensor([token_ids]), torch.tensor(logits, dtype=torch.float64)[None])
    return scores.softmax(-1)[0].numpy()


def test_the_pipeline_equals_transformers_on_500_random_settings():
    worst = 0.0
    for seed in range(500):
        logits, params = random_logits(seed // 50), random_params(seed)
        token_ids = np.random.default_rng(seed).integers(0, len(logits), 20)
        ours = probabilities(Distribution(penalise(logits, params, token_ids, 20)), params)
        theirs = transformers_probabilities(logits, params, token_ids.tolist())
        worst = max(worst, float(np.abs(ours - theirs).max()))
    assert worst <= 1e-6, worst


@pytest.mark.parametrize(
    "params",
    [
        SamplingParams(temperature=0.7),
        SamplingParams(top_k=40),
        SamplingParams(top_p=0.9),
        SamplingParams(min_p=0.1),
        SamplingParams(repetition_penalty=1.5),
    ],
    ids=["temperature", "top_k", "top_p", "min_p", "repetition_penalty"],
)
def test_each_processor_alone_equals_transformers(params):
    for seed in range(20):
        logits = random_logits(seed, size=262_144 if seed == 0 else 5_000)
        token_ids = np.arange(0, 40)
        ours = probabilities(Distribution(penalise(logits, params, token_ids, 40)), params)
        theirs = transformers_probabilities(logits, params, token_ids.tolist())
        assert np.abs(ours - theirs).max() <= 1e-6


def test_frequency_and_presence_follow_openais_formula():
    logits, written = random_logits(1, 50), np.array([7, 7, 9])
    params = SamplingParams(frequency_penalty=0.5, presence_penalty=0.25)
    changed = penalise(logits, params, np.array([3, *written]), prompt_length=1)
    expected = logits.copy()
    expected[7] -= 2 * 0.5 + 0.25
    expected[9] -= 0.5 + 0.25
    assert np.allclose(changed, expected)


def test_a_narrow_ranking_gives_what_the_whole_vocabulary_gives():
    """The sampler looks only as far as it must; looking further changes nothing."""
    for seed in range(200):
        logits = random_logits(seed, scale=float(np.random.default_rng(seed).uniform(0.1, 6)))
        params, u = random_params(seed), dice.roll(seed, 0, 0)
        choice = sample(Distribution(logits), params, u)
        distribution = Distribution(logits)
        expected = probabilities(distribution, params)
        assert math.isclose(math.exp(choice.processed_logprob), expected[choice.token_id], rel_tol=1e-6)
        assert choice.kept == np.count_nonzero(expected) or expected.min() == 0  # tiny weights may underflow
        order = distribution.whole.token_ids
        cumulative = np.cumsum(expected[order])
        place = int(np.flatnonzero(order == choice.token_id)[0])
        assert cumulative[place] >= u - 1e-9
        assert place == 0 or cumulative[place - 1] <= u + 1e-9


def test_temperature_zero_is_greedy_and_ties_go_to_the_lower_id():
    logits = np.array([0.0, 2.0, 2.0, -1.0], np.float32)
    choice = sample(Distribution(logits), SamplingParams(temperature=0), 0.99)
    assert (choice.token_id, choice.kept, choice.processed_logprob) == (1, 1, 0.0)


def test_top_k_keeps_ties_at_the_last_place():
    logits = np.array([3.0, 1.0, 1.0, 0.0], np.float32)
    assert np.count_nonzero(probabilities(Distribution(logits), SamplingParams(top_k=2))) == 3


def test_ten_thousand_draws_follow_the_shown_distribution():
    """Chi-squared over the 30 likeliest tokens and the rest: the 99.9% point for 30 degrees is 59.7."""
    logits, params = random_logits(4, 2_000), SamplingParams(temperature=0.9, top_k=200, top_p=0.95)
    expected = probabilities(Distribution(logits), params)
    drawn = np.bincount(
        [
            sample(Distribution(logits), params, dice.roll(618, 0, position)).token_id
            for position in range(10_000)
        ],
        minlength=len(logits),
    )
    shown = np.argsort(-expected)[:30]
    observed = np.append(drawn[shown], 10_000 - drawn[shown].sum())
    theory = 10_000 * np.append(expected[shown], 1 - expected[shown].sum())
    chi_squared = float(((observed - theory) ** 2 / theory).sum())
    assert chi_squared < 59.7, chi_squared


@given(
    arrays(np.float32, st.integers(1, 60), elements=st.floats(-100, 100, width=32)),
    st.one_of(st.just(0.0), st.floats(0, 5, allow_subnormal=True)),
    st.integers(0, 70),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1, exclude_max=True),
)
def test_any_setting_draws_a_kept_token_with_finite_numbers(logits, temperature, top_k, top_p, min_p, u):
    params = SamplingParams(temperature, top_k, top_p, min_p, logprobs=5)
    choice = sample(Distribution(logits), params, u)
    assert 0 <= choice.token_id < len(logits)
    assert 1 <= choice.kept <= len(logits)
    assert -1e9 < choice.raw_logprob <= 1e-6
    assert math.isfinite(choice.processed_logprob) and choice.processed_logprob <= 1e-6
    assert all(a.processed_logprob is None or math.isfinite(a.processed_logprob) for a in choice.top)
    assert 0 <= choice.entropy_bits <= math.log2(len(logits)) + 1e-3


@given(arrays(np.float32, st.integers(2, 60), elements=st.floats(-50, 50, width=32)), st.floats(0.01, 1))
def test_top_p_keeps_at_least_p_and_no_token_more(logits, p):
    distribution = Distribution(logits)
    plain = np.exp(distribution.whole.logprobs)
    count = np.count_nonzero(probabilities(distribution, SamplingParams(top_p=p)))
    assert plain[:count].sum() >= p - 1e-6 or count == len(logits)
    assert count == 1 or plain[: count - 1].sum() <= p + 1e-6


def test_exactly_half_of_the_mass_is_enough_and_exactly_that_likely_is_kept():
    """Sums of halves and quarters are exact, so a boundary is met, not missed by a rounding error."""
    weights = np.array([1.0, 0.5, 0.5])  # probabilities .5, .25, .25
    assert top_p_count(weights, 0.5, 2.0) == 1
    assert top_p_count(np.array([1.0, 1.0, 1.0, 1.0]), 0.5, 4.0) == 2
    assert min_p_count(np.array([1.0, 0.5, 0.25]), 0.5) == 2
    assert min_p_count(np.array([1.0, 0.5, 0.25]), 1.0) == 1


def test_a_roll_on_the_edge_of_two_tokens_is_the_second_ones():
    even = np.zeros(4, np.float32)
    drawn = [sample(Distribution(even), SamplingParams(), u).token_id for u in (0.0, 0.25, 0.5, 0.75)]
    assert drawn == [0, 1, 2, 3]
    halved = sample(Distribution(even), SamplingParams(top_p=0.5), 0.5)
    assert (halved.kept, halved.token_id) == (2, 1)


def test_equal_tokens_are_ranked_by_id_however_far_down_they_are():
    logits = np.array([5.0, -90.0, -90.0, 4.0, -90.0, -91.0], np.float32)
    distribution = Distribution(logits)
    assert [distribution.rank(token) for token in range(6)] == [1, 3, 4, 2, 5, 6]
    next(distribution.rankings())  # reaches only the likeliest; the far ones are still counted
    assert [distribution.rank(token) for token in range(6)] == [1, 3, 4, 2, 5, 6]


def test_alternatives_after_penalties_are_those_that_are_kept_with_their_probabilities():
    token_ids = np.arange(0, 40)
    for seed in range(20):
        logits = random_logits(seed, size=60)
        params = SamplingParams(temperature=0.7, top_k=5, repetition_penalty=1.4, logprobs=60)
        left = probabilities(Distribution(penalise(logits, params, token_ids, 40)), params)
        choice = sample(Distribution(logits), params, 0.3, token_ids=token_ids, prompt_length=40)
        shown = {other.token_id: other.processed_logprob for other in choice.top}
        assert len(shown) == 60
        for token_id, logprob in shown.items():
            assert math.exp(-math.inf if logprob is None else logprob) == pytest.approx(
                left[token_id], abs=1e-6
            )
            assert (logprob is None) == (left[token_id] == 0)


def test_at_temperature_zero_the_likeliest_is_certain_and_no_other_is_possible():
    choice = sample(Distribution(random_logits(3, 20)), SamplingParams(temperature=0, logprobs=3), 0.5)
    assert [other.processed_logprob for other in choice.top] == [0.0, None, None]
    assert choice.top[0].token_id == choice.token_id


def far(logits: np.ndarray, ranked: int, temperature: float = 0.7) -> tuple[Distribution, list[int]]:
    """The same distribution as a runner hands it over: summed up, with the likeliest beside it, the row far
    away; and a list that grows with each time the row is fetched.
    """
    near, fetched = Distribution(logits), []
    whole = near.whole
    below = (logits - logits.max()).astype(np.float64)
    summary = Summary(
        peak=logits.max(),
        total=float(np.exp(below).sum()),
        log_total=np.float32(np.log(np.exp(below).sum())),
        mean=None,
        temperature=temperature,
        total_at_temperature=float(np.exp(below / temperature).sum()),
        ranking=Ranking(whole.token_ids[:ranked], whole.logprobs[:ranked], complete=False),
    )

    def fetch() -> np.ndarray:
        fetched.append(1)
        return logits

    return Distribution(FarRow(len(logits), fetch), summary), fetched


def test_of_a_row_that_is_far_away_the_likeliest_are_known_without_it():
    logits = random_logits(5, 200)
    near, (distribution, fetched) = Distribution(logits), far(logits, 20)
    likely = near.whole.token_ids[:20].tolist()
    assert len(distribution) == 200 and distribution.peak == pytest.approx(near.peak)
    assert [distribution.rank(token) for token in likely] == list(range(1, 21))
    assert [distribution.logprob(token) for token in likely] == [near.logprob(token) for token in likely]
    assert len(distribution.top(20)) == 20
    for temperature in (0.7, 1.0):
        assert distribution.total_weight(temperature) == pytest.approx(near.total_weight(temperature))
    choice = sample(distribution, SamplingParams(temperature=0.7, top_k=19, entropy=False), 0.5)
    assert choice.token_id in likely and choice.entropy_bits is None and choice.top == ()
    assert fetched == []


def test_of_a_row_that_is_far_away_the_rest_is_as_if_it_were_near():
    logits = random_logits(5, 200)
    near, (distribution, fetched) = Distribution(logits), far(logits, 20)
    assert [distribution.logprob(t) for t in range(200)] == pytest.approx(near.logprobs.tolist(), abs=1e-5)
    assert [distribution.rank(token) for token in range(200)] == [near.rank(t) for t in range(200)]
    assert distribution.entropy_bits == pytest.approx(near.entropy_bits)
    assert distribution.total_weight(2.0) == pytest.approx(near.total_weight(2.0))
    assert distribution.logprobs == pytest.approx(near.logprobs, abs=1e-5)
    lengths = [len(ranking) for ranking in distribution.rankings()]
    assert lengths == sorted(lengths) and (lengths[0], lengths[-1]) == (20, 200)
    assert fetched == [1]
    for seed in range(50):
        params, u = random_params(seed, 200), dice.roll(seed, 0, 0)
        ours, theirs = sample(far(logits, 20)[0], params, u), sample(near, params, u)
        assert (ours.token_id, ours.kept, ours.rank) == (theirs.token_id, theirs.kept, theirs.rank)
        assert ours.processed_logprob == pytest.approx(theirs.processed_logprob, abs=1e-5)


def test_entropy_is_that_of_the_model_and_bounded_by_the_vocabulary():
    assert Distribution(np.zeros(8, np.float32)).entropy_bits == pytest.approx(3.0)
    logits = np.log(np.array([0.5, 0.25, 0.125, 0.125], np.float32)) + np.float32(40.0)
    assert Distribution(logits).entropy_bits == pytest.approx(1.75, abs=1e-5)


def test_a_penalty_counts_nothing_where_nothing_was_written():
    logits = random_logits(2, 30)
    params = SamplingParams(frequency_penalty=1.0, presence_penalty=1.0, repetition_penalty=2.0)
    empty = np.array([], np.int64)
    assert np.array_equal(penalise(logits, params, empty, 0), logits)
    written = SamplingParams(frequency_penalty=1.0)
    assert np.array_equal(penalise(logits, written, np.array([3, 4]), 2), logits)
    assert penalise(logits, written, np.array([3, 4]), 1)[4] == pytest.approx(logits[4] - 1.0)


def test_what_is_not_finite_is_no_distribution():
    with pytest.raises(FloatingPointError, match="not finite"):
        Distribution(np.array([0.0, np.nan, 1.0], np.float32))


def test_as_many_likeliest_as_are_asked_for_and_no_more_than_there_are():
    logits = np.array([1.0, 3.0, 3.0, -2.0, 2.0], np.float32)
    assert likeliest_ids(logits, 3).tolist() == [1, 2, 4]
    assert likeliest_ids(logits, 1).tolist() == [1]
    assert likeliest_ids(logits, 9).tolist() == [1, 2, 4, 0, 3]
    assert likeliest_ids(logits, 0).tolist() == []


def test_what_a_token_in_a_text_was_worth():
    distribution = Distribution(np.log(np.array([0.5, 0.3, 0.2], np.float32)))
    told = score(distribution, 1, 2)
    assert (told.token_id, told.rank) == (1, 2)
    assert told.raw_logprob == pytest.approx(math.log(0.3), abs=1e-6)
    assert told.entropy_bits == pytest.approx(1.485475, abs=1e-5)
    assert [(other.token_id, other.processed_logprob) for other in told.top] == [(0, None), (1, None)]
    assert [other.raw_logprob for other in told.top] == pytest.approx(
        [math.log(0.5), math.log(0.3)], abs=1e-6
    )
    assert score(distribution, 1, 0).top == ()
