"""One route per experiment: a request in, the parts of its result out as they are computed.

Server-sent events named for the part (`queued`, `progress`, ...), then exactly one `done` or `error`. The
same request asked by many is computed once.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.engine.contract.interface import Engine
from app.engine.contract.params import TEACHER
from app.errors import PlaygroundError
from app.experiments.experiment import Experiment, ExperimentRequest, Laboratory, Part
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import part_json
from app.routes.dependencies import PLACE, ClientDep, HostDep, SharedRunsDep
from app.routes.errors import INTERNAL, log_unexpected
from app.wire import sse

router = APIRouter(prefix="/api/experiments")

OpenRun = tuple[Part | None, AsyncIterator[Part]]


def _add(experiment: Experiment) -> None:
    async def _open(
        body: experiment.request,  # type: ignore[name-defined]  # the table decides, at run time
        host: HostDep,
        runs: SharedRunsDep,
        client: ClientDep,
    ) -> AsyncIterator[OpenRun]:
        """A dependency, so that what is refused before the first part is an ordinary 4xx."""
        async with host.lease(experiment.model) as model:  # a run has listeners, and each of them a lease
            laboratory = Laboratory(model.engine, model.tokenizer, client)
            key, start = _key(experiment, body, model.engine, client), _starter(experiment, laboratory, body)
            async with aclosing(runs.parts(key, start, laboratory.place)) as parts:
                yield await anext(parts, None), parts

    async def run(opened: Annotated[OpenRun, Depends(_open)]) -> AsyncIterator[ServerSentEvent]:
        first, parts = opened
        try:
            if first is not None:
                yield sse(first.kind, part_json(first))
            async for part in parts:
                yield sse(part.kind, part_json(part))
            yield sse("done", {})
        except PlaygroundError as error:
            yield sse("error", error.as_json())
        except Exception as error:
            log_unexpected(error)
            yield sse("error", {"code": "internal", "message": INTERNAL})

    router.add_api_route(
        f"/{experiment.name}",
        run,
        methods=["POST"],
        response_class=EventSourceResponse,
        name=experiment.name,
        dependencies=[PLACE],
    )


def _starter(experiment: Experiment, laboratory: Laboratory, body: ExperimentRequest) -> Callable[[], Any]:
    return lambda: experiment.run(laboratory, body)


def _key(experiment: Experiment, body: ExperimentRequest, engine: Engine, client: str) -> str:
    """The teacher's runs are the teacher's own: one that a student began waits where students wait."""
    lane = client == TEACHER
    return json.dumps([engine.name, engine.description, experiment.name, body.model_dump(mode="json"), lane])


for _experiment in EXPERIMENTS.values():
    _add(_experiment)
