"""The model without a server, in a process that computes when it is asked to: in turn with the servers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.bench.child_process import ChildProcess
from app.bench.endpoint import ServerFailed
from app.bench.model_process import Order

_LOOK_EVERY = 0.02  # seconds


@dataclass
class BareModel:
    """One forward pass after the other on the path the server takes: no server, no sampling."""

    child: ChildProcess
    context: int = 0  # tokens of each sequence
    _heard: int = 0

    async def warm_up(self, streams: int) -> None:
        """Nothing: it warms itself up in every round."""

    async def round(self, streams: int) -> float:
        """Tokens per second of `streams` sequences. Raises ServerFailed where the process has ended."""
        self.child.tell(str(streams))
        return await self.next()

    async def next(self) -> float:
        """What it says next."""
        while True:
            ended = self.child.ended  # asked before the output is read: nothing is missed
            lines = self.child.output().splitlines(keepends=True)
            if len(lines) > self._heard and lines[self._heard].endswith("\n"):
                self._heard += 1
                return float(json.loads(lines[self._heard - 1])["measurement"])
            if ended:
                raise ServerFailed(f"the bare forward pass ended: {self.child.last_words()}")
            await asyncio.sleep(_LOOK_EVERY)


@asynccontextmanager
async def bare_model(order: Order) -> AsyncIterator[BareModel]:
    """Loaded; stopped when the block is left."""
    async with ChildProcess("app.bench.model_process", order.as_argument(), listens=True) as child:
        model = BareModel(child)
        model.context = int(await model.next())  # it is loaded then
        yield model
