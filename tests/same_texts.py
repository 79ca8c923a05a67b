"""`python -m tests.same_texts`: a thousand requests in every company, and how many texts are the same.

The tests hold this on a few requests; this takes an hour. Each condition is a process of its own, compared
with the first, in which requests run one at a time.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

TOKENS = 64
PROMPTS = (
    "The capital of France is",
    "Once upon a time there was a fox who",
    "def fibonacci(n):\n",
    "Dear Sir or Madam,\nI am writing to",
    "从前有一座山，山上有一座庙，",
    "人工智能的发展",
    "The river was high that spring, and",
    "北京是中国的首都，",
)
TEMPERATURES = (0.0, 0.8, 1.3)
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

# name: (at once, continuations of each, what is changed, environment)
CONDITIONS: dict[str, tuple[int, int, str, dict[str, str]]] = {
    "alone": (1, 1, "", {}),
    "after a restart, beside 31": (32, 1, "", {}),
    "beside 7": (8, 1, "", {}),
    "as one of n=8, beside 3": (4, 8, "", {}),
    "no prompt found again, beside 31": (32, 1, "uncached", {}),
    "read two tokens at a time, beside 31": (32, 1, "chunked", {}),
    "on one thread, beside 31": (32, 1, "one thread", {}),
    "with AVX2 alone, beside 31": (32, 1, "", AVX2),
    "alone again": (1, 1, "", {}),
}

Text = list[tuple[int, float]]  # ids and raw log-probabilities


def texts(count: int, at_once: int, continuations: int, change: str, weights: Path) -> dict[int, Text]:
    """Of `count` requests in random order."""
    import torch

    from app.engine import local
    from app.engine.contract.outputs import Step
    from app.engine.contract.params import GenerationRequest, SamplingParams
    from app.engine.serving import pace, scheduler
    from app.tokenization.registry import load_model_tokenizer

    if change == "uncached":
        scheduler.CACHE_BYTES = 0
    if change == "chunked":
        pace.Pace.budget = lambda *_, **__: 2
    if change == "one thread":
        torch.set_num_threads(1)
    tokenizer = load_model_tokenizer(weights, weights.name)
    engine = local.load(
        weights, name=weights.name, tokenizer=tokenizer, slots=32, queue=count, context_length=512
    )
    left = list(range(count))
    random.shuffle(left)
    found: dict[int, Text] = {}

    async def ask() -> None:
        while left:
            number = left.pop()
            params = SamplingParams(
                temperature=TEMPERATURES[number // len(PROMPTS) % len(TEMPERATURES)],
                max_tokens=TOKENS,
                ignore_eos=True,
                seed=number,
                n=continuations,
            )
            ids = (2, *tokenizer.encode(PROMPTS[number % len(PROMPTS)]))
            found[number] = [
                (event.token_id, event.raw_logprob)
                async for event in engine.generate(GenerationRequest(ids, params))
                if isinstance(event, Step) and event.sequence == 0
            ]

    async def all_of_them() -> None:
        await asyncio.gather(*(ask() for _ in range(at_once)))

    try:
        asyncio.run(all_of_them())
    finally:
        engine.close()
    return found


def compared(found: dict[str, Text], expected: dict[str, Text]) -> tuple[int, float]:
    """How many texts have the same ids, and the largest difference of log-probabilities (nats) in those."""
    same, largest = 0, 0.0
    for number, text in found.items():
        pairs = list(zip(text, expected[number], strict=True))
        if all(one[0] == other[0] for one, other in pairs):
            same += 1
            largest = max(largest, *(abs(one[1] - other[1]) for one, other in pairs))
    return same, largest


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.same_texts", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--weights", type=Path, default=Path("models/weights/gemma-3-270m"))
    parser.add_argument("--condition", choices=CONDITIONS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.condition:
        at_once, continuations, change, _ = CONDITIONS[options.condition]
        found = texts(options.requests, at_once, continuations, change, options.weights)
        options.out.write_text(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        expected = None
        for name, (*_, environment) in CONDITIONS.items():
            out = Path(folder) / "texts.json"
            command = [sys.executable, "-m", "tests.same_texts", "--condition", name, "--out", str(out)]
            command += ["--requests", str(options.requests), "--weights", str(options.weights)]
            subprocess.run(command, check=True, env=os.environ | environment)
            found = json.loads(out.read_text())
            expected = expected or found
            same, largest = compared(found, expected)
            sys.stdout.write(
                f"{name}: {same} of {len(found)} the same, log-probabilities within {largest:.1e}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
