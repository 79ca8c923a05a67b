"""Summaries of a batch of logits, made while they are computed block by block.

Each block's sums are relative to its own peak and put together at the end (Milakov and Gimelshein 2018,
"Online normalizer calculation for softmax").
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.distribution import Summary

_LOG2_E = math.log2(math.e)
# A colder distribution is left to whoever draws from it: what is said again of a candidate would outweigh
# by far what was summed up of it.
_COLDEST = 0.1
_ROWS = 8  # summed up together: as much of a block as a processor's own cache holds


class Summaries:
    """Of N rows, each to be drawn from at its temperature."""

    def __init__(self, temperatures: Sequence[float], device: torch.device) -> None:
        self._temperatures = [each if each >= _COLDEST else 1.0 for each in temperatures]
        inverse = [1 / each for each in self._temperatures]
        self._inverse = np.array(inverse)  # (N,)
        self._factors = torch.tensor(inverse, device=device)[:, None]
        self._tempered = set(inverse) != {1.0}
        self._sums: list[Tensor] = []

    def add(self, logits: Tensor) -> None:
        """The next block's columns (N, C), which are used up."""
        few = zip(*(torch.split(each, _ROWS) for each in (logits, self._factors)), strict=True)
        room = torch.empty_like(logits[:_ROWS])
        self._sums.append(torch.cat([self._sum(rows, factors, room) for rows, factors in few], 1))

    def _sum(self, logits: Tensor, factors: Tensor, room: Tensor) -> Tensor:
        """(4, N): the peak, the sum of w = exp(logit - peak), of w * log2(w), of w at the temperature."""
        peak = logits.amax(1, keepdim=True)
        exponents = logits.sub_(peak).mul_(_LOG2_E)  # 2 is raised in half the time of e
        weights = torch.exp2(exponents, out=room[: len(logits)])
        total = weights.sum(1)
        moment = weights.mul_(exponents).sum(1)
        tempered = exponents.mul_(factors).exp2_().sum(1) if self._tempered else total
        return torch.stack((peak[:, 0], total, moment, tempered))

    def finish(self, logits: Tensor, candidates: Tensor, found: Tensor) -> list[Summary | None]:
        """With the rows as they are now (N, V), where candidates (N, K) were `found` to be otherwise.

        None for a row whose candidates fell behind the others: nothing is known of its order.
        """
        token_ids, now, known = _in_order(logits, candidates, found)
        peaks, totals, moments, tempered = _float64(torch.stack(self._sums, 1))  # each (blocks, N)
        peak = now[:, 0].astype(np.float64)
        shift = (peaks - peak) * _LOG2_E
        total = (totals * np.exp2(shift)).sum(0)
        moment = ((moments + shift * totals) * np.exp2(shift)).sum(0)
        at_temperature = (tempered * np.exp2(shift * self._inverse)).sum(0)
        for sign, values in ((-1, _float64(found)), (1, now.astype(np.float64))):
            exponents = (values - peak[:, None]) * _LOG2_E  # (N, K)
            total += sign * np.exp2(exponents).sum(1)
            moment += sign * (exponents * np.exp2(exponents)).sum(1)
            at_temperature += sign * np.exp2(exponents * self._inverse[:, None]).sum(1)
        rows = zip(
            now[:, 0], total, moment / total / _LOG2_E, self._temperatures, at_temperature, token_ids, known,
            strict=True,
        )  # fmt: skip
        return [
            Summary(peak, float(total), float(mean), temperature, float(tempered), ids[:count])
            if count
            else None
            for peak, total, mean, temperature, tempered, ids, count in rows
        ]


def _in_order(logits: Tensor, candidates: Tensor, found: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Candidates likeliest first, ties by id, their logits, and how many of them nobody else comes before."""
    candidates = candidates.sort(1).values
    now, order = logits.gather(1, candidates).sort(dim=1, descending=True, stable=True)
    if candidates.shape[1] == logits.shape[1]:
        known = torch.full_like(candidates[:, 0], candidates.shape[1])
    else:  # no other token is above the lowest candidate, as it was found
        known = (now > found.amin(1, keepdim=True)).sum(1)
    return candidates.gather(1, order).cpu().numpy(), now.cpu().numpy(), known.cpu().numpy()


def _float64(values: Tensor) -> NDArray[np.float64]:
    result: NDArray[np.float64] = values.double().cpu().numpy()
    return result
