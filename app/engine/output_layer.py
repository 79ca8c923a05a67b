"""The output layer: hidden states (N, W) to logits (N, V) float32, and what a draw wants to know of them.

With 262,144 tokens this layer is most of a small model, and one row of logits is a megabyte. So the columns
are computed in blocks, and each block is summed up (`Summary`) while the processor's cache still holds it.

bfloat16 results would not do: it keeps 8 bits, so logits around 20 come in steps of 0.125, and whole groups
of tokens would tie, which top-k would have to keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from app.engine.distribution import Summary
from app.engine.linear import Float32Linear, Linear, PlainLinear
from app.engine.quantised_linear import MANY_ROWS, Int4WeightLinear, Int8Linear, can_halve
from app.engine.summaries import Found, Sums, may_be_rough, read, summed_at

_COLUMNS = 131_072  # of a block, on a CPU


@dataclass(frozen=True, slots=True)
class Search:
    """How the likeliest tokens of a row are looked for."""

    count: int  # of tokens: known by their order, and computed twice where 8 or 4 bits found them
    group: int  # tokens that are represented by their likeliest meanwhile


SEARCH = Search(128, 64)
SEARCH_OF_FEW = Search(512, 32)  # 4 bits are so far off that a token's error counts until it is rarer


class OutputLayer:
    """Logits, and a summary of every row that is drawn from.

    `exact` are weights (V, W) that say again how likely each row's likeliest tokens are: where the blocks
    compute in 8 bits, or `few` in 4 (instead of them, for fewer than MANY_ROWS rows), these find them, and
    their error matters only where there is little probability. Memory for `rows_kept` rows is kept from one
    call to the next.
    """

    def __init__(
        self,
        blocks: Sequence[Linear],
        vocabulary_size: int,
        *,
        exact: Tensor | None = None,
        few: Linear | None = None,
        softcap: float | None = None,
        rows_kept: int = 0,
    ) -> None:
        self._blocks, self._few, self._vocabulary_size = blocks, few, vocabulary_size
        self._exact, self._softcap = exact, softcap
        self._rows_kept = rows_kept
        # the number formats of its weights, besides the model's own
        self.quantised = ("int8", "int4") if few else ("int8",) if exact is not None else ()
        self._kept = torch.empty(0, 0)

    def __call__(
        self, hidden: Tensor, temperatures: Sequence[float] | None = None, *, entropy: bool = True
    ) -> tuple[Tensor, Sequence[Summary | None]]:
        """Logits (N, V), good until the next call, and summaries, if there are `temperatures` (N,)."""
        if temperatures is None:
            return self.logits(hidden), ()
        inverse = [1 / summed_at(each) for each in temperatures]
        factors = torch.tensor(inverse, device=hidden.device)[:, None] if set(inverse) != {1.0} else None
        rough = self._exact is not None and not entropy and may_be_rough(inverse)
        logits, found = self.summed(hidden, factors, entropy=entropy, rough=rough)
        return logits, read(found, temperatures)

    def logits(self, hidden: Tensor) -> Tensor:
        """(N, V), good until the next call."""
        logits = self._room_for(hidden)
        highest = self._compute(hidden, logits, None)
        if self._exact is not None:
            self._look_again(hidden, logits, self._candidates(logits, highest))
        return logits

    def summed(
        self, hidden: Tensor, factors: Tensor | None, *, entropy: bool = True, rough: bool = False
    ) -> tuple[Tensor, Found]:
        """Logits (N, V), good until the next call, and what is known of them; see `Sums` for the rest."""
        logits, sums = self._room_for(hidden), Sums(factors, entropy=entropy, rough=rough)
        candidates = self._candidates(logits, self._compute(hidden, logits, sums))
        before = logits.gather(1, candidates)
        if self._exact is not None:
            self._look_again(hidden, logits, candidates)
        return logits, sums.found(logits, candidates, before)

    def _compute(self, hidden: Tensor, logits: Tensor, sums: Sums | None) -> Tensor:
        """Fill in `logits` (N, V); the highest of each group of columns, of all blocks side by side."""
        blocks, search = self._way(len(hidden))
        start, highest = 0, []
        for block in blocks:
            piece = self._capped(block(hidden).float())  # (N, C)
            highest.append(group_maxima(piece, search.group))
            if sums:
                sums.add(piece, highest[-1])
            logits[:, start : start + piece.shape[1]] = piece  # last: it pushes the piece out of the cache
            start += piece.shape[1]
        return torch.cat(highest, 1)

    def _candidates(self, logits: Tensor, highest: Tensor) -> Tensor:
        """Ids (N, K) of the likeliest tokens, in order."""
        _, search = self._way(len(logits))
        return likeliest(logits, search, highest).sort(1).values

    def _way(self, rows: int) -> tuple[Sequence[Linear], Search]:
        """How so many rows are computed and looked through."""
        if self._few is not None and rows < MANY_ROWS:
            return [self._few], SEARCH_OF_FEW
        return self._blocks, SEARCH

    def _look_again(self, hidden: Tensor, logits: Tensor, candidates: Tensor) -> None:
        """Logits of the candidates (N, K) by the weights."""
        assert self._exact is not None
        rows = functional.embedding(candidates, self._exact).float()  # (N, K, W), faster than by index
        again = torch.bmm(hidden.float()[:, None], rows.transpose(1, 2))[:, 0]  # so, not as rows @ hidden
        logits.scatter_(1, candidates, self._capped(again))

    def _capped(self, logits: Tensor) -> Tensor:
        return logits if self._softcap is None else torch.tanh(logits / self._softcap) * self._softcap

    def _room_for(self, hidden: Tensor) -> Tensor:
        rows = len(hidden)
        if rows > self._rows_kept:
            return torch.empty(rows, self._vocabulary_size, device=hidden.device)
        if not len(self._kept):
            self._kept = torch.empty(self._rows_kept, self._vocabulary_size, device=hidden.device)
        return self._kept[:rows]


def output_layer(
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    int8: bool = False,
    softcap: float | None = None,
    rows_kept: int = 0,
) -> OutputLayer:
    """On a CPU in float32, at about the speed of bfloat16, or in 8 and 4 bits; elsewhere by the weights."""
    if weight.device.type != "cpu":
        blocks: list[Linear] = [Float32Linear(weight, bias)]
        return OutputLayer(blocks, len(weight), softcap=softcap, rows_kept=rows_kept)
    pieces = torch.split(weight, _COLUMNS)
    if int8 and bias is None:
        return OutputLayer(
            [Int8Linear(piece) for piece in pieces],
            len(weight),
            exact=weight,
            few=Int4WeightLinear(weight) if can_halve(weight) else None,
            softcap=softcap,
            rows_kept=rows_kept,
        )
    biases = [None] * len(pieces) if bias is None else torch.split(bias.float(), _COLUMNS)
    blocks = [PlainLinear(piece.float(), bias) for piece, bias in zip(pieces, biases, strict=True)]
    return OutputLayer(blocks, len(weight), softcap=softcap, rows_kept=rows_kept)


def group_maxima(logits: Tensor, size: int) -> Tensor:
    """The highest of each whole group of neighbouring columns (N, C), or of all where there is none."""
    groups = logits.shape[1] // size
    if not groups:
        return logits.amax(1, keepdim=True)
    return logits[:, : groups * size].reshape(len(logits), groups, size).amax(-1)


def likeliest(logits: Tensor, search: Search, highest: Tensor) -> Tensor:
    """Ids (N, count) of the highest logits (N, V), in no order; `highest` are their `group_maxima`.

    The `count` best tokens lie in the `count` best groups, so only those are looked through.
    """
    (rows, size), count = logits.shape, search.count
    if size < 2 * count * search.group:
        return logits.topk(min(count, size), sorted=False).indices
    groups = size // search.group
    best = highest[:, :groups].topk(count, sorted=False).indices  # (N, count)
    inside = torch.arange(search.group, device=logits.device)
    rest = torch.arange(groups * search.group, size, device=logits.device).expand(rows, -1)
    ids = torch.cat(
        ((best[..., None] * search.group + inside).flatten(1), rest), 1
    )  # (N, those looked through)
    return ids.gather(1, logits.gather(1, ids).topk(count, sorted=False).indices)
