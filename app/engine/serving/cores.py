"""How many of this machine's cores other programs use, and how many the model should leave to them.

A forward pass is as fast as its slowest thread. On two threads beside a program that keeps one of two cores
busy, one thread always waits for a core, and the other waits for that thread: 64 tokens can take more than a
minute. On one thread the model keeps two thirds of its speed.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import psutil

from app.engine.contract.outputs import Cores

_LOOK_SECONDS = 0.25
_LOOKS = 3  # what counts is the use from the first of them to the last: half a second
# On two cores beside a program that is busy for a part of the time, two threads write faster than one until
# it uses 0.4 of a core: 296 and 270 tokens a second at 0.3, 222 and 270 at 0.5, eight streams together.
_LEAVE = 0.4  # cores: programs that use more than this are left one
_TAKE_BACK = 0.3  # cores: it is taken back when they use less; between the two everything stays as it is

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """The clocks at one moment, in seconds."""

    at: float  # monotonic
    used: float  # processor time of all programs, on the cores that are counted
    own: float  # processor time of this process


def used_by_others(looks: Sequence[Look]) -> float:
    """Cores that other programs used from the first look to the last, on average.

    >>> used_by_others([Look(at=10.0, used=50.0, own=20.0), Look(at=10.5, used=51.0, own=20.25)])
    1.5
    """
    first, last = looks[0], looks[-1]
    seconds = last.at - first.at
    if seconds <= 0:
        return 0.0
    others = (last.used - first.used) - (last.own - first.own)
    return max(0.0, others / seconds)  # the system counts in ticks, so a little below zero happens


def left_to_others(others: float, before: int) -> int:
    """Whole cores to leave to programs that use `others` cores, if `before` are left to them now."""
    if others > before + _LEAVE:
        return ceil(others - _LEAVE)
    if others < before - 1 + _TAKE_BACK:
        return max(0, ceil(others - _TAKE_BACK))
    return before


def busy_seconds(times: Iterable[Any]) -> float:
    """Processor time of all programs on cores whose times are psutil's.

    Programs that were started with `nice` count like any others. They give way only to programs of their own
    session or service; beside others they take half of the machine.
    """
    return sum(
        getattr(core, kind, 0.0) for core in times for kind in ("user", "nice", "system", "irq", "softirq")
    )


class CoreWatch:
    """Looks at the cores this process may run on, four times a second, on a thread of its own.

    `threads` is the number the model always runs on; None leaves it to the watch.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._fixed = threads
        self._looks: deque[Look] = deque(maxlen=_LOOKS)
        self._ours = _cores_of_this_process()
        self._stopped = threading.Event()
        self._left = 0  # cores, to others
        self.count = len(self._ours)
        self.others = 0.0  # cores that other programs used in the last half second

    def start(self) -> None:
        threading.Thread(target=self._watch, name="core-watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def look(self, look: Look) -> None:
        self._looks.append(look)
        self.others = used_by_others(self._looks)
        self._left = left_to_others(self.others, self._left)

    def threads(self, most: int) -> int:
        """How many threads the model should run on now, where it can use `most`."""
        return self._fixed or max(1, min(most, self.count - self._left))

    def told(self, most: int) -> Cores:
        """For people, of a model that can use `most` threads; 0 where it uses none."""
        wanted = min(self._fixed or most, self.count) if most else 0
        return Cores(
            count=self.count,
            others=self.others,
            threads=self.threads(most) if most else 0,
            crowded=wanted > self.count - self._left,
        )

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look(_clocks(self._ours))
            except (OSError, RuntimeError) as error:  # a locked-down system keeps its clocks to itself
                _log.warning("the use of the cores cannot be read: %s", type(error).__name__)
                return
            self._stopped.wait(_LOOK_SECONDS)


def measure_others(seconds: float) -> float:
    """Cores that other programs use, over the next so many seconds."""
    ours = _cores_of_this_process()
    first = _clocks(ours)
    time.sleep(seconds)
    return used_by_others([first, _clocks(ours)])


def _cores_of_this_process() -> tuple[int, ...]:
    affinity = getattr(psutil.Process(), "cpu_affinity", None)  # not on every system
    return tuple(affinity()) if affinity else tuple(range(os.cpu_count() or 1))


def _clocks(cores: Sequence[int]) -> Look:
    times = psutil.cpu_times(percpu=True)
    # a core that is switched off has no line of its own, and numbers no longer name lines
    counted = [times[core] for core in cores] if max(cores) < len(times) else times
    return Look(time.monotonic(), busy_seconds(counted), time.process_time())
