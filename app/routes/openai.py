"""`/v1`: the completions of OpenAI's API, with vLLM's extra fields, for tools that speak it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse

from app.engine.contract.interface import Engine
from app.engine.contract.outputs import Done, Event, PromptScores, Step
from app.engine.contract.params import GenerationRequest
from app.errors import NotFound, PlaygroundError
from app.routes.dependencies import (
    PLACE,
    AdmissionDep,
    ClientDep,
    EngineDep,
    MetricsDep,
    SettingsDep,
    TokenizerDep,
    WorkersDep,
)
from app.routes.disconnect import while_connected
from app.routes.errors import INTERNAL, log_unexpected
from app.routes.generation import merged, open_generation
from app.routes.openai_schemas import OpenAICompletionRequest, PromptItem
from app.routes.openai_text import ChoiceText, Logprobs, Piece
from app.routes.prompts import check_ids, check_length, encode
from app.tokenization.tokenizer import Tokenizer
from app.tokenization.workers import TokenizerWorkers
from app.wire import json_bytes, or_else

router = APIRouter(prefix="/v1")


@router.get("/models")
async def models(engine: EngineDep) -> dict[str, Any]:
    model = {
        "id": engine.name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "base-model-playground",
        "max_model_len": engine.context_length,
    }
    return {"object": "list", "data": [model]}


@dataclass
class OpenCompletion:
    """One request: all its prompts, running side by side, and the choices they write."""

    body: OpenAICompletionRequest
    model: str
    tokenizer: Tokenizer
    prompts: list[tuple[int, ...]]
    events: AsyncIterator[tuple[int, Event]]
    id: str = field(default_factory=lambda: f"cmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    completion_tokens: int = 0

    async def pieces(self) -> AsyncIterator[Piece]:
        """Choice number `prompt * n + sequence`, as OpenAI counts them."""
        body, n = self.body, self.body.n
        with_logprobs = body.logprobs is not None
        choices = [
            ChoiceText(index, self.tokenizer, body.stop, with_logprobs)
            for index in range(n * len(self.prompts))
        ]
        if body.echo and not with_logprobs:
            for index in range(len(self.prompts)):
                for piece in self._echo(choices, index, PromptScores(())):
                    yield piece
        async for prompt, event in self.events:
            if isinstance(event, PromptScores):
                for piece in self._echo(choices, prompt, event):
                    yield piece
            elif isinstance(event, Step):
                if (next_piece := choices[prompt * n + event.sequence].feed(event)) is not None:
                    yield next_piece
            elif isinstance(event, Done):
                self.completion_tokens += event.completion_tokens
                for sequence, choice in enumerate(choices[prompt * n : (prompt + 1) * n]):
                    if not choice.finished:  # nothing was generated, or time ran out
                        reasons = event.finish_reasons
                        yield choice.finish(reasons[min(sequence, len(reasons) - 1)])

    def _echo(self, choices: list[ChoiceText], prompt: int, scored: PromptScores) -> Iterator[Piece]:
        sent = self.body.prompt[prompt]
        text = sent if isinstance(sent, str) else None
        for choice in choices[prompt * self.body.n : (prompt + 1) * self.body.n]:
            yield choice.echo(text, self.prompts[prompt], scored.scores)

    def as_json(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }

    def usage(self) -> dict[str, int]:
        prompt_tokens = sum(map(len, self.prompts))
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": prompt_tokens + self.completion_tokens,
        }


async def _open(
    body: OpenAICompletionRequest,
    settings: SettingsDep,
    engine: EngineDep,
    tokenizer: TokenizerDep,
    workers: WorkersDep,
    client: ClientDep,
    metrics: MetricsDep,
    admission: AdmissionDep,
) -> AsyncIterator[OpenCompletion]:
    if body.model not in (None, engine.name):
        raise NotFound(f"model is not loaded here; this server answers for {engine.name}", "model")
    params = body.params(settings.max_tokens)
    add_bos = None if body.add_special_tokens else False
    prompts = [await _token_ids(item, add_bos, engine, tokenizer, workers) for item in body.prompt]
    async with AsyncExitStack() as stack:
        if others := len(prompts) - 1:  # the request itself has a place
            stack.enter_context(admission.place(client, others))
        streams = []
        for token_ids in prompts:
            request = GenerationRequest(token_ids, params, client, body.observe())
            streams.append(await stack.enter_async_context(open_generation(engine, request, metrics)))
        events = await stack.enter_async_context(merged(streams))
        yield OpenCompletion(body, engine.name, tokenizer, prompts, events)


async def _token_ids(
    item: PromptItem, add_bos: bool | None, engine: Engine, tokenizer: Tokenizer, workers: TokenizerWorkers
) -> tuple[int, ...]:
    if not isinstance(item, str):
        check_ids(item, engine, "prompt")
        return item
    prompt = await encode(item, tokenizer, workers, add_bos=add_bos)
    check_length(len(prompt.token_ids), engine)
    return prompt.token_ids


@router.post(
    "/completions",
    response_model=None,
    responses=or_else(EventSourceResponse.media_type),
    dependencies=[PLACE],
)
async def completions(
    request: Request, completion: Annotated[OpenCompletion, Depends(_open)]
) -> Response | dict[str, Any]:
    if completion.body.stream:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return EventSourceResponse(_chunks(completion), headers=headers)
    whole = await while_connected(request, _whole(completion))
    return await asyncio.to_thread(_json, whole)


async def _whole(completion: OpenCompletion) -> dict[str, Any]:
    with_logprobs = completion.body.logprobs is not None
    choices = [
        Piece(index, "", Logprobs() if with_logprobs else None)
        for index in range(completion.body.n * len(completion.prompts))
    ]
    async for piece in completion.pieces():
        choice = choices[piece.index]
        choice.text += piece.text
        choice.finish_reason = piece.finish_reason
        if choice.logprobs is not None and piece.logprobs is not None:
            choice.logprobs.extend(piece.logprobs)
    return {**completion.as_json([choice.as_json() for choice in choices]), "usage": completion.usage()}


async def _chunks(completion: OpenCompletion) -> AsyncIterator[bytes]:
    with_usage = completion.body.stream_options.include_usage
    try:
        async for piece in completion.pieces():
            chunk = completion.as_json([piece.as_json()])
            yield _sse(chunk | {"usage": None} if with_usage else chunk)
        if with_usage:
            yield _sse(completion.as_json([]) | {"usage": completion.usage()})
    except PlaygroundError as error:
        yield _sse({"error": error.as_json()})
    except Exception as error:
        log_unexpected(error)
        yield _sse({"error": {"code": "internal", "message": INTERNAL}})
    yield b"data: [DONE]\n\n"


def _json(whole: dict[str, Any]) -> Response:
    return Response(json_bytes(whole), media_type="application/json")


def _sse(data: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json_bytes(data)
