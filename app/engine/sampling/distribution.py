"""A next-token distribution over the whole vocabulary, ranked only as far as someone looks.

Sorting 262,144 tokens costs more than sampling needs: nearly every question (the draw, top-p, the ten
likeliest) is answered by the few tokens near the peak. So the ranking widens on demand, and is exact at
every width. static/js/base/distribution.js is the twin of this module and of sampler.py.
"""

import itertools
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

# How far below the likeliest token each wider ranking reaches, in nats.
_DEPTHS = (5.0, 8.0, 12.0, 16.0)
_LOG2_E = math.log2(math.e)


@dataclass(frozen=True, slots=True)
class Weights:
    """Of K ranked tokens at a temperature above 0, relative to the likeliest token's 1.0."""

    temperature: float
    each: NDArray[np.float64]  # (K,) exp((logprob - peak) / temperature)
    cumulative: NDArray[np.float64]  # (K,)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The likeliest tokens, likeliest first, ties by id; no token left out is likelier than the last."""

    token_ids: NDArray[np.int64]  # (K,)
    logprobs: NDArray[np.float64]  # (K,)
    complete: bool  # K is the whole vocabulary
    computed: Weights | None = None  # at the one temperature they were computed at already

    def __len__(self) -> int:
        return len(self.token_ids)

    def weights(self, temperature: float) -> Weights:
        if self.computed is not None and self.computed.temperature == temperature:
            return self.computed
        return Weights(temperature, *weights_at(self.logprobs, temperature))


@dataclass(frozen=True, slots=True)
class Summary:
    """What one pass over a row of logits finds out; a runner makes it for a whole batch at once."""

    peak: np.float32  # the highest logit
    total: float  # sum of exp(logit - peak)
    log_total: np.float32  # of it, as log-probabilities are rounded
    mean: float | None  # of logit - peak over the distribution, in nats, where it was wanted
    temperature: float
    total_at_temperature: float  # sum of exp((logit - peak) / temperature)
    ranking: Ranking | None  # of the likeliest tokens; no token left out is as likely


@dataclass(frozen=True, slots=True)
class FarRow:
    """A row of logits that lies elsewhere: most questions are answered without fetching its megabyte."""

    size: int
    fetch: Callable[[], NDArray[np.float32]]  # (size,)

    def __len__(self) -> int:
        return self.size


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

    def __init__(self, logits: NDArray[np.float32] | FarRow, summary: Summary | None = None) -> None:
        self._row = logits
        self._summary = summary or _summary(self.logits)
        self._peak = self._summary.peak
        if not math.isfinite(self._peak):
            raise FloatingPointError("the model's logits are not finite")
        self._log_total = self._summary.log_total
        self.peak = -float(self._log_total)  # the likeliest token's log-probability
        self._rankings = [] if self._summary.ranking is None else [self._summary.ranking]
        self._deeper = iter(_DEPTHS)

    def __len__(self) -> int:
        return len(self._row)

    @cached_property
    def entropy_bits(self) -> float:
        """H = log(total) - E[logit - peak]."""
        summary = self._summary if self._summary.mean is not None else _summary(self.logits)
        assert summary.mean is not None
        return max(0.0, (float(np.log(summary.total)) - summary.mean) / float(np.log(2)))

    @cached_property
    def logits(self) -> NDArray[np.float32]:
        """Of every token, (V,), as the model gave them."""
        return self._row.fetch() if isinstance(self._row, FarRow) else self._row

    @cached_property
    def logprobs(self) -> NDArray[np.float32]:
        """Of every token, (V,)."""
        logprobs: NDArray[np.float32] = below(self.logits, self._peak, self._log_total)
        return logprobs

    def logprob(self, token_id: int) -> float:
        """Of one token, in nats."""
        if self._rankings and isinstance(self._row, FarRow) and "logits" not in self.__dict__:
            places = np.flatnonzero(self._rankings[0].token_ids == token_id)
            if len(places):
                return float(self._rankings[0].logprobs[places[0]])
        return float(below(self.logits[token_id], self._peak, self._log_total))

    def rankings(self) -> Iterator[Ranking]:
        """Ever wider rankings; the last one is the whole vocabulary."""
        for number in itertools.count():
            if number == len(self._rankings) and not self._widen():
                break
            yield self._rankings[number]
        yield self.whole

    def _widen(self) -> bool:
        widest = len(self._rankings[-1]) if self._rankings else 0
        for depth in self._deeper:
            token_ids = np.flatnonzero(self.logits >= self._peak - depth)
            if len(token_ids) > widest:
                self._rankings.append(self._ranked(token_ids))
                return True
        return False

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
        logit = self.logits[token_id]
        ties_before = int(np.count_nonzero(self.logits[:token_id] == logit))
        return 1 + int(np.count_nonzero(self.logits > logit)) + ties_before

    def total_weight(self, temperature: float) -> float:
        """Sum over the vocabulary of exp((logprob - peak) / temperature)."""
        if temperature == self._summary.temperature:
            return self._summary.total_at_temperature
        if temperature == 1.0:
            return self._summary.total
        # float32 has no room for a smaller divisor, and the weights are 0 or 1 long before
        return float(_weights(self.logits, self._peak, max(temperature, 1e-30))[1].sum())

    def _ranked(self, token_ids: NDArray[np.int64]) -> Ranking:
        logits = self.logits[token_ids]
        order = np.argsort(-logits, kind="stable")  # ids come ascending, so ties stay by id
        logprobs = below(logits[order], self._peak, self._log_total)
        return Ranking(token_ids[order], logprobs.astype(np.float64), complete=len(token_ids) == len(self))


def below(logits: Any, peak: Any, log_total: Any) -> Any:
    """Log-probabilities float32, from logits, the highest of them and the logarithm of `Summary.total`."""
    logprobs = logits - peak
    logprobs -= log_total
    return logprobs


def weights_at(
    logprobs: NDArray[np.float64], temperature: float | NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`Weights` of ranked tokens (..., K) at temperatures (..., 1): each, and cumulative."""
    with np.errstate(over="ignore", under="ignore"):
        each = np.exp((logprobs - logprobs[..., :1]) / temperature)
    return each, np.cumsum(each, -1)


def _summary(logits: NDArray[np.float32]) -> Summary:
    peak = logits.max()
    shifted, weights = _weights(logits, peak, 1.0)
    total = float(weights.sum())
    mean = float(np.dot(weights, shifted)) / total / _LOG2_E
    return Summary(peak, total, np.float32(np.log(total)), mean, 1.0, total, None)


def _weights(
    logits: NDArray[np.float32], peak: np.float32, temperature: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """log2 of each token's weight exp((logit - peak) / temperature), (V,), and the weight.

    Powers of 2, because numpy and torch raise 2 in half the time they raise e.
    """
    shifted, weights = _scratch.rows(len(logits))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        np.subtract(logits, peak, out=shifted)  # all <= 0
        np.multiply(shifted, np.float32(_LOG2_E / temperature), out=shifted)
        np.exp2(shifted, out=weights)
    return shifted, weights


def likeliest_ids(logprobs: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The ids of the likeliest tokens, likeliest first, equal ones by id."""
    count = min(count, len(logprobs))
    if count == 0:
        return np.zeros(0, np.int64)
    threshold = np.partition(logprobs, -count)[-count]
    candidates = np.flatnonzero(logprobs >= threshold)
    return candidates[np.lexsort((candidates, -logprobs[candidates]))][:count]
