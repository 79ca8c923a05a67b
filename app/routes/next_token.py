"""What the model expects next, over its whole vocabulary."""

import asyncio
import math
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray

from app import wire
from app.engine.sampling.distribution import likeliest_ids
from app.routes.dependencies import PLACE, ClientDep, EngineDep, TokenizerDep, WorkersDep
from app.routes.disconnect import while_connected
from app.routes.prompts import PromptIds, read_prompt
from app.routes.schemas import NextTokenRequest
from app.tokenization.tokenizer import Tokenizer

router = APIRouter()


@router.post(
    "/api/next-token", response_model=None, responses=wire.or_else(wire.BINARY), dependencies=[PLACE]
)
async def next_token(
    body: NextTokenRequest,
    request: Request,
    engine: EngineDep,
    tokenizer: TokenizerDep,
    workers: WorkersDep,
    client: ClientDep,
) -> dict[str, Any] | Response:
    """JSON with the likeliest tokens; with `Accept: application/octet-stream` every log-probability."""
    prompt = await read_prompt(body.ids, body.prompt, engine, tokenizer, workers)
    logprobs = await while_connected(request, engine.next_token(prompt.token_ids, client=client))  # (V,)
    if wire.BINARY in request.headers.get("accept", ""):
        headers = {"X-Prompt-Tokens": str(len(prompt.token_ids)), "X-Vocabulary": str(len(logprobs))}
        return wire.Binary(logprobs.astype("<f4").tobytes(), headers=headers)
    return await asyncio.to_thread(_described, logprobs, prompt, body, tokenizer)


def _described(
    logprobs: NDArray[np.float32], prompt: PromptIds, body: NextTokenRequest, tokenizer: Tokenizer
) -> dict[str, Any]:
    exact = logprobs.astype(np.float64)
    probabilities = np.exp(exact)
    likeliest = likeliest_ids(logprobs, body.top)
    possible = probabilities > 0  # 0 log 0 is 0
    entropy_bits = -float(probabilities[possible] @ exact[possible]) / math.log(2)
    remainder = 1.0 - float(probabilities[likeliest].sum()) if len(likeliest) < len(logprobs) else 0.0
    described = {
        "ids": list(prompt.token_ids),
        "tokens": _tokens(prompt.token_ids, tokenizer),
        "bos": prompt.bos,
        "vocabulary": len(logprobs),
        "entropy_bits": entropy_bits,
        "top": [_ranked(i, rank, logprobs, tokenizer) for rank, i in enumerate(likeliest.tolist(), start=1)],
        "remainder": max(0.0, remainder),
    }
    if body.roll is None:
        return described
    order = likeliest_ids(logprobs, len(logprobs))
    at = min(int(np.searchsorted(np.cumsum(probabilities[order]), body.roll, side="right")), len(order) - 1)
    return described | {"rolled": _ranked(int(order[at]), at + 1, logprobs, tokenizer)}


def _ranked(token_id: int, rank: int, logprobs: NDArray[np.float32], tokenizer: Tokenizer) -> dict[str, Any]:
    logprob = wire.finite(float(logprobs[token_id]))
    return {**wire.token(token_id, tokenizer), "raw_logprob": logprob, "rank": rank}


def _tokens(token_ids: tuple[int, ...], tokenizer: Tokenizer) -> list[dict[str, Any]]:
    tokens, start = [], 0
    for token_id in token_ids:
        special = tokenizer.is_special(token_id)
        end = start if special else start + len(tokenizer.token_bytes(token_id))
        tokens.append({**wire.token(token_id, tokenizer), "start": start, "end": end, "special": special})
        start = end
    return tokens
