"""The model without a server, in a process that computes when it is asked to: in turn with the servers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.bench.child_process import ChildProcess
from app.bench.endpoint import ServerFailed
from app.bench.model_process import Order


@dataclass
class BareModel:
    """One forward pass after the other on the path the server takes: no server, no sampling."""

    child: ChildProcess
    context: int = 0  # tokens of each sequence

    async def warm_up(self, streams: int) -> None:
        """Nothing: it warms itself up in every round."""

    async def round(self, streams: int) -> float:
        """Tokens per second of `streams` sequences. Raises ServerFailed where the process has ended."""
        self.child.tell(str(streams))
        return await self.next()

    async def next(self) -> float:
        """What it says next."""
        line = await self.child.next_line()
        if line is None:
            raise ServerFailed(f"the bare forward pass ended: {self.child.last_words()}")
        return float(json.loads(line)["measurement"])


@asynccontextmanager
async def bare_model(order: Order) -> AsyncIterator[BareModel]:
    """Loaded; stopped when the block is left."""
    async with ChildProcess("app.bench.model_process", order.as_argument(), listens=True) as child:
        model = BareModel(child)
        model.context = int(await model.next())  # it is loaded then
        yield model
