"""The output layer: hidden states (N, W) to logits (N, V) float32, and what a draw wants to know of them.

With 262,144 tokens this layer is most of a small model, and one row of logits is a megabyte. So the columns
are computed in blocks, and each block is summed up (`Summary`) while the processor's cache still holds it.

bfloat16 results would not do: it keeps 8 bits, so logits around 20 come in steps of 0.125, and whole groups
of tokens would tie, which top-k would have to keep.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from app.engine.distribution import Summary
from app.engine.linear import Float32Linear, Int8Linear, Linear, PlainLinear
from app.engine.logits import GROUP, Candidates, Logits, group_maxima, likeliest
from app.engine.summaries import Found, Sums, read, summed_at

CANDIDATES = 128  # tokens a row that are known by their order, and computed twice where 8 bits found them
_COLUMNS = 2_048 * GROUP  # of a block, on a CPU


class OutputLayer:
    """Logits, and a summary of every row that is drawn from.

    `exact` are weights (V, W) that say again how likely each row's `CANDIDATES` likeliest tokens are: where
    the blocks compute in 8-bit integers, these find them, and their error matters only where there is
    probability.
    """

    def __init__(
        self, blocks: Sequence[Linear], *, exact: Tensor | None = None, softcap: float | None = None
    ) -> None:
        self._blocks, self._exact, self._softcap = blocks, exact, softcap

    def __call__(
        self, hidden: Tensor, temperatures: Sequence[float] | None = None, *, entropy: bool = True
    ) -> tuple[Logits, Sequence[Summary | None]]:
        """Logits of N rows, and summaries, if there are `temperatures` (N,)."""
        if temperatures is None:
            return self.logits(hidden), ()
        inverse = [1 / summed_at(each) for each in temperatures]
        factors = torch.tensor(inverse, device=hidden.device)[:, None] if set(inverse) != {1.0} else None
        logits, found = self.summed(hidden, factors, entropy=entropy)
        return logits, read(found, temperatures)

    def logits(self, hidden: Tensor) -> Logits:
        """Of N rows."""
        blocks, highest = self._compute(hidden, None)
        if self._exact is None:
            return Logits(blocks)
        return Logits(blocks, self._look_again(hidden, likeliest(blocks, highest, CANDIDATES)))

    def summed(self, hidden: Tensor, factors: Tensor | None, *, entropy: bool = True) -> tuple[Logits, Found]:
        """Logits of N rows, and what is known of them; see `Sums` for the rest."""
        sums = Sums(factors, entropy=entropy)
        blocks, highest = self._compute(hidden, sums)
        before = likeliest(blocks, highest, CANDIDATES)
        if self._exact is None:
            return Logits(blocks), sums.found(before, before)
        now = self._look_again(hidden, before)
        return Logits(blocks, now), sums.found(before, now)

    def _compute(self, hidden: Tensor, sums: Sums | None) -> tuple[list[Tensor], list[Tensor]]:
        """Blocks of logits (N, C), and the highest of each group of their columns."""
        blocks, highest = [], []
        for linear in self._blocks:
            blocks.append(self._capped(linear(hidden).float()))
            highest.append(group_maxima(blocks[-1]))
            if sums:
                sums.add(blocks[-1], highest[-1])
        return blocks, highest

    def _look_again(self, hidden: Tensor, candidates: Candidates) -> Candidates:
        """The same tokens, with logits by the weights."""
        assert self._exact is not None
        rows = functional.embedding(candidates.token_ids, self._exact).float()  # (N, K, W), faster than index
        again = torch.bmm(hidden.float()[:, None], rows.transpose(1, 2))[:, 0]  # so, not as rows @ hidden
        return Candidates(candidates.token_ids, self._capped(again))

    def _capped(self, logits: Tensor) -> Tensor:
        return logits if self._softcap is None else torch.tanh(logits / self._softcap) * self._softcap


def output_layer(
    weight: Tensor, bias: Tensor | None = None, *, int8: bool = False, softcap: float | None = None
) -> OutputLayer:
    """On a CPU in float32, at about the speed of bfloat16, or in 8 bits; elsewhere by the weights."""
    if weight.device.type != "cpu":
        return OutputLayer([Float32Linear(weight, bias)], softcap=softcap)
    pieces = torch.split(weight, _COLUMNS)
    if int8 and bias is None:
        return OutputLayer([Int8Linear(piece) for piece in pieces], exact=weight, softcap=softcap)
    biases = [None] * len(pieces) if bias is None else torch.split(bias.float(), _COLUMNS)
    blocks = [PlainLinear(piece.float(), bias) for piece, bias in zip(pieces, biases, strict=True)]
    return OutputLayer(blocks, softcap=softcap)
