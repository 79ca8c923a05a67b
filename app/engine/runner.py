"""The model as the scheduler sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.kv_cache import SlotTensors


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens to run for one slot, after `past` tokens whose keys and values are there."""

    slot: int
    token_ids: NDArray[np.int32]
    past: int
    logits: int  # how many of the last positions' logits are wanted


class Runner(SlotTensors, Protocol):
    """The model: forward passes over neighbouring slots."""

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def kv_bytes_per_token(self) -> int: ...

    def forward(self, chunks: Sequence[Chunk]) -> list[NDArray[np.float32]]:
        """Logits of each chunk's last `logits` positions, (logits, V). Slots are neighbours, in order."""
