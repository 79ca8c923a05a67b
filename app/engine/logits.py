"""Logits of a batch where they were computed: blocks of columns, and what was computed again of a few.

One row of 262,144 logits is a megabyte, and hardly anybody asks for all of it. So a row is put together only
for who does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

GROUP = 64  # neighbouring columns that are represented by their highest while the likeliest are looked for


@dataclass(frozen=True, slots=True)
class Candidates:
    """The likeliest tokens of each row, in no order."""

    token_ids: Tensor  # (N, K)
    logits: Tensor  # (N, K)


@dataclass(frozen=True, slots=True)
class Logits:
    """N rows of V. Where `again` says something else of a token than its block, `again` is right."""

    blocks: Sequence[Tensor]  # (N, C) each
    again: Candidates | None = None

    @property
    def vocabulary_size(self) -> int:
        return sum(block.shape[1] for block in self.blocks)

    def __len__(self) -> int:
        return len(self.blocks[0])

    def rows(self, count: int) -> "Logits":
        """The first `count` rows."""
        again = self.again and Candidates(self.again.token_ids[:count], self.again.logits[:count])
        return Logits([block[:count] for block in self.blocks], again)

    def __getitem__(self, number: int) -> Tensor:
        """One row, (V,)."""
        if len(self.blocks) == 1 and self.again is None:
            return self.blocks[0][number]
        row = torch.cat([block[number] for block in self.blocks])
        if self.again is not None:
            row[self.again.token_ids[number]] = self.again.logits[number]
        return row


def group_maxima(block: Tensor) -> Tensor:
    """The highest of each whole group of neighbouring columns (N, C), or of all where there is none."""
    groups = block.shape[1] // GROUP
    if not groups:
        return block.amax(1, keepdim=True)
    return block[:, : groups * GROUP].reshape(len(block), groups, GROUP).amax(-1)


def likeliest(blocks: Sequence[Tensor], highest: Sequence[Tensor], count: int) -> Candidates:
    """The `count` highest logits of each row; `highest` are the blocks' `group_maxima`.

    The `count` best tokens lie in the `count` best groups, so only those are looked through, and the few
    columns that make no whole group: only the last block may have such.
    """
    size = sum(block.shape[1] for block in blocks)
    if size < 2 * count * GROUP:
        logits, token_ids = torch.cat(list(blocks), 1).topk(min(count, size), sorted=False)
        return Candidates(token_ids, logits)
    groups = size // GROUP
    best = torch.cat(list(highest), 1)[:, :groups].topk(count, sorted=False).indices  # (N, count)
    rest = blocks[-1][:, blocks[-1].shape[1] - size % GROUP :]  # fewer than a group
    inside = torch.cat((_columns(blocks, best).flatten(1), rest), 1)  # (N, count * group + rest)
    logits, places = inside.topk(count, sorted=False)
    numbers = functional.pad(best, (0, 1), value=groups)  # the rest comes after the last group
    return Candidates(numbers.gather(1, places // GROUP) * GROUP + places % GROUP, logits)


def _columns(blocks: Sequence[Tensor], groups: Tensor) -> Tensor:
    """The logits of groups (N, K), counted over all blocks: (N, K, group)."""
    rows = torch.arange(len(groups), device=groups.device)[:, None]
    columns, before = groups.new_empty(0), 0
    for block in blocks:
        if not (whole := block.shape[1] // GROUP):
            continue
        here = groups - before
        table = block[:, : whole * GROUP].reshape(-1, GROUP)  # embedding is twice as fast as gather
        found = functional.embedding(here.clamp(0, whole - 1) + rows * whole, table)
        columns = torch.where((here >= 0)[..., None], found, columns) if before else found
        before += whole
    return columns
