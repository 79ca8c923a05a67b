"""Summaries of a batch of logits, made while they are computed block by block.

Each block's sums are relative to its own peak and put together at the end (Milakov and Gimelshein 2018,
"Online normalizer calculation for softmax"). What is computed where the logits are (`Sums`) asks nothing of
the host, so it can be recorded with the forward pass; what is small is read and finished here.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.sampling.distribution import Ranking, Summary, Weights, below, weights_at

_LOG2_E = float(np.float32(math.log2(math.e)))  # as a block has it, so that what is near its peak is exact
# Below this temperature the correction of the candidates would dwarf the sum that it corrects, so the sampler
# computes the row itself.
_COLDEST = 0.1
_ROWS = 8  # summed up together on a CPU: as much of a block as its own cache holds
_AT_ONCE = 1_024  # weights of a row that are summed up at once


def summed_at(temperature: float) -> float:
    """The temperature that a row to be drawn from at `temperature` is summed up at."""
    return temperature if temperature >= _COLDEST else 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of N rows of logits, where they were computed."""

    sums: Tensor  # (blocks, 4, N): what the others are relative to, and three sums as `Sums` makes them
    before: Tensor  # (N, K) logits of the candidates when they were summed up, in order of their ids
    zeros: Tensor  # (N, K) what these were relative to
    token_ids: Tensor  # (N, K) candidates, likeliest first, ties by id
    logits: Tensor  # (N, K) theirs, now
    known: Tensor  # (N,) number of leading candidates whose rank is certain
    width: int  # V

    def rows(self, count: int) -> "Found":
        """Of the first `count` rows."""
        return self._each(self.sums[..., :count], lambda part: part[:count])

    def here(self) -> "Found":
        """On the host. From CUDA all of it is on its way before the first part is waited for."""
        if self.sums.device.type == "cpu":
            return self
        cuda = self.sums.is_cuda

        def fetched(part: Tensor) -> Tensor:
            return part.to("cpu", non_blocking=cuda)

        found = self._each(fetched(self.sums), fetched)
        if cuda:
            torch.cuda.current_stream().synchronize()
        return found

    def _each(self, sums: Tensor, change: Callable[[Tensor], Tensor]) -> "Found":
        """With these sums, and everything that has a row for each row of logits changed."""
        return Found(
            sums,
            change(self.before),
            change(self.zeros),
            change(self.token_ids),
            change(self.logits),
            change(self.known),
            self.width,
        )


