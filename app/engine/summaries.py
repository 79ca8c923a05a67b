"""Summaries of a batch of logits, made while they are computed block by block.

Each block's sums are relative to its own peak and put together at the end (Milakov and Gimelshein 2018,
"Online normalizer calculation for softmax"). What is computed where the logits are (`Sums`) asks nothing of
the host, so it can be recorded with the forward pass; what is small is read and finished here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.distribution import Ranking, Summary, Weights, below, weights_at

_LOG2_E = float(np.float32(math.log2(math.e)))  # as a block has it, so that what is near its peak is exact
# A colder distribution is left to whoever draws from it: what is said again of a candidate would outweigh
# by far what was summed up of it.
_COLDEST = 0.1
_ROWS = 8  # summed up together on a CPU: as much of a block as its own cache holds


def summed_at(temperature: float) -> float:
    """The temperature that a row to be drawn from at `temperature` is summed up at."""
    return temperature if temperature >= _COLDEST else 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of N rows of logits, where they were computed."""

    sums: Tensor  # (blocks, 4, N): what the others are relative to, and three sums as `Sums` makes them
    before: Tensor  # (N, K) logits of the candidates when they were summed up, in no order
    token_ids: Tensor  # (N, K) candidates, likeliest first, ties by id
    logits: Tensor  # (N, K) theirs, now
    known: Tensor  # (N,) how many of them nobody else comes before
    width: int  # V

    def rows(self, count: int) -> "Found":
        """Of the first `count` rows."""
        return Found(
            self.sums[..., :count],
            self.before[:count],
            self.token_ids[:count],
            self.logits[:count],
            self.known[:count],
            self.width,
        )


class Sums:
    """Of N rows, each to be drawn from at its temperature.

    `factors` are 1 / `summed_at` (N, 1); None: 1 everywhere. `entropy` wants a sum that nothing else does.
    """

    def __init__(self, factors: Tensor | None, *, entropy: bool = True) -> None:
        self._factors, self._entropy = factors, entropy
        self._sums: list[Tensor] = []
        self._room: Tensor | None = None  # (2, rows, C)

    def add(self, logits: Tensor, highest: Tensor) -> None:
        """The next block's columns (N, C), whose groups of columns are `highest` (N, groups) at most."""
        rows = min(len(logits), _ROWS) if logits.device.type == "cpu" else len(logits)
        if self._room is None or self._room.shape[2] < logits.shape[1]:
            self._room = logits.new_empty(2, rows, logits.shape[1])
        zeros = highest.amax(1, keepdim=True).mul_(_LOG2_E)
        sums = logits.new_empty(4, len(logits))
        sums[0] = zeros[:, 0]
        for start in range(0, len(logits), rows):
            self._sum(logits, zeros, sums, slice(start, start + rows))
        self._sums.append(sums)

    def _sum(self, logits: Tensor, zeros: Tensor, sums: Tensor, rows: slice) -> None:
        """The sum of w = 2 ** (log2(e) * logit - zero), of w * log2(w), of w at the temperature."""
        logits = logits[rows]
        assert self._room is not None
        exponents, weights = self._room[:, : len(logits), : logits.shape[1]]
        torch.add(-zeros[rows], logits, alpha=_LOG2_E, out=exponents)  # one rounding: it multiplies and adds
        torch.exp2(exponents, out=weights)  # 2 is raised in half the time of e
        torch.sum(weights, 1, out=sums[1, rows])
        if self._entropy:
            torch.sum(weights.mul_(exponents), 1, out=sums[2, rows])
        else:
            sums[2, rows] = math.nan
        if self._factors is None:
            sums[3, rows] = sums[1, rows]
        else:
            torch.sum(exponents.mul_(self._factors[rows]).exp2_(), 1, out=sums[3, rows])

    def found(self, logits: Tensor, candidates: Tensor, before: Tensor) -> Found:
        """With the rows as they are now (N, V), where candidates (N, K) were `before` otherwise."""
        candidates = candidates.sort(1).values
        now, order = logits.gather(1, candidates).sort(dim=1, descending=True, stable=True)
        width = logits.shape[1]
        if candidates.shape[1] == width:
            known = torch.full_like(candidates[:, 0], width)
        else:  # no other token is above the lowest candidate, as it was found
            known = (now > before.amin(1, keepdim=True)).sum(1)
        return Found(torch.stack(self._sums), before, candidates.gather(1, order), now, known, width)


def read(found: Found, temperatures: Sequence[float]) -> list[Summary | None]:
    """Summaries of N rows that are drawn from at their `temperatures`.

    None for a row whose candidates fell behind the others: nothing is known of its order.
    """
    at = [summed_at(each) for each in temperatures]
    inverse = np.array([1 / each for each in at])  # (N,)
    token_ids, logits, known = (part.cpu().numpy() for part in (found.token_ids, found.logits, found.known))
    before, now = _float64(found.before), logits.astype(np.float64)
    zeros, totals, moments, tempered = _float64(found.sums.transpose(0, 1))  # each (blocks, N)
    peak = now[:, 0]
    shift = zeros - peak * _LOG2_E
    total = (totals * np.exp2(shift)).sum(0)
    moment = ((moments + shift * totals) * np.exp2(shift)).sum(0)
    at_temperature = (tempered * np.exp2(shift * inverse)).sum(0)
    for sign, values in ((-1, before), (1, now)):
        exponents = (values - peak[:, None]) * _LOG2_E  # (N, K)
        weights = np.exp2(exponents)
        total += sign * weights.sum(1)
        moment += sign * (exponents * weights).sum(1)
        at_temperature += sign * np.exp2(exponents * inverse[:, None]).sum(1)
    means = [None if math.isnan(mean) else mean for mean in (moment / total / _LOG2_E).tolist()]
    log_total = np.log(total).astype(np.float32)
    logprobs = below(logits, logits[:, :1], log_total[:, None]).astype(np.float64)
    rankings = _rankings(token_ids, logprobs, known.tolist(), temperatures, found.width)
    rows = zip(
        logits[:, 0], total.tolist(), log_total, means, at, at_temperature.tolist(), rankings, strict=True
    )
    return [Summary(*row) if len(row[-1]) else None for row in rows]


def _rankings(
    token_ids: NDArray[np.int64],
    logprobs: NDArray[np.float64],
    known: Sequence[int],
    temperatures: Sequence[float],
    vocabulary_size: int,
) -> list[Ranking]:
    """Of the first `known` of each row's candidates (N, K), with their weights at its temperature."""
    divisors = np.array([each or 1.0 for each in temperatures])[:, None]
    each, cumulative = weights_at(logprobs, divisors)
    rankings = []
    for row, (count, temperature) in enumerate(zip(known, temperatures, strict=True)):
        kept = slice(count)
        weights = Weights(temperature, each[row, kept], cumulative[row, kept]) if temperature else None
        complete = count == vocabulary_size
        rankings.append(Ranking(token_ids[row, kept], logprobs[row, kept], complete, weights))
    return rankings


def _float64(values: Tensor) -> NDArray[np.float64]:
    result: NDArray[np.float64] = values.cpu().numpy().astype(np.float64)
    return result
