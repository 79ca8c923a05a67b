"""Continue a text, token by token, as server-sent events: `queued`, `token`s, then one `done` or `error`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app import wire
from app.engine.contract.outputs import Done, Event, Queued, Step
from app.engine.contract.params import GenerationRequest
from app.errors import PlaygroundError
from app.routes.dependencies import (
    PLACE,
    ClientDep,
    EngineDep,
    MetricsDep,
    SettingsDep,
    TokenizerDep,
    WorkersDep,
)
from app.routes.errors import INTERNAL, log_unexpected
from app.routes.generation import open_generation
from app.routes.prompts import PromptIds, read_prompt
from app.routes.schemas import CompletionRequest
from app.tokenization.tokenizer import Tokenizer

router = APIRouter()


@dataclass(frozen=True)
class OpenCompletion:
    events: AsyncIterator[Event]
    prompt: PromptIds
    tokenizer: Tokenizer


async def _open(
    body: CompletionRequest,
    settings: SettingsDep,
    engine: EngineDep,
    tokenizer: TokenizerDep,
    workers: WorkersDep,
    client: ClientDep,
    metrics: MetricsDep,
) -> AsyncIterator[OpenCompletion]:
    """A dependency, so that a refusal is an ordinary 4xx and the reader's leaving closes the generation."""
    params = body.params(settings.max_tokens)
    prompt = await read_prompt(body.ids, body.prompt, engine, tokenizer, workers)
    request = GenerationRequest(prompt.token_ids, params, client)
    async with open_generation(engine, request, metrics) as events:
        yield OpenCompletion(events, prompt, tokenizer)


@router.post("/api/completions", response_class=EventSourceResponse, dependencies=[PLACE])
async def completions(
    completion: Annotated[OpenCompletion, Depends(_open)],
) -> AsyncIterator[ServerSentEvent]:
    try:
        async for event in completion.events:
            if isinstance(event, Queued):
                ids = list(completion.prompt.token_ids)
                yield wire.sse("queued", {"position": event.position, "seed": event.seed, "ids": ids})
            elif isinstance(event, Step):
                yield wire.sse("token", wire.step(event, completion.tokenizer))
            elif isinstance(event, Done):
                yield wire.sse("done", wire.done(event))
    except PlaygroundError as error:
        yield wire.sse("error", error.as_json())
    except Exception as error:
        log_unexpected(error)
        yield wire.sse("error", {"code": "internal", "message": INTERNAL})
