"""The whole run: start the server, load it and the others in turn, measure the rest, stop it."""

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.bench import capacity, latency
from app.bench.bare_model import BareModel, bare_model
from app.bench.child_process import ChildProcess
from app.bench.company import company
from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.event_stream import printable
from app.bench.load import Load
from app.bench.model_process import Order
from app.bench.passage import FreshPrompts, passage
from app.bench.percentiles import median_of
from app.bench.plan import COMPANY, LONG, ModelFiles, Plan
from app.bench.results import (
    Bare,
    BarePrefill,
    Beside,
    Fidelity,
    Level,
    Results,
    ServerUnderLoad,
    StepBudget,
)
from app.bench.server_process import RunningServer, running_server
from app.bench.streams import UnderLoad, summarise
from app.bench.turns import Contender, in_turn
from app.settings import Settings

_DYING_SECONDS = 0.5
_MEMORY_TIMES = 4  # streams are this much longer while memory is watched: 256 tokens of 64
_BARE = "the bare model"
_SCRIPTED = "needs a model; this engine is scripted"

Say = Callable[[str], None]


@dataclass
class Bench:
    """One run. `results` holds what was measured so far, whatever happens next."""

    settings: Settings
    plan: Plan
    model: ModelFiles | None
    results: Results
    say: Say

    async def run(self) -> None:
        if self.plan.needs_server:
            await self._on_servers()
        elif "bare" in self.plan.names:
            await self._streams([])
        if self.plan.model_tasks:
            await self._on_model()

    async def _on_servers(self) -> None:
        self.say("starting this server")
        try:
            async with running_server(self.settings) as server, self._others() as others:
                self.results.startup = server.startup
                found = server.startup
                times = f"first page after {found.first_page:.2f} s, ready after {found.ready:.2f} s"
                self.say(f"it is at {server.endpoint.url}: {times}")
                ready = server.memory()  # before anything has run
                self.results.servers.insert(0, _server(server.endpoint))
                await self._streams([server.endpoint, *others])
                if COMPANY in self.plan.names:
                    await self._company([server.endpoint, *others])
                await self._further(server, ready)
        except ServerFailed as error:
            self._failed(error)

    @asynccontextmanager
    async def _others(self) -> AsyncIterator[list[Endpoint]]:
        """The servers of `--against` that answer."""
        async with AsyncExitStack() as stack:
            there = []
            for url in self.plan.against:
                endpoint = await stack.enter_async_context(Endpoint(url))
                try:
                    await endpoint.introduce()
                except ServerFailed as error:
                    self._failed(error)
                    continue
                there.append(endpoint)
            kinds = [endpoint.kind for endpoint in there]
            for endpoint in there:
                endpoint.label = endpoint.kind if kinds.count(endpoint.kind) == 1 else endpoint.name
                self.results.servers.append(_server(endpoint))
            yield there

    async def _streams(self, endpoints: list[Endpoint]) -> None:
        """At each N every server in turn, and the bare model with them."""
        loaded = {}
        if "streams" in self.plan.names:
            loaded = dict(zip(self.results.servers, endpoints, strict=True))
        async with self._bare_model() as bare:
            for streams in self.plan.streams:
                contenders: dict[str, Contender] = {
                    each.label: UnderLoad(endpoint, self.plan.load) for each, endpoint in loaded.items()
                }
                if bare and streams <= self.settings.slots:
                    contenders[_BARE] = bare
                rounds = await in_turn(contenders, streams, self.plan.repeats, self._failed)
                for each in list(loaded):
                    if each.label not in rounds:
                        del loaded[each]
                        continue
                    each.levels.append(summarise(rounds[each.label], self.plan.load))
                    self._say_level(each, each.levels[-1])
                if _BARE in contenders and _BARE not in rounds:
                    bare = None  # it has ended
                elif bare and rounds.get(_BARE):
                    self._take_bare(bare.context, streams, median_of(rounds[_BARE]))

    async def _company(self, endpoints: list[Endpoint]) -> None:
        labels = [each.label for each in self.results.servers]
        contenders = dict(zip(labels, endpoints, strict=True))
        await company(contenders, self.plan.load, self.plan.repeats, self._failed, self._take_beside)

    def _take_beside(self, found: Beside) -> None:
        self.results.company.append(found)
        speed = f"{'' if found.in_time else '< '}{found.tokens_per_second:.1f} tokens/s"
        self.say(f"{found.server}, {found.phase}, {found.streams} at once: {speed}")

    @asynccontextmanager
    async def _bare_model(self) -> AsyncIterator[BareModel | None]:
        async with AsyncExitStack() as stack:
            bare = None
            if "bare" in self.plan.names and self.model is None:
                self.results.skipped["bare"] = _SCRIPTED
            elif "bare" in self.plan.names and self.model is not None:
                try:
                    bare = await stack.enter_async_context(bare_model(self._order(self.model, ("bare",))))
                except ServerFailed as error:
                    self._failed(error)
            yield bare

    def _take_bare(self, context: int, streams: int, speed: float) -> None:
        before = self.results.bare.tokens_per_second if self.results.bare else ()
        self.results.bare = Bare(context, (*before, (streams, speed)))
        self.say(f"the bare model, {streams} at once: {speed:.1f} tokens/s")

    async def _further(self, server: RunningServer, ready: int) -> None:
        """Only of this server."""
        endpoint, results, repeats = server.endpoint, self.results, self.plan.repeats
        load, slots = self.plan.load, self.settings.slots
        fresh = FreshPrompts(await _token_ids(endpoint))
        weights = self.model.weights_bytes if self.model else None
        longer = Load(min(_MEMORY_TIMES * load.tokens, self.settings.max_tokens))
        measurements: dict[str, Callable[[], Awaitable[Any]]] = {
            "prefix": lambda: latency.prefix(endpoint, fresh, repeats),
            "universes": lambda: latency.universes(endpoint, load, slots, repeats),
            "gap": lambda: latency.prefill_gap(endpoint, fresh, self.settings.max_tokens),
            "first_token": lambda: latency.first_token(endpoint, fresh, repeats),
            "tokenize": lambda: capacity.tokenizing(endpoint),
            "queue": lambda: capacity.queueing(endpoint, load, slots, repeats),
            "memory": lambda: capacity.memory_under_load(
                endpoint, longer, self.plan.streams[-1], ready, server.memory, weights
            ),
            LONG: lambda: capacity.mixed_requests(endpoint, server.memory, self.say),
        }
        for field, measure in measurements.items():
            name = field.replace("_", "-")
            if name not in self.plan.names:
                continue
            started = time.perf_counter()
            try:
                setattr(results, field, await measure())
            except latency.NotMeasurable as reason:
                results.skipped[name] = str(reason)
            except ServerFailed as error:
                self._failed(error)
                results.skipped[name] = "failed, see the notes"
                await asyncio.sleep(_DYING_SECONDS)  # its connections close before it is gone
                if server.child.ended:
                    raise ServerFailed(f"this server ended: {server.child.last_words()}") from error
            self.say(f"{name}: {time.perf_counter() - started:.1f} s")

    async def _on_model(self) -> None:
        """In a process of its own, now that the server has left it the cores and the memory."""
        if self.model is None:
            names = {"step", "fidelity", "first-token"} & self.plan.names
            self.results.skipped |= dict.fromkeys(sorted(names), _SCRIPTED)
            return
        self.say(f"the model without a server: {', '.join(self.plan.model_tasks)}")
        order = self._order(self.model, self.plan.model_tasks)
        async with ChildProcess("app.bench.model_process", order.as_argument()) as child:
            while (line := await child.next_line()) is not None:
                self._take(json.loads(line))
            if child.process.returncode != 0:
                self._failed(f"the model could not be measured without a server: {child.last_words()}")

    def _order(self, model: ModelFiles, tasks: tuple[str, ...]) -> Order:
        return Order(
            folder=str(model.folder),
            name=model.name,
            device=self.settings.device,
            dtype=self.settings.dtype,
            exact=self.settings.exact,
            slots=self.settings.slots,
            context_length=self.settings.context_length,
            tasks=tasks,
            batches=self.plan.streams,
            prompt_tokens=latency.PROMPT_TOKENS,
            passes=self.plan.load.tokens,
        )

    def _take(self, told: dict[str, Any]) -> None:
        kinds = {"bare_prefill": BarePrefill, "step": StepBudget, "fidelity": Fidelity}
        name, values = told["name"], told["measurement"]
        setattr(self.results, name, kinds[name](**values))
        self.say(f"{name.replace('_', ' ')}: done")

    def _failed(self, error: Exception | str) -> None:
        self.results.failures.append(str(error))
        self.say(f"failed: {error}")

    def _say_level(self, server: ServerUnderLoad, level: Level) -> None:
        speed = f"{level.tokens_per_second:.1f} tokens/s"
        self.say(f"{server.label}, {level.streams} at once: {speed}, first {level.first_token_p50:.2f} s")


def _server(endpoint: Endpoint) -> ServerUnderLoad:
    return ServerUnderLoad(endpoint.name, endpoint.url, endpoint.kind, printable(endpoint.model))


async def _token_ids(endpoint: Endpoint) -> tuple[int, ...]:
    """The passage in the served model's own tokens."""
    reply = await endpoint.request(
        "POST",
        "/api/tokenize",
        json={"text": passage()},
        headers={"accept": "application/octet-stream"},
    )
    (count,) = struct.unpack_from("<I", reply.content)
    return struct.unpack_from(f"<{count}I", reply.content, 4)
