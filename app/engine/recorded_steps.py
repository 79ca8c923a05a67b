"""Decode steps that are recorded once and replayed: on a GPU as CUDA graphs.

Launching the hundreds of kernels of a small model one by one takes Python longer than the GPU needs to run
them; a graph launches them all at once. A recording holds for one shape, so there is one for each of a few
batch sizes and lengths of cache: a step takes the next larger. The rows that fill it up write to the one
position that nobody reads.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from app.engine.summaries import Found

_SHORTEST = 256  # positions of the cache that are read

Result = tuple[Tensor, Found]  # logits (B, V), and what is known of them
Recorded = Callable[[], Result]
Recorder = Callable[[Callable[[], Result]], Recorded]
# token ids (B, 1), positions (B, 1), `Sums`' factors (B, 1), and how much of the cache is read
Step = Callable[[Tensor, Tensor, Tensor, int], Result]


class RecordedSteps:
    """One more token for each of the first slots."""

    def __init__(
        self, step: Step, record: Recorder, *, slots: int, spare: int, length: int, device: torch.device
    ) -> None:
        """Of a cache of `length` positions, of which nobody reads the one at `spare`."""
        self._step, self._record, self._spare = step, record, spare
        self._batches = doubling(1, slots)
        self._lengths = doubling(_SHORTEST, length)
        self._recorded: dict[tuple[int, int], Recorded] = {}
        self._places = torch.zeros(2, slots, 1, dtype=torch.int64, device=device)  # token ids and positions
        self._factors = torch.ones(slots, 1, device=device)
        pinned = device.type == "cuda"
        self._next_places = torch.zeros(2, slots, 1, dtype=torch.int64, pin_memory=pinned)
        self._next_factors = torch.ones(slots, 1, pin_memory=pinned)

    def warm_up(self) -> None:
        """Record every shape, the largest first: the others find room in the memory that it took."""
        for batch in reversed(self._batches):
            for length in reversed(self._lengths):
                self._at(batch, length)

    def __call__(
        self, token_ids: Sequence[int], positions: Sequence[int], factors: Sequence[float]
    ) -> Result:
        """Results of slots 0, 1, ...; good until the next call."""
        count = len(token_ids)
        batch = next(size for size in self._batches if size >= count)
        length = next(size for size in self._lengths if size > max(positions))
        filled = batch - count
        places, sharpness = self._next_places[:, :batch, 0], self._next_factors[:batch, 0]
        places[0] = torch.tensor([*token_ids, *[0] * filled])
        places[1] = torch.tensor([*positions, *[self._spare] * filled])
        sharpness[:] = torch.tensor([*factors, *[1.0] * filled])
        self._places.copy_(self._next_places, non_blocking=True)
        self._factors.copy_(self._next_factors, non_blocking=True)
        logits, found = self._at(batch, length)()
        return logits[:count], found.rows(count)

    def _at(self, batch: int, length: int) -> Recorded:
        shape = (batch, length)
        if shape not in self._recorded:
            token_ids, positions = self._places[:, :batch]
            factors = self._factors[:batch]
            self._recorded[shape] = self._record(lambda: self._step(token_ids, positions, factors, length))
        return self._recorded[shape]


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