class Sums:
    """Of N rows, each to be drawn from at its temperature.

    `factors` are 1 / `summed_at` (N, 1); None: 1 everywhere. `entropy` wants a sum that nothing else does,
    and changes none of the others. What is likely is said again (`read`).
    """

    def __init__(self, factors: Tensor | None, *, entropy: bool = True) -> None:
        self._factors, self._entropy = factors, entropy
        self._sums: list[Tensor] = []
        self._columns = 0  # of a block; the last may have fewer
        self._room: Tensor | None = None  # (2, rows, C)

    def add(self, logits: Tensor, highest: Tensor) -> None:
        """The next block's columns (N, C), whose groups of columns are `highest` (N, groups) at most."""
        rows = min(len(logits), _ROWS) if logits.device.type == "cpu" else len(logits)
        self._columns = self._columns or logits.shape[1]
        if self._room is None or self._room.shape[2] < logits.shape[1]:
            self._room = logits.new_empty(2, rows, logits.shape[1])
        zeros = highest.amax(1, keepdim=True).mul_(_LOG2_E)
        sums = logits.new_empty(4, len(logits))
        sums[0] = zeros[:, 0]
        for start in range(0, len(logits), rows):
            part = slice(start, start + rows)
            room = self._room[:, : len(zeros[part]), : logits.shape[1]]
            factors = None if self._factors is None else self._factors[part]
            self._sum(logits[part], zeros[part], factors, room, sums[:, part])
        self._sums.append(sums)

    def _sum(self, logits: Tensor, zeros: Tensor, factors: Tensor | None, room: Tensor, sums: Tensor) -> None:
        """The sum of w = 2 ** (log2(e) * logit - zero), of w * log2(w), of w at the temperature."""
        exponents, weights = room
        torch.add(-zeros, logits, alpha=_LOG2_E, out=exponents)  # one rounding: it multiplies and adds
        torch.exp2(exponents, out=weights)  # 2 is raised in half the time of e
        sums[1] = total(weights)
        if self._entropy:
            sums[2] = total(weights.mul_(exponents))
        else:
            sums[2] = math.nan
        if factors is None:
            sums[3] = sums[1]
        else:
            sums[3] = total(torch.exp2(exponents.mul_(factors), out=weights))

    def found(self, logits: Tensor, candidates: Tensor, before: Tensor) -> Found:
        """With the rows as they are now (N, V), where candidates (N, K), in order, were `before`."""
        sums = torch.stack(self._sums)  # (blocks, 4, N)
        zeros = sums[:, 0].T.gather(1, candidates // self._columns)
        now, order = logits.gather(1, candidates).sort(dim=1, descending=True, stable=True)
        width = logits.shape[1]
        if candidates.shape[1] == width:
            known = torch.full_like(candidates[:, 0], width)
        else:  # no other token is above the lowest candidate, as it was found
            known = (now > before.amin(1, keepdim=True)).sum(1)
        token_ids = candidates.gather(1, order)
        return Found(sums, before, zeros, token_ids, now, known, width)


def total(weights: Tensor) -> Tensor:
    """Of rows (N, C): (N,), each in the same order, however many rows and threads there are.

    torch splits a long sum among its threads if it is of one row alone; short ones side by side it does not.
    """
    accurate = torch.float64 if weights.device.type == "cpu" else torch.float32
    whole = weights.shape[1] // _AT_ONCE * _AT_ONCE
    parts = weights[:, :whole].view(len(weights), -1, _AT_ONCE).sum(2)  # (N, C / _AT_ONCE)
    return parts.sum(1, dtype=accurate).add_(weights[:, whole:].sum(1, dtype=accurate))


def read(found: Found, temperatures: Sequence[float]) -> list[Summary | None]:
    """Summaries of N rows that are drawn from at their `temperatures`.

    None for a row whose candidates fell behind the others: nothing is known of its order.
    """
    found = found.here()
    at = [summed_at(each) for each in temperatures]
    inverse = np.array([1 / each for each in at])[:, None]  # (N, 1)
    token_ids, logits, known = (part.numpy() for part in (found.token_ids, found.logits, found.known))
    before, zeros_before, now = _float64(found.before), _float64(found.zeros), logits.astype(np.float64)
    peak = now[:, :1] * _LOG2_E  # (N, 1)
    blocks, *sums = _float64(found.sums.permute(1, 2, 0))  # each (N, blocks)
    whole = _shifted(sums, blocks - peak, inverse)
    less = _shifted(_weighed(before * _LOG2_E - zeros_before, inverse), zeros_before - peak, inverse)
    more = _shifted(_weighed(now * _LOG2_E - peak, inverse), 0.0, inverse)
    total, moment, at_temperature = whole - less + more
    means = [None if math.isnan(mean) else mean for mean in (moment / total / _LOG2_E).tolist()]
    log_total = np.log(total).astype(np.float32)
    logprobs = below(logits, logits[:, :1], log_total[:, None]).astype(np.float64)
    rankings = _rankings(token_ids, logprobs, known.tolist(), temperatures, found.width)
    rows = zip(
        logits[:, 0], total.tolist(), log_total, means, at, at_temperature.tolist(), rankings, strict=True
    )
    return [Summary(*row) if len(row[-1]) else None for row in rows]


def _weighed(exponents: NDArray[np.float64], factors: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Of each token (N, K) what `Sums` summed up: w = 2 ** exponent, w * log2(w), w at the temperature."""
    weights = np.exp2(exponents)
    return [weights, weights * exponents, np.exp2(exponents * factors)]


def _shifted(
    parts: Sequence[NDArray[np.float64]], shift: NDArray[np.float64] | float, factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sums (3, N) of parts (N, K) whose exponents are to be `shift` higher."""
    weights, moments, tempered = parts
    raised = np.exp2(shift)
    return np.stack([
        (weights * raised).sum(1),
        ((moments + shift * weights) * raised).sum(1),
        (tempered * np.exp2(shift * factors)).sum(1),
    ])  # fmt: skip


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
    result: NDArray[np.float64] = values.numpy().astype(np.float64)
    return result
