"""What a person gets who presses Run: the default model as it is served, not in exact mode."""

import json
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bench.passage import passage
from app.engine.contract.params import SamplingParams
from app.experiments.experiment import Laboratory
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import read_presets
from app.tokenization.registry import load_model_tokenizer

pytestmark = pytest.mark.weights
TOKENS_READ = 250
UNIVERSES: dict[str, Any] = {
    "prompt": "Dr. Elena Vossmark was born in the city of",
    "max_tokens": 24,
    "temperature": 0.7,
}


@pytest.fixture(scope="module")
def laboratory(default_model: Path):
    from app.engine.local import load

    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name="default", tokenizer=tokenizer, slots=32, context_length=512)
    yield Laboratory(engine, tokenizer)
    engine.close()


async def parts(laboratory: Laboratory, experiment: str, request: dict[str, Any]) -> AsyncIterator[Any]:
    asked = EXPERIMENTS[experiment].request.model_validate_json(json.dumps(request))
    async for part in EXPERIMENTS[experiment].run(laboratory, asked):
        yield part


def request_of(behaviour: str, preset: str) -> dict[str, Any]:
    return next(one.request for one in read_presets(behaviour) if one.id == preset)


async def test_the_distributions_are_within_the_stated_fidelity_of_float32(
    laboratory: Laboratory, default_model: Path
):
    import torch
    from transformers import AutoModelForCausalLM

    ids = [laboratory.tokenizer.bos_token_id, *laboratory.tokenizer.encode(passage())[:TOKENS_READ]]
    ours = await laboratory.engine.distributions(ids, start=0)
    model = AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()
    with torch.inference_mode():
        theirs = model(torch.tensor([ids])).logits[0].double().log_softmax(-1).numpy()[: len(ours)]
    divergences = (np.exp(theirs) * (theirs - ours)).sum(-1)
    assert divergences.mean() <= 0.01


async def test_few_shot_and_the_costume_work_as_the_pages_say(laboratory: Laboratory):
    korean = request_of("few_shot", "korean") | {"shots": [0, 10], "controls": []}
    points = {
        part.shots: part async for part in parts(laboratory, "few-shot", korean) if part.kind == "point"
    }
    assert points[0].right <= 1
    assert points[10].right >= 4
    conversation = request_of("assistant", "conversation")
    answered = {
        part.side: part.answered
        async for part in parts(laboratory, "dressed", conversation)
        if part.kind == "answers"
    }
    assert answered["bare"] == 0
    assert answered["dressed"] >= 6


async def test_sixteen_universes_are_one_batch(laboratory: Laboratory):
    """The whole experiment against one completion, the quickest of four each, taken in turn. Three times as long is
    the promise; the limit here leaves room for a busy machine, and sixteen runs one after the other have none."""

    async def seconds(work: Awaitable[object]) -> float:
        start = time.perf_counter()
        await work
        return time.perf_counter() - start

    async def sixteen(seed: int) -> int:
        asked = {**UNIVERSES, "n": 16, "seed": seed, "cut": "name"}
        return len([part async for part in parts(laboratory, "universes", asked)])

    prompt = laboratory.encode(UNIVERSES["prompt"])
    params = SamplingParams(temperature=UNIVERSES["temperature"], max_tokens=UNIVERSES["max_tokens"])
    await sixteen(0)
    ones, sixteens = [], []
    for seed in range(1, 5):
        ones.append(await seconds(laboratory.continue_text(prompt, replace(params, seed=seed))))
        sixteens.append(await seconds(sixteen(seed)))
    assert min(sixteens) <= 8 * min(ones)
