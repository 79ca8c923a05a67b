"""The sampling page's worked example: built from the default model, kept in static/examples/sampling.json.

    python -m tests.sampling_example        writes it anew

The page opens with it before the model is loaded: the likeliest tokens exactly, and the tail as knots
[rank, log-probability], straight lines between them over the logarithm of the rank.
"""

import asyncio
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.dice import roll
from app.paths import STATIC
from app.settings import Settings
from app.tokenization.tokenizer import Tokenizer

PATH = STATIC / "examples" / "sampling.json"
PROMPT = "My favourite colour is"
PARAMS = {"temperature": 0.8, "top_k": 0, "top_p": 0.9, "min_p": 0}
SEED = 42
HOT = 2  # the temperature that the lesson's first step asks about
SHOWN = 12  # rows of the first view
LISTED = 200  # tokens known by name
KNOTS = 240  # of the tail


def worked_example(
    logprobs: NDArray[np.float32], ids: list[int], tokenizer: Tokenizer, model: str, measured: str
) -> dict[str, Any]:
    """Everything the first view shows. `logprobs` (V,) by token id."""
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
        "about": "Written by python -m tests.sampling_example; tests/engine/test_sampling_example.py recomputes it.",
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


def measure() -> dict[str, Any]:
    """Ask the default model, loaded here as the site loads it."""
    from datetime import date

    from app.host import ModelHost

    settings = Settings()
    host = ModelHost(settings)
    host.start()
    try:
        return asyncio.run(_measured(host, date.today().isoformat()))
    finally:
        host.close()


async def _measured(host: Any, today: str) -> dict[str, Any]:
    from app.errors import ModelNotReady

    for _ in range(600):
        try:
            engine, tokenizer = host.engine, host.tokenizer
            break
        except ModelNotReady:
            await asyncio.sleep(0.5)
    else:
        raise TimeoutError(f"the model is not ready: {host.state()['task']}")
    ids = [tokenizer.bos_token_id, *tokenizer.encode(PROMPT)]
    logprobs = await engine.next_token(ids)
    return worked_example(logprobs, ids, tokenizer, engine.name, today)


def write(example: dict[str, Any]) -> None:
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in example.items()]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(measure())
