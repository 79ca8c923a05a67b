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
    probability. Memory for `rows_kept` rows is kept from one call to the next: blocks of another size with
    every batch would leave holes, 59 to 84 MB of them in a thousand requests.
    """

    def __init__(
        self,
        blocks: Sequence[Linear],
        *,
        exact: Tensor | None = None,
        softcap: float | None = None,
        rows_kept: int = 0,
    ) -> None:
        self._blocks, self._exact, self._softcap = blocks, exact, softcap
        self._rows_kept = rows_kept
        self._kept: dict[int, Tensor] = {}  # (rows_kept, C) by the block's number

    def __call__(
        self, hidden: Tensor, temperatures: Sequence[float] | None = None, *, entropy: bool = True
    ) -> tuple[Logits, Sequence[Summary | None]]:
        """Logits of N rows, good until the next call, and summaries, if there are `temperatures` (N,)."""
        if temperatures is None:
            return self.logits(hidden), ()
        inverse = [1 / summed_at(each) for each in temperatures]
        factors = torch.tensor(inverse, device=hidden.device)[:, None] if set(inverse) != {1.0} else None
        logits, found = self.summed(hidden, factors, entropy=entropy)
        return logits, read(found, temperatures)

    def logits(self, hidden: Tensor) -> Logits:
        """Of N rows, good until the next call."""
        blocks, highest = self._compute(hidden, None)
        if self._exact is None:
            return Logits(blocks)
        return Logits(blocks, self._look_again(hidden, likeliest(blocks, highest, CANDIDATES)))

    def summed(self, hidden: Tensor, factors: Tensor | None, *, entropy: bool = True) -> tuple[Logits, Found]:
        """Logits of N rows, good until the next call, and what is known of them; see `Sums` for the rest."""
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
        for number, linear in enumerate(self._blocks):
            block = self._capped(linear(hidden).float())
            highest.append(group_maxima(block))
            if sums:
                sums.add(block, highest[-1])
            blocks.append(self._keep(number, block))
        return blocks, highest

    def _keep(self, number: int, block: Tensor) -> Tensor:
        """The same rows (N, C), where there is room for as many in the memory that is kept."""
        if len(block) > self._rows_kept:
            return block
        if number not in self._kept:
            self._kept[number] = block.new_empty(self._rows_kept, block.shape[1])
        return self._kept[number][: len(block)].copy_(block)

    def _look_again(self, hidden: Tensor, candidates: Candidates) -> Candidates:
        """The same tokens, with logits by the weights."""
        assert self._exact is not None
        rows = functional.embedding(candidates.token_ids, self._exact).float()  # (N, K, W), faster than index
        again = torch.bmm(hidden.float()[:, None], rows.transpose(1, 2))[:, 0]  # so, not as rows @ hidden
        return Candidates(candidates.token_ids, self._capped(again))

    def _capped(self, logits: Tensor) -> Tensor:
        return logits if self._softcap is None else torch.tanh(logits / self._softcap) * self._softcap


def output_layer(
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    int8: bool = False,
    softcap: float | None = None,
    rows_kept: int = 0,
) -> OutputLayer:
    """On a CPU in float32, at about the speed of bfloat16, or in 8 bits; elsewhere by the weights.

    `rows_kept` is for a CPU: elsewhere the allocator, or a recording, keeps what it had.
    """
    if weight.device.type != "cpu":
        return OutputLayer([Float32Linear(weight, bias)], softcap=softcap)
    pieces = torch.split(weight, _COLUMNS)
    if int8 and bias is None:
        return OutputLayer(
            [Int8Linear(piece) for piece in pieces], exact=weight, softcap=softcap, rows_kept=rows_kept
        )
    biases = [None] * len(pieces) if bias is None else torch.split(bias.float(), _COLUMNS)
    blocks = [PlainLinear(piece.float(), bias) for piece, bias in zip(pieces, biases, strict=True)]
    return OutputLayer(blocks, softcap=softcap, rows_kept=rows_kept)
