"""How byte-pair encoding builds one token: the merges on the way, in the order they are applied."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PairRank = Callable[[bytes, bytes], int | None]


class Merge(NamedTuple):
    """Two neighbours became one. `rank` says which merge of the vocabulary it is: 0 was learned first."""

    left: bytes
    right: bytes
    rank: int


def merge_path(symbols: Sequence[bytes], rank_of: PairRank) -> list[Merge]:
    """The merges that make one token of `symbols`: always the lowest rank first, the leftmost of equals.

    Empty where there is nothing to merge, or where the merges do not lead to a single token.

    Example: GPT-2 builds " the" of its four bytes: " "+"t" (rank 0), "h"+"e" (rank 2), " t"+"he" (rank 6).
    """
    parts, path = list(symbols), []
    while len(parts) > 1:
        ranked = [(rank, i) for i, pair in enumerate(pairwise(parts)) if (rank := rank_of(*pair)) is not None]
        if not ranked:
            return []
        rank, i = min(ranked)
        path.append(Merge(parts[i], parts[i + 1], rank))
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return path


class PairRanks:
    """The ranks of a model's merges by the ids of the pair: sorted arrays, 12 bytes a merge."""

    def __init__(self, pairs: NDArray[np.int64]) -> None:
        """`pairs` (M, 2) in the order the merges were learned."""
        keys = pairs[:, 0] << 32 | pairs[:, 1]
        order = np.argsort(keys, kind="stable")
        self._keys, self._ranks = keys[order], order.astype(np.int32)

    def __len__(self) -> int:
        return len(self._keys)

    def rank(self, left: int, right: int) -> int | None:
        key = left << 32 | right
        i = int(np.searchsorted(self._keys, key))
        return int(self._ranks[i]) if i < len(self._keys) and self._keys[i] == key else None
