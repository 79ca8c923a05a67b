"""The playground's: a typed prompt and a continuation with all its numbers."""

import math
from typing import Any

from app import wire
from app.engine.contract.interface import Engine
from app.engine.contract.outputs import Done, Step
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.experiments.experiment import OpenLaboratory
from app.tokenization.tokenizer import opening

PROMPT = "Once upon a time, in a small village by the sea, there lived a"
SEED = 618
MAX_TOKENS = 60
PARAMS: dict[str, Any] = {
    "temperature": 0.8,
    "top_k": 0,
    "top_p": 0.95,
    "min_p": 0,
    "repetition_penalty": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
}
LIMITS = (1, 3, 5, 8)  # bits, as SURPRISE_LIMITS in static/js/base/token-look.js
TOP = 10


def settings() -> SamplingParams:
    return SamplingParams(**PARAMS, seed=SEED, max_tokens=MAX_TOKENS, logprobs=TOP)


async def worked_example(laboratory: OpenLaboratory, measured: str) -> dict[str, Any]:
    """The document as static/pages/playground/state.js packs it, with what the server draws of it."""
    opened = laboratory()
    engine, tokenizer = opened.engine, opened.tokenizer
    prompt = [*opening(tokenizer), *tokenizer.encode(PROMPT)]
    steps = await continuation(engine, prompt)
    scores = await engine.score(prompt, top=TOP)
    typed = [wire.score(score, tokenizer) for score in scores]
    written = [wire.step(step, tokenizer) for step in steps]
    hexes = [one["bytes"] for one in typed + written]
    columns = [
        [rounded(s["raw_logprob"], 4), s["rank"], rounded(s["entropy_bits"], 2)] for s in typed
    ] + [
        [
            rounded(s["raw_logprob"], 4), rounded(s["processed_logprob"], 4), s["rank"],
            rounded(s["entropy_bits"], 2), s["u"], s["kept"], 0,
        ]
        for s in written
    ]  # fmt: skip
    run = {"seed": SEED, "params": PARAMS, "ignoreEos": False, "start": len(prompt), "sequence": 0}
    card = surprising(steps)
    return {
        "about": "tests/pages/playground/test_example.py recomputes it",
        "version": 1,
        "view": "playground",
        "model": engine.name,
        "measured": measured,
        "document": {
            "ids": [one["id"] for one in typed + written],
            "bytes": ",".join(hexes),
            "by": "s" + "t" * (len(prompt) - 1) + "m" * len(steps),
            "steps": columns,
            "runs": [run],
            "tops": [0] * len(prompt) + [shorter(s["top"]) for s in written],
        },
        "settings": {"params": PARAMS, "maxTokens": 40, "seed": SEED, "colour": "surprise"},
        "pieces": pieces(typed[1:], "typed") + pieces(written, "model"),
        "card": card_of(written[card], len(prompt) + card),
    }


async def continuation(engine: Engine, prompt: list[int]) -> list[Step]:
    steps = []
    async for event in engine.generate(GenerationRequest(tuple(prompt), settings())):
        assert not isinstance(event, Done) or event.seed == SEED
        if isinstance(event, Step):
            steps.append(event)
    return steps


def surprising(steps: list[Step]) -> int:
    """Which step the card opens with: the least expected of those among the 200 likeliest."""
    return max(range(len(steps)), key=lambda i: -steps[i].raw_logprob if steps[i].rank <= 200 else 0)


def shorter(top: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("raw_logprob", "processed_logprob")
    return [one | {name: rounded(one[name], 4) for name in names} for one in top]


def rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def pieces(tokens: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """What the first view draws: each token, which splits no character, and how surprising it was."""
    return [
        {"text": bytes.fromhex(one["bytes"]).decode(), "by": by, "level": level(one["raw_logprob"])}
        for one in tokens
    ]


def level(raw_logprob: float | None) -> int | str:
    return "" if raw_logprob is None else sum(-raw_logprob / math.log(2) >= limit for limit in LIMITS)


def card_of(step: dict[str, Any], index: int) -> dict[str, Any]:
    return {
        "index": index,
        "id": step["id"],
        "bytes": step["bytes"],
        "rank": step["rank"],
        "raw": round(math.exp(step["raw_logprob"]), 6),
        "processed": round(math.exp(step["processed_logprob"]), 6),
        "bits": round(-step["raw_logprob"] / math.log(2), 2),
        "u": step["u"],
        "kept": step["kept"],
    }
