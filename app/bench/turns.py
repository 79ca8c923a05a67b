"""Repeat, but not for ever: on a slow machine one figure late is worth less than all of them in time."""

import time
from collections.abc import Iterator

SECONDS = 15.0  # once one measurement has had this long, it gets no further turn


def turns(count: int, seconds: float = SECONDS) -> Iterator[int]:
    """0, 1 ... up to `count` of them, at least one, none begun after `seconds`."""
    started = time.perf_counter()
    for turn in range(count):
        if turn and time.perf_counter() - started > seconds:
            return
        yield turn
