"""How well the model expected a text, token by token."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from app import wire
from app.engine.contract.outputs import Score
from app.routes.dependencies import PLACE, ClientDep, EngineDep, TokenizerDep, WorkersDep
from app.routes.disconnect import while_connected
from app.routes.prompts import read_prompt
from app.routes.schemas import ScoreRequest
from app.tokenization.tokenizer import Tokenizer

router = APIRouter()


@router.post("/api/score", dependencies=[PLACE])
async def score(
    body: ScoreRequest,
    request: Request,
    engine: EngineDep,
    tokenizer: TokenizerDep,
    workers: WorkersDep,
    client: ClientDep,
) -> dict[str, Any]:
    prompt = await read_prompt(body.ids, body.prompt, engine, tokenizer, workers)
    work = engine.score(prompt.token_ids, top=body.top, client=client)
    scores = await while_connected(request, work)
    return await asyncio.to_thread(_described, scores, tokenizer)


def _described(scores: Sequence[Score], tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "ids": [score.token_id for score in scores],
        "scores": [wire.score(score, tokenizer) for score in scores],
        "totals": totals(scores, tokenizer),
    }


def totals(scores: Sequence[Score], tokenizer: Tokenizer) -> dict[str, float | int | None]:
    """Sums over the tokens that have a probability: all but the very first.

    Example: two tokens of probabilities 1/2 and 1/8, four bytes together, are 1 + 3 = 4 bits, 1 bit per
    byte and a perplexity of 4.
    """
    scored = [(score.token_id, score.raw_logprob) for score in scores if score.raw_logprob is not None]
    nats = -sum(logprob for _, logprob in scored)
    size = sum(len(tokenizer.token_bytes(i)) for i, _ in scored if not tokenizer.is_special(i))
    bits = nats / math.log(2)
    return {
        "tokens": len(scored),
        "bits": wire.finite(bits),
        "bytes": size,
        "bits_per_byte": wire.finite(bits / size) if size else None,
        "perplexity": wire.finite(math.exp(min(nats / len(scored), 700.0))) if scored else None,
    }
