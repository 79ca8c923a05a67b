"""Repeat, but not for ever: on a slow machine one figure late is worth less than all of them in time."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from app.bench.endpoint import ServerFailed

# between two contenders: the threads of the first may wait busily for more, and this server takes back a core
# only half a second after the program that was busy on it (app/engine/serving/cores.py)
_REST_SECONDS = 1.2
SECONDS = 15.0  # once one measurement has had this long, it gets no further turn


def turns(count: int, seconds: float = SECONDS) -> Iterator[int]:
    """0, 1 ... up to `count` of them, at least one, none begun after `seconds`."""
    started = time.perf_counter()
    for turn in range(count):
        if turn and time.perf_counter() - started > seconds:
            return
        yield turn


class Contender(Protocol):
    """A server that continues so many sequences at once when it is its turn."""

    async def warm_up(self, streams: int) -> None: ...
    async def round(self, streams: int) -> Any: ...


async def in_turn(
    contenders: Mapping[str, Contender], streams: int, repeats: int, failed: Callable[[ServerFailed], None]
) -> dict[str, list[Any]]:
    """The rounds of each, one after the other: whatever else this machine does, it does to all.

    A contender that fails gets no further turn.
    """
    rounds: dict[str, list[Any]] = {name: [] for name in contenders}
    spent = dict.fromkeys(contenders, 0.0)
    for turn in range(-1, repeats):
        for name, contender in contenders.items():
            if name not in rounds or spent[name] > SECONDS:
                continue
            if len(contenders) > 1:
                await asyncio.sleep(_REST_SECONDS)
            began = time.perf_counter()
            try:
                if turn < 0:
                    await contender.warm_up(streams)
                else:
                    rounds[name].append(await contender.round(streams))
                    spent[name] += time.perf_counter() - began
            except ServerFailed as error:
                failed(error)
                del rounds[name]
    return rounds
