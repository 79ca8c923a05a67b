"""The load beside programs that keep a core busy each: what a browser or a video call does to a class."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.load import Load
from app.bench.results import Beside
from app.bench.streams import Round, UnderLoad, run_round, summarise
from app.bench.turns import in_turn

STREAMS = (1, 8)
PHASES = {"quiet": 0, "beside one": 1, "beside two": 2, "afterwards": 0}  # busy programs in each, in order
_SETTLE_SECONDS = {"quiet": 0.0, "beside one": 2.0, "beside two": 2.0, "afterwards": 3.0}
_PATIENCE = 60.0  # seconds until a round on a quiet machine is given up
_SLOWDOWN = 4.0  # a round is given up when it takes so many times as long: slower than any target allows
_LEAST_PATIENCE = 2.0  # seconds

# The thread ends it when the bench is gone, even one that was killed.
_BUSY = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True: pass
"""


async def company(
    servers: Mapping[str, Endpoint],
    load: Load,
    repeats: int,
    failed: Callable[[ServerFailed], None],
    tell: Callable[[Beside], None],
) -> None:
    """Every server in turn, in each of the phases; `tell` hears of each figure as it is known.

    A server that fails is out. One that does not write its tokens in time is given up for that phase.
    """
    patience: dict[tuple[str, int], float] = {}  # seconds a round of so many streams may take
    names = list(servers)
    for phase, count in PHASES.items():
        with busy_programs(count):
            await asyncio.sleep(_SETTLE_SECONDS[phase])
            for streams in STREAMS:
                contenders = {
                    name: _Patient(
                        servers[name], load, patience.get((name, streams), _PATIENCE), phase == "quiet"
                    )
                    for name in names
                }
                rounds = await in_turn(contenders, streams, repeats, failed)
                names = list(rounds)
                for name in names:
                    tell(_beside(name, phase, streams, contenders[name], rounds[name]))
                    if phase == "quiet":
                        patience[name, streams] = _beside_others(rounds[name])


@contextlib.contextmanager
def busy_programs(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many programs that keep a core busy each, as strangers to the server; ended with the block."""
    programs: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            programs.append(
                subprocess.Popen(
                    [sys.executable, "-c", _BUSY],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # some systems share cores out by session
                )
            )
        yield programs
    finally:
        for program in programs:
            program.kill()
        for program in programs:
            program.communicate()


@dataclass
class _Patient:
    """A server in turn with others. A round that takes longer than `patience` seconds is its last."""

    endpoint: Endpoint
    load: Load
    patience: float
    warms_up: bool
    late: bool = False

    async def warm_up(self, streams: int) -> None:
        if self.warms_up:  # later, the first round counts: it is what a class notices
            await UnderLoad(self.endpoint, self.load).warm_up(streams)

    async def round(self, streams: int) -> Round | None:
        """None where it was not over in time."""
        if self.late:
            return None
        try:
            async with asyncio.timeout(self.patience):
                return await run_round(self.endpoint, self.load, streams)
        except TimeoutError:
            self.late = True
            return None


def _beside_others(quiet: Sequence[Round | None]) -> float:
    """Seconds a round may take beside other programs."""
    slowest = max((each.seconds for each in quiet if each), default=_PATIENCE)
    return max(_LEAST_PATIENCE, _SLOWDOWN * slowest)


def _beside(
    name: str, phase: str, streams: int, contender: _Patient, rounds: Sequence[Round | None]
) -> Beside:
    load, patience = contender.load, contender.patience
    if contender.late:
        return Beside(name, phase, streams, streams * load.tokens / patience, patience, in_time=False)
    level = summarise([each for each in rounds if each], load)
    return Beside(name, phase, streams, level.tokens_per_second, level.gap_p95)
