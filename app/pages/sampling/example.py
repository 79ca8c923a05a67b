"""The sampling page's: the likeliest tokens exactly, and the tail as knots [rank, log-probability].

Between the knots are straight lines over the logarithm of the rank.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.sampling.dice import roll
from app.experiments.experiment import OpenLaboratory
from app.tokenization.tokenizer import Tokenizer, opening

PROMPT = "My favourite colour is"
PARAMS = {"temperature": 0.8, "top_k": 0, "top_p": 0.9, "min_p": 0}
SEED = 42
HOT = 2  # the temperature that the lesson's first step asks about
SHOWN = 12  # rows of the first view
LISTED = 200  # tokens known by name
KNOTS = 240  # of the tail


async def worked_example(laboratory: OpenLaboratory, measured: str) -> dict[str, Any]:
    """Everything the first view shows."""
    opened = laboratory(exact=False)
    engine, tokenizer = opened.engine, opened.tokenizer
    ids = [*opening(tokenizer), *tokenizer.encode(PROMPT)]
    return drawn(await engine.next_token(ids), ids, tokenizer, engine.name, measured)


def drawn(
    logprobs: NDArray[np.float32], ids: list[int], tokenizer: Tokenizer, model: str, measured: str
) -> dict[str, Any]:
    """Of `logprobs` (V,) by token id."""
    order = np.argsort(-logprobs, kind="stable")
    ranked = logprobs[order].astype(np.float64)
    raw = np.exp(ranked) / np.exp(ranked).sum()
    tempered = np.exp((ranked - ranked[0]) / PARAMS["temperature"])
    tempered /= tempered.sum()
    kept = int(np.searchsorted(np.cumsum(tempered), PARAMS["top_p"])) + 1
    mass = float(tempered[:kept].sum())
    processed = np.where(np.arange(len(ranked)) < kept, tempered, 0) / mass
    u = roll(SEED, 0, len(ids))
    picked = int(np.searchsorted(np.cumsum(processed[:kept]), u, side="right"))

    def token(index: int) -> dict[str, Any]:
        token_id = int(order[index])
        return {"id": token_id, "bytes": tokenizer.token_bytes(token_id).hex()}

    def shown(index: int) -> dict[str, Any]:
        numbers = {"raw": float(raw[index]), "processed": float(processed[index])}
        return token(index) | {"rank": index + 1} | {name: round(p, 6) for name, p in numbers.items()}

    hot = np.exp((ranked - ranked[0]) / HOT)
    knots = np.unique(np.geomspace(LISTED, len(ranked), KNOTS).astype(int))
    return {
        "about": "tests/pages/sampling/test_example.py recomputes it",
        "model": model,
        "measured": measured,
        "prompt": PROMPT,
        "ids": ids,
        "tokens": [
            {"id": i, "bytes": tokenizer.token_bytes(i).hex(), "special": tokenizer.is_special(i)}
            for i in ids
        ],
        "vocabulary": len(ranked),
        "params": PARAMS,
        "seed": SEED,
        "entropy_bits": round(entropy_bits(raw), 4),
        "processed": {
            "kept": kept,
            "mass": round(mass, 6),
            "entropy_bits": round(entropy_bits(processed), 4),
        },
        "rows": [shown(index) for index in range(SHOWN)],
        "remainder": {
            "count": len(ranked) - SHOWN,
            "raw": round(float(raw[SHOWN:].sum()), 6),
            "processed": round(float(processed[SHOWN:].sum()), 6),
        },
        "roll": {"u": u, **shown(picked)},
        "hot": {
            "temperature": HOT,
            "first": round(float(hot[0] / hot.sum()), 6),
            "others": round(float(hot[SHOWN:].sum() / hot.sum()), 6),
        },
        "listed": [[*token(index).values(), round(float(ranked[index]), 5)] for index in range(LISTED)],
        "tail": [[int(rank), round(float(ranked[rank - 1]), 5)] for rank in knots],
    }


def entropy_bits(probabilities: NDArray[np.float64]) -> float:
    possible = probabilities[probabilities > 0]
    return float(-(possible * np.log2(possible)).sum())
