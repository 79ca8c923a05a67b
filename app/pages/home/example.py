"""The first page's: a prompt in each language, and what could come next."""

import math
from typing import Any

import numpy as np

from app.experiments.experiment import OpenLaboratory
from app.tokenization.tokenizer import opening

PROMPTS = {"en": "The capital of France is", "zh-CN": "有朋自远方来，不亦"}
SHOWN = 12  # tokens
TOLERANCE = 0.02  # of a probability, on a processor that computes in bfloat16


async def worked_example(laboratory: OpenLaboratory, measured: str) -> dict[str, Any]:
    """The likeliest tokens of each prompt, and what is left for all others."""
    opened = laboratory(exact=False)
    engine, tokenizer = opened.engine, opened.tokenizer
    example: dict[str, Any] = {
        "about": "tests/pages/home/test_example.py recomputes it",
        "model": engine.name,
        "measured": measured,
        "tolerance": TOLERANCE,
    }
    for language, prompt in PROMPTS.items():
        ids = [*opening(tokenizer), *tokenizer.encode(prompt)]
        logprobs = (await engine.next_token(ids)).astype(np.float64)
        probabilities = np.exp(logprobs)
        likeliest = np.argsort(-probabilities, kind="stable")[:SHOWN].tolist()
        top = [
            {"id": i, "bytes": tokenizer.token_bytes(i).hex(), "p": round(float(probabilities[i]), 6)}
            for i in likeliest
        ]
        example[language] = {
            "prompt": prompt,
            "ids": ids,
            "entropy_bits": round(-float((probabilities * logprobs).sum()) / math.log(2), 4),
            "vocabulary": len(probabilities),
            "top": top,
            "remainder": round(1 - sum(row["p"] for row in top), 6),
        }
    return example
