"""The sampling page's: a prompt in each language, what could come next, and what the settings make of it.

The likeliest tokens are listed. The tail is there as knots [rank, log-probability]; between them are straight
lines over the logarithm of the rank.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.experiments.experiment import OpenLaboratory
from app.tokenization.tokenizer import Tokenizer, opening

PROMPTS = {"en": "My favourite colour is", "zh-CN": "今天天气真"}
SEED = 42
HOT = 2  # the temperature that the first step asks about
CHAT = {"temperature": 0.8, "top_p": 0.9}  # settings that the notes for teachers name
SHOWN = 5  # bars
LISTED = 200  # tokens known by name
KNOTS = 240  # of the tail


async def worked_example(laboratory: OpenLaboratory, measured: str) -> dict[str, Any]:
    """Everything the first view shows."""
    opened = laboratory(exact=False)
    engine, tokenizer = opened.engine, opened.tokenizer
    example: dict[str, Any] = {
        "about": "tests/pages/sampling/test_example.py recomputes it",
        "model": engine.name,
        "measured": measured,
        "seed": SEED,
    }
    for language, prompt in PROMPTS.items():
        ids = [*opening(tokenizer), *tokenizer.encode(prompt)]
        example[language] = {"prompt": prompt} | described(await engine.next_token(ids), ids, tokenizer)
    return example


def described(logprobs: NDArray[np.float32], ids: list[int], tokenizer: Tokenizer) -> dict[str, Any]:
    """Of `logprobs` (V,) by token id."""
    order = np.argsort(-logprobs, kind="stable")
    ranked = logprobs[order].astype(np.float64)
    raw, hot, chat = (at_temperature(ranked, t) for t in (1, HOT, CHAT["temperature"]))
    kept = int(np.searchsorted(np.cumsum(chat), CHAT["top_p"])) + 1
    knots = np.unique(np.geomspace(LISTED, len(ranked), KNOTS).astype(int))

    def token(token_id: int) -> dict[str, Any]:
        return {"id": token_id, "bytes": tokenizer.token_bytes(token_id).hex()}

    return {
        "ids": ids,
        "tokens": [token(i) | {"special": tokenizer.is_special(i)} for i in ids],
        "vocabulary": len(ranked),
        "entropy_bits": round(entropy_bits(raw), 4),
        "rows": [token(int(order[i])) | {"p": round(float(raw[i]), 6)} for i in range(SHOWN)],
        "remainder": round(float(raw[SHOWN:].sum()), 6),
        "hot": {
            "temperature": HOT,
            "first": round(float(hot[0]), 6),
            "remainder": round(float(hot[SHOWN:].sum()), 6),
        },
        "chat": CHAT | {"kept": kept, "mass": round(float(chat[:kept].sum()), 6)},
        "listed": [[*token(int(order[i])).values(), round(float(ranked[i]), 5)] for i in range(LISTED)],
        "tail": [[int(rank), round(float(ranked[rank - 1]), 5)] for rank in knots],
    }


def at_temperature(ranked: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities (V,) of ranked log-probabilities (V,), likeliest first."""
    weights = np.exp((ranked - ranked[0]) / temperature)
    return np.asarray(weights / weights.sum())


def entropy_bits(probabilities: NDArray[np.float64]) -> float:
    possible = probabilities[probabilities > 0]
    return float(-(possible * np.log2(possible)).sum())
