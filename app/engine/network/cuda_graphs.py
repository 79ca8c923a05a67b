"""Passes that are recorded once and replayed: on a GPU as CUDA graphs.

Launching the hundreds of kernels of a small model one by one takes Python longer than the GPU needs to run
them; a graph launches them all at once. A recording holds for one shape, so there is one for each of a few
numbers of rows and lengths of cache: a pass takes the next larger. What fills it up is written to the one
position that no pass reads.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.network.summaries import Found

WIDTHS = (32, 128, 512)  # tokens of a prompt that are read at once
_SHORTEST = 256  # positions of the cache that are read

Result = tuple[Tensor, Found]  # logits (B, V), and what is known of them
Recorded = Callable[[], Result]
Recorder = Callable[[Callable[[], Result]], Recorded]


class _Recordings:
    """Of a pass of so many rows or tokens over so much of the cache, each made when first wanted."""

    def __init__(
        self, run: Callable[[int, int], Result], record: Recorder, sizes: Sequence[int], length: int
    ) -> None:
        self._run, self._record = run, record
        self._sizes, self._lengths = sizes, doubling(_SHORTEST, length)
        self._recorded: dict[tuple[int, int], Recorded] = {}

    def warm_up(self) -> None:
        """Record every shape, the largest first: the others find room in the memory that it took."""
        for size in reversed(self._sizes):
            for length in reversed(self._lengths):
                self.at(size, length)

    def shape(self, count: int, last: int) -> tuple[int, int]:
        """For `count` rows or tokens of which the last is at position `last`."""
        size = next(size for size in self._sizes if size >= count)
        return size, next(length for length in self._lengths if length > last)

    def at(self, size: int, length: int) -> Recorded:
        shape = (size, length)
        if shape not in self._recorded:
            self._recorded[shape] = self._record(lambda: self._run(size, length))
        return self._recorded[shape]


class _Input:
    """Numbers that the host writes and the device reads."""

    def __init__(self, *shape: int, dtype: torch.dtype, device: torch.device) -> None:
        kept = torch.zeros(shape, dtype=dtype, pin_memory=device.type == "cuda")
        self.written: NDArray[Any] = kept.numpy()
        self.read = torch.zeros(shape, dtype=dtype, device=device)
        self._kept = kept

    def send(self) -> None:
        self.read.copy_(self._kept, non_blocking=True)


class RecordedSteps:
    """One more token for each of the first slots."""

    # token ids (B, 1), positions (B, 1), `Sums`' factors (B, 1), and how much of the cache is read
    Run = Callable[[Tensor, Tensor, Tensor, int], Result]

    def __init__(
        self, run: Run, record: Recorder, *, slots: int, spare: int, length: int, device: torch.device
    ) -> None:
        """Of a cache of `length` positions, of which no pass reads the one at `spare`."""
        self._run, self._spare = run, spare
        self._places = _Input(2, slots, 1, dtype=torch.int64, device=device)  # token ids and positions
        self._factors = _Input(slots, 1, dtype=torch.float32, device=device)
        self._recordings = _Recordings(self._of_shape, record, doubling(1, slots), length)
        self.warm_up = self._recordings.warm_up

    def _of_shape(self, batch: int, length: int) -> Result:
        token_ids, positions = self._places.read[:, :batch]
        return self._run(token_ids, positions, self._factors.read[:batch], length)

    def __call__(
        self, token_ids: Sequence[int], positions: Sequence[int], factors: Sequence[float]
    ) -> Result:
        """Results of slots 0, 1, ...; good until the next call."""
        count = len(token_ids)
        batch, length = self._recordings.shape(count, max(positions))
        filled = batch - count
        self._places.written[:, :batch, 0] = (
            [*token_ids, *[0] * filled],
            [*positions, *[self._spare] * filled],
        )
        self._factors.written[:batch, 0] = [*factors, *[1.0] * filled]
        self._places.send()
        self._factors.send()
        logits, found = self._recordings.at(batch, length)()
        return logits[:count], found.rows(count)


class RecordedReading:
    """The next tokens of one prompt, in whichever slot it has."""

    # token ids (1, T), positions (1, T), the slot (1,), which token is the last (1,), `Sums`' factor (1, 1),
    # and how much of the cache is read
    Run = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, int], Result]

    def __init__(self, run: Run, record: Recorder, *, spare: int, length: int, device: torch.device) -> None:
        """Of a cache of `length` positions, of which no pass reads the one at `spare`."""
        self._run, self._spare = run, spare
        self._places = _Input(2, 1, WIDTHS[-1], dtype=torch.int64, device=device)  # token ids and positions
        self._slot_and_last = _Input(2, 1, dtype=torch.int64, device=device)
        self._factor = _Input(1, 1, dtype=torch.float32, device=device)
        self._recordings = _Recordings(self._of_shape, record, WIDTHS, length)
        self.warm_up = self._recordings.warm_up

    def _of_shape(self, width: int, length: int) -> Result:
        token_ids, positions = self._places.read[..., :width]
        slot, last = self._slot_and_last.read
        return self._run(token_ids, positions, slot, last, self._factor.read, length)

    def __call__(self, slot: int, token_ids: NDArray[np.int32], past: int, factor: float) -> Result:
        """What comes after the last of `WIDTHS[-1]` tokens at most; good until the next call."""
        count = len(token_ids)
        width, length = self._recordings.shape(count, past + count - 1)
        self._places.written[..., :width] = [[0]], [[self._spare]]
        self._places.written[:, 0, :count] = token_ids, range(past, past + count)
        self._slot_and_last.written[:, 0] = slot, count - 1
        self._factor.written[:] = factor
        for each in (self._places, self._slot_and_last, self._factor):
            each.send()
        return self._recordings.at(width, length)()


def doubling(first: int, last: int) -> list[int]:
    """`first` and its doubles up to `last`, and `last` itself."""
    sizes = []
    while first < last:
        sizes.append(first)
        first *= 2
    return [*sizes, last]


class CudaGraphs:
    """Records on the current CUDA device. All graphs share one pool of memory: they run one at a time."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], Result]) -> Recorded:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # what a first run chooses and allocates is not to be recorded
            for _ in range(2):
                run()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = run()

        def replay() -> Result:
            graph.replay()
            return result

        return replay
