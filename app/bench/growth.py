"""Cost grows as expected: throughput with N, waiting with the queue, memory with the tokens held."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from app.bench.percentiles import straight_line
from app.bench.results import Level, Memory, Queueing, Results

_NOISE = 0.95  # a level may be this much of the one before it and still count as no less
_STEEPER = 1.5  # the last part of a line may be this much steeper than the first


class Growth(NamedTuple):
    what: str
    measured: str
    as_expected: bool | None  # None: shown, not judged


def growths(results: Results, slots: int) -> list[Growth]:
    found = []
    if results.ours and len(results.ours.levels) > 1:
        found.append(throughput(results.ours.levels, slots))
    if results.queue and len(results.queue.points) > 2:
        found.append(waiting(results.queue))
    if results.memory and (line := memory(results.memory)):
        found.append(line)
    return found


def throughput(levels: Sequence[Level], slots: int) -> Growth:
    """Never less with more streams, up to the number of places."""
    within = [level for level in sorted(levels, key=lambda level: level.streams) if level.streams <= slots]
    speeds = [level.tokens_per_second for level in within]
    grows = all(later >= _NOISE * earlier for earlier, later in pairwise(speeds))
    shown = ", ".join(f"{level.tokens_per_second:.0f} at {level.streams}" for level in within)
    return Growth("throughput grows with the number of streams", f"{shown} tokens/s", grows)


def waiting(queue: Queueing) -> Growth:
    """In proportion to those in front; a queue that costs more the longer it is bends upwards."""
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in pairwise(queue.points)]
    linear = slopes[0] > 0 and slopes[-1] <= _STEEPER * slopes[0]
    shown = ", ".join(f"{seconds:.2f} s at {requests}" for requests, seconds in queue.points)
    return Growth("first token waits in proportion to the queue", shown, linear)


def memory(found: Memory) -> Growth | None:
    line = straight_line([(float(tokens), float(held)) for tokens, held in found.points])
    if line is None:
        return None
    slope, fit = line
    return Growth(
        "memory grows with the tokens held", f"{slope / 1024:.1f} KiB a token, r² of the line {fit:.2f}", None
    )
