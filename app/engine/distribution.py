"""A next-token distribution over the whole vocabulary, ranked only as far as someone looks.

Sorting 262,144 tokens costs more than sampling needs: nearly every question (the draw, top-p, the ten
likeliest) is answered by the few tokens near the peak. So the ranking widens on demand, and is exact at
every width. static/js/distribution.js is the twin of this module and of sampler.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# How far below the likeliest token each wider ranking reaches, in nats.
_DEPTHS = (5.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The likeliest tokens, likeliest first, ties by id; no token left out is likelier than the last."""

    token_ids: NDArray[np.int64]  # (K,)
    logprobs: NDArray[np.float64]  # (K,)
    complete: bool  # K is the whole vocabulary

    def __len__(self) -> int:
        return len(self.token_ids)


class Distribution:
    """What the model believes comes next: logits (V,) float32 as log-probabilities in nats."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        peak = logits.max()
        if not np.isfinite(peak):
            raise FloatingPointError("the model's logits are not finite")
        shifted = logits - peak  # (V,), all <= 0
        weights = np.exp(shifted)
        total = float(weights.sum(dtype=np.float64))
        self.logprobs: NDArray[np.float32] = shifted - np.float32(np.log(total))
        self.peak = float(self.logprobs.max())
        # H = log(total) - E[shifted]
        mean = float(np.dot(weights, shifted)) / total
        self.entropy_bits = max(0.0, (float(np.log(total)) - mean) / float(np.log(2)))

    def __len__(self) -> int:
        return len(self.logprobs)

    def rankings(self) -> Iterator[Ranking]:
        """Ever wider rankings; the last one is the whole vocabulary."""
        for depth in _DEPTHS:
            yield self._ranked(np.flatnonzero(self.logprobs >= np.float32(self.peak - depth)))
        yield self.whole

    @cached_property
    def whole(self) -> Ranking:
        return self._ranked(np.arange(len(self.logprobs)))

    def top(self, count: int) -> Ranking:
        """At least the `count` likeliest tokens."""
        return next(ranking for ranking in self.rankings() if len(ranking) >= count or ranking.complete)

    def rank(self, token_id: int) -> int:
        """1 for the likeliest token (vLLM counts the same way), ties by id."""
        logprob = self.logprobs[token_id]
        ties_before = int(np.count_nonzero(self.logprobs[:token_id] == logprob))
        return 1 + int(np.count_nonzero(self.logprobs > logprob)) + ties_before

    def total_weight(self, temperature: float) -> float:
        """Sum over the vocabulary of exp((logprob - peak) / temperature)."""
        if temperature == 1.0:
            return float(np.exp(-np.float64(self.peak)))
        with np.errstate(over="ignore", under="ignore"):
            # float32 has no room for a smaller divisor, and exp is 0 or 1 long before
            scaled = (self.logprobs - np.float32(self.peak)) / np.float32(max(temperature, 1e-30))
            return float(np.exp(scaled).sum(dtype=np.float64))

    def _ranked(self, token_ids: NDArray[np.int64]) -> Ranking:
        logprobs = self.logprobs[token_ids]
        order = np.argsort(-logprobs, kind="stable")  # ids come in ascending, so ties stay by id
        return Ranking(
            token_ids[order], logprobs[order].astype(np.float64), complete=len(order) == len(self.logprobs)
        )
