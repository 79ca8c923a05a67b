"""The model as the scheduler sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.sampling.distribution import Distribution, FarRow, Summary


class DeviceLost(Exception):
    """The device answers no request any more until the program is started again."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens to run for one slot, after `past` tokens whose keys and values are there."""

    slot: int
    token_ids: NDArray[np.int32]
    past: int
    logits: int  # how many of the last positions' logits are wanted
    temperature: float | None = None  # of the draw that follows, if one does
    entropy: bool = True  # whether that is wanted, too


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says comes next at a chunk's last positions. Valid until the next forward pass."""

    logits: NDArray[np.float32] | Sequence[FarRow]  # (n, V)
    summaries: Sequence[Summary | None] = ()  # of each row, where the runner made one

    def distributions(self) -> list[Distribution]:
        """Of each position, n of them. Raises FloatingPointError where logits are not finite."""
        summaries = self.summaries or [None] * len(self.logits)
        return [Distribution(row, summary) for row, summary in zip(self.logits, summaries, strict=True)]


class SlotTensors(Protocol):
    """What moves keys and values; slots are rows of the tensors behind it."""

    def copy(self, source: int, target: int, length: int) -> None: ...

    def swap(self, first: int, second: int, length: int) -> None: ...

    def forget(self, slot: int, start: int) -> None:
        """Nobody will ask for this slot's tokens from `start` on: give back what memory they take."""


class Runner(SlotTensors, Protocol):
    """The model: forward passes over slots."""

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def kv_bytes_per_token(self) -> int: ...

    @property
    def free_tokens(self) -> int:
        """How many tokens of a prompt a pass reads in the time of one."""

    @property
    def most_threads(self) -> int:
        """How many threads a pass can use; 0 where their number does not matter, as on a GPU."""

    def use_threads(self, count: int) -> None:
        """Run later passes on so many threads. Called by the thread that runs them."""

    def forward(self, chunks: Sequence[Chunk]) -> list[Prediction]:
        """One pass over all chunks, in order of slot: what comes next at the last positions of each."""
