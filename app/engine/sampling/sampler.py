"""The sampler: penalties, temperature, top-k, top-p, min-p in this one order, then the draw.

The order is transformers' (`GenerationMixin._get_logits_processor`, 5.x). The draw is inverse-CDF over the
kept tokens, likeliest first, so a page can show the roll and repeat it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.outputs import Alternative
from app.engine.contract.params import SamplingParams
from app.engine.sampling.distribution import Distribution, Ranking, Weights
from app.engine.sampling.logits_process import (
    min_p_count,
    occurrence_penalties,
    repetition_penalty,
    top_k_count,
    top_p_count,
)

_CERTAIN = Weights(0.0, np.ones(1), np.ones(1))


@dataclass(frozen=True, slots=True)
class Choice:
    """One draw and all that is worth knowing about it."""

    token_id: int
    u: float
    raw_logprob: float
    processed_logprob: float
    rank: int
    entropy_bits: float | None
    kept: int
    top: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What truncation left: a prefix of the ranking, its weights and their sum."""

    ranking: Ranking
    weights: Weights  # of K tokens
    count: int  # how many of the vocabulary are kept; may pass K where nothing is cut
    mass: float  # the sum of all kept weights

    def holds(self, distribution: Distribution, token_id: int) -> bool:
        if self.count >= len(distribution):
            return True
        last_id = int(self.ranking.token_ids[self.count - 1])
        logprob, last = distribution.logprob(token_id), distribution.logprob(last_id)
        return bool(logprob > last or (logprob == last and token_id <= last_id))


def penalise(
    logits: NDArray[np.float32], params: SamplingParams, token_ids: NDArray[np.int64], prompt_length: int
) -> NDArray[np.float32]:
    """Logits after the penalties. Repetition counts the whole text, the other two what was generated."""
    if params.repetition_penalty != 1.0 and len(token_ids):
        logits = repetition_penalty(logits, token_ids, params.repetition_penalty)
    if (params.frequency_penalty or params.presence_penalty) and len(token_ids) > prompt_length:
        logits = occurrence_penalties(
            logits, token_ids[prompt_length:], params.frequency_penalty, params.presence_penalty
        )
    return logits


def truncate(distribution: Distribution, params: SamplingParams, ranking: Ranking) -> Kept | None:
    """Apply temperature, top-k, top-p, min-p on one ranking; None if it is too short to tell."""
    if params.temperature == 0:
        return Kept(ranking, _CERTAIN, 1, 1.0)
    size = len(distribution)
    at_temperature = ranking.weights(params.temperature)
    weights = at_temperature.each  # (K,)
    count, mass = size, None
    if 0 < params.top_k < size:
        limit = top_k_count(ranking.logprobs, params.top_k)
        if limit is None:
            return None
        count, mass = limit, float(weights[:limit].sum())
    if params.top_p < 1.0:
        if mass is None:
            mass = distribution.total_weight(params.temperature)
        limit = top_p_count(weights[:count], params.top_p, mass)
        if limit is None and count > len(weights) and not ranking.complete:
            return None
        if limit is not None:
            count, mass = limit, float(weights[:limit].sum())
    if params.min_p > 0.0:
        limit = min_p_count(weights[:count], params.min_p)
        if limit is None and count > len(weights) and not ranking.complete:
            return None
        if limit is not None:
            count, mass = limit, float(weights[:limit].sum())
    if mass is None:
        mass = distribution.total_weight(params.temperature)
    return Kept(ranking, at_temperature, count, mass)


def probabilities(distribution: Distribution, params: SamplingParams) -> NDArray[np.float64]:
    """The processed distribution, shape (V,), in order of token id; cut tokens have probability 0."""
    kept = truncate(distribution, params, distribution.whole)
    assert kept is not None, "the whole vocabulary is always wide enough"
    result = np.zeros(len(distribution))
    weights = kept.weights.each[: kept.count]
    result[kept.ranking.token_ids[: len(weights)]] = weights / weights.sum()
    return result


def sample(
    raw: Distribution,
    params: SamplingParams,
    u: float,
    *,
    token_ids: NDArray[np.int64] | None = None,
    prompt_length: int = 0,
) -> Choice:
    """Choose the next token: the one whose interval of the cumulative processed distribution holds u."""
    processed = raw
    if params.has_penalties and token_ids is not None:
        processed = Distribution(penalise(raw.logits, params, token_ids, prompt_length))
    kept, index = _draw(processed, params, u)
    chosen = int(kept.ranking.token_ids[index])
    same_order = processed is raw
    log_mass = math.log(kept.mass)
    return Choice(
        token_id=chosen,
        u=u,
        raw_logprob=float(kept.ranking.logprobs[index]) if same_order else raw.logprob(chosen),
        processed_logprob=math.log(kept.weights.each[index]) - log_mass,
        rank=index + 1 if same_order else raw.rank(chosen),
        entropy_bits=raw.entropy_bits if params.entropy else None,
        kept=kept.count,
        top=_alternatives(raw, processed, params, kept, log_mass),
    )


def _draw(distribution: Distribution, params: SamplingParams, u: float) -> tuple[Kept, int]:
    """The kept tokens and the index of the drawn one, on the narrowest ranking that holds both."""
    for ranking in distribution.rankings():
        kept = truncate(distribution, params, ranking)
        if kept is None:
            continue
        cumulative = kept.weights.cumulative[: kept.count]
        index = int(cumulative.searchsorted(u * kept.mass, side="right"))
        if index < len(cumulative):
            return kept, index
        if kept.count <= len(ranking) or ranking.complete:
            possible = np.flatnonzero(kept.weights.each[: kept.count])
            return kept, int(possible[-1])  # u fell into the rounding error
    raise AssertionError("the whole vocabulary holds every roll")


def _alternatives(
    raw: Distribution, processed: Distribution, params: SamplingParams, kept: Kept, log_mass: float
) -> tuple[Alternative, ...]:
    if params.logprobs == 0:
        return ()
    top = raw.top(params.logprobs)
    token_ids, logprobs = top.token_ids[: params.logprobs].tolist(), top.logprobs[: params.logprobs]
    processed_logprobs: list[float | None]
    if processed is raw:  # what is kept are the first of the same order
        processed_logprobs = _scaled(logprobs[: kept.count] - logprobs[0], params, log_mass)
        processed_logprobs += [None] * (len(token_ids) - len(processed_logprobs))
    else:
        processed_logprobs = [_processed_logprob(processed, params, kept, log_mass, i) for i in token_ids]
    return tuple(map(Alternative, token_ids, logprobs.tolist(), processed_logprobs))


def _processed_logprob(
    processed: Distribution, params: SamplingParams, kept: Kept, log_mass: float, token_id: int
) -> float | None:
    if not kept.holds(processed, token_id):
        return None
    below_peak = processed.logprob(token_id) - kept.ranking.logprobs[:1]
    return _scaled(below_peak, params, log_mass)[0]


def _scaled(below_peak: NDArray[np.float64], params: SamplingParams, log_mass: float) -> list[float | None]:
    """Processed log-probabilities of kept tokens (K,), from how far their own lie below the peak."""
    if params.temperature == 0:
        return [0.0] * len(below_peak)
    logprobs = [below / params.temperature - log_mass for below in below_peak.tolist()]
    return [logprob if logprob > -1e300 else None for logprob in logprobs]  # too cold leaves nothing of it
