"""The output layer: hidden states (N, W) to logits (N, V) float32, and what a draw wants to know of them.

With 262,144 tokens this layer is most of a small model, and one row of logits is a megabyte. So the columns
are computed in blocks, and each block is summed up (`Summary`) while the processor's cache still holds it.

bfloat16 results would not do: it keeps 8 bits, so logits around 20 come in steps of 0.125, and whole groups
of tokens would tie, which top-k would have to keep.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from app.engine.network.integer_linear import ByteLinear
from app.engine.network.linear import Float32Linear, Linear, PlainLinear
from app.engine.network.summaries import Found, Sums, read, summed_at
from app.engine.sampling.distribution import Summary

_COLUMNS = 65_536  # of a block, on a CPU
LIKELIEST = 128  # tokens of a row that are known by their order
GROUP = 64  # tokens that are represented by their likeliest while it is looked for

# From hidden states (N, W) and room for their logits (N, V): blocks of that room (N, C), as they are written.
Blocks = Callable[[Tensor, Tensor], Iterator[Tensor]]


class OutputLayer:
    """Logits, and a summary of every row.

    Quantised blocks only find candidate tokens: the candidates are then scored again with `exact`, the
    weights (V, W) that were not quantised. The blocks' error remains where there is little probability.
    Memory for `rows_kept` rows is kept from one call to the next.
    """

    def __init__(
        self,
        blocks: Blocks,
        vocabulary_size: int,
        *,
        exact: Tensor | None = None,
        softcap: float | None = None,
        rows_kept: int = 0,
    ) -> None:
        self._blocks, self._vocabulary_size = blocks, vocabulary_size
        self._exact, self._softcap = exact, softcap
        self._rows_kept = rows_kept
        self._kept = torch.empty(0, 0)

    def __call__(
        self, hidden: Tensor, temperatures: Sequence[float], *, entropy: bool = True
    ) -> tuple[Tensor, Sequence[Summary | None]]:
        """Logits (N, V), good until the next call, and summaries for draws at `temperatures` (N,)."""
        inverse = [1 / summed_at(each) for each in temperatures]
        factors = torch.tensor(inverse, device=hidden.device)[:, None] if set(inverse) != {1.0} else None
        logits, found = self.summed(hidden, factors, entropy=entropy)
        return logits, read(found, temperatures)

    def summed(self, hidden: Tensor, factors: Tensor | None, *, entropy: bool = True) -> tuple[Tensor, Found]:
        """Logits (N, V), good until the next call, and what is known of them; see `Sums` for the rest."""
        logits, sums = self._room_for(hidden), Sums(factors, entropy=entropy)
        highest = []
        for piece in self._blocks(hidden, logits):
            if self._softcap is not None:
                piece.copy_(self._capped(piece))
            highest.append(group_maxima(piece))
            sums.add(piece, highest[-1])
        candidates = likeliest(logits, torch.cat(highest, 1)).sort(1).values
        before = logits.gather(1, candidates)
        if self._exact is not None:
            self._look_again(hidden, logits, candidates)
        return logits, sums.found(logits, candidates, before)

    def _look_again(self, hidden: Tensor, logits: Tensor, candidates: Tensor) -> None:
        """Logits of the candidates (N, K) by the weights."""
        assert self._exact is not None
        rows = functional.embedding(candidates, self._exact).float()  # (N, K, W), faster than by index
        again = rows.mul_(hidden[:, None]).sum(-1)  # a product's order depends on how many rows there are
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
    integers: bool = False,
    softcap: float | None = None,
    rows_kept: int = 0,
) -> OutputLayer:
    """On a CPU in float32, at about the speed of bfloat16, or in 8 bits; elsewhere by the weights."""
    if weight.device.type != "cpu":
        blocks = in_blocks([Float32Linear(weight, bias)])
        return OutputLayer(blocks, len(weight), softcap=softcap, rows_kept=rows_kept)
    if integers and bias is None:
        bytewise = ByteLinear(weight, at_once=_COLUMNS)
        return OutputLayer(bytewise, len(weight), exact=weight, softcap=softcap, rows_kept=rows_kept)
    pieces = torch.split(weight, _COLUMNS)
    biases = [None] * len(pieces) if bias is None else torch.split(bias.float(), _COLUMNS)
    blocks = in_blocks([PlainLinear(*each) for each in zip(map(Tensor.float, pieces), biases, strict=True)])
    return OutputLayer(blocks, len(weight), softcap=softcap, rows_kept=rows_kept)


def in_blocks(linears: Sequence[Linear]) -> Blocks:
    """One block by each, from left to right."""

    def blocks(hidden: Tensor, logits: Tensor) -> Iterator[Tensor]:
        start = 0
        for linear in linears:
            computed = linear(hidden)
            piece = logits[:, start : start + computed.shape[1]]
            yield piece.copy_(computed)
            start += computed.shape[1]

    return blocks


def group_maxima(logits: Tensor) -> Tensor:
    """The highest of each whole group of neighbouring columns (N, C), or of all where there is none."""
    groups = logits.shape[1] // GROUP
    if not groups:
        return logits.amax(1, keepdim=True)
    return logits[:, : groups * GROUP].reshape(len(logits), groups, GROUP).amax(-1)


def likeliest(logits: Tensor, highest: Tensor) -> Tensor:
    """Ids (N, K) of the `LIKELIEST` highest logits (N, V), in no order; `highest` are their `group_maxima`.

    They lie in as many groups, the best ones, so only those are looked through.
    """
    rows, size = logits.shape
    if size < 2 * LIKELIEST * GROUP:
        return logits.topk(min(LIKELIEST, size), sorted=False).indices
    groups = size // GROUP
    best = highest[:, :groups].topk(LIKELIEST, sorted=False).indices  # (N, K)
    inside = torch.arange(GROUP, device=logits.device)
    rest = torch.arange(groups * GROUP, size, device=logits.device).expand(rows, -1)
    ids = torch.cat(((best[..., None] * GROUP + inside).flatten(1), rest), 1)  # (N, those looked through)
    return ids.gather(1, logits.gather(1, ids).topk(LIKELIEST, sorted=False).indices)
