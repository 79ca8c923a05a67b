"""A next-token distribution over the whole vocabulary, ranked only as far as someone looks.

Sorting 262,144 tokens costs more than sampling needs: nearly every question (the draw, top-p, the ten
likeliest) is answered by the few tokens near the peak. So the ranking widens on demand, and is exact at
every width. static/js/distribution.js is the twin of this module and of sampler.py.
"""

import threading
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


class _Scratch(threading.local):
    """Two rows (V,) for each thread: fresh ones would cost more in page faults than the arithmetic."""

    def __init__(self) -> None:
        self._rows = np.empty((2, 0), np.float32)

    def rows(self, size: int) -> NDArray[np.float32]:
        if self._rows.shape[1] < size:
            self._rows = np.empty((2, size), np.float32)
        return self._rows[:, :size]


_scratch = _Scratch()


class Distribution:
    """What the model believes comes next: logits (V,) float32 as log-probabilities in nats.

    Keeps the logits, so they must not change afterwards. Raises FloatingPointError where they are not finite.
    """

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._logits = logits
        self._peak = logits.max()
        if not np.isfinite(self._peak):
            raise FloatingPointError("the model's logits are not finite")
        shifted, weights = _scratch.rows(len(logits))
        np.subtract(logits, self._peak, out=shifted)  # all <= 0
        np.exp(shifted, out=weights)
        total = float(weights.sum())
        self._log_total = np.float32(np.log(total))
        self.peak = -float(self._log_total)  # the likeliest token's log-probability
        # H = log(total) - E[shifted]
        mean = float(np.dot(weights, shifted)) / total
        self.entropy_bits = max(0.0, (float(np.log(total)) - mean) / float(np.log(2)))
        self._rankings: list[Ranking] = []

    def __len__(self) -> int:
        return len(self._logits)

    @cached_property
    def logprobs(self) -> NDArray[np.float32]:
        """Of every token, (V,)."""
        logprobs: NDArray[np.float32] = self._logits - self._peak
        logprobs -= self._log_total
        return logprobs

    def logprob(self, token_id: int) -> float:
        """Of one token, in nats."""
        return float((self._logits[token_id] - self._peak) - self._log_total)

    def rankings(self) -> Iterator[Ranking]:
        """Ever wider rankings; the last one is the whole vocabulary."""
        for number, depth in enumerate(_DEPTHS):
            if number == len(self._rankings):
                self._rankings.append(self._ranked(np.flatnonzero(self._logits >= self._peak - depth)))
            yield self._rankings[number]
        yield self.whole

    @cached_property
    def whole(self) -> Ranking:
        return self._ranked(np.arange(len(self)))

    def top(self, count: int) -> Ranking:
        """At least the `count` likeliest tokens."""
        return next(ranking for ranking in self.rankings() if len(ranking) >= count or ranking.complete)

    def rank(self, token_id: int) -> int:
        """1 for the likeliest token (vLLM counts the same way), ties by id."""
        for ranking in self._rankings:
            places = np.flatnonzero(ranking.token_ids == token_id)
            if len(places):
                return 1 + int(places[0])
        logit = self._logits[token_id]
        ties_before = int(np.count_nonzero(self._logits[:token_id] == logit))
        return 1 + int(np.count_nonzero(self._logits > logit)) + ties_before

    def total_weight(self, temperature: float) -> float:
        """Sum over the vocabulary of exp((logprob - peak) / temperature)."""
        if temperature == 1.0:
            return float(np.exp(-np.float64(self.peak)))
        scaled, weights = _scratch.rows(len(self))
        with np.errstate(over="ignore", under="ignore"):
            np.subtract(self._logits, self._peak, out=scaled)
            # float32 has no room for a smaller divisor, and exp is 0 or 1 long before
            np.divide(scaled, np.float32(max(temperature, 1e-30)), out=scaled)
            np.exp(scaled, out=weights)
        return float(weights.sum())

    def _ranked(self, token_ids: NDArray[np.int64]) -> Ranking:
        logprobs = (self._logits[token_ids] - self._peak) - self._log_total
        order = np.argsort(-logprobs, kind="stable")  # ids come in ascending, so ties stay by id
        return Ranking(token_ids[order], logprobs[order].astype(np.float64), complete=len(order) == len(self))
