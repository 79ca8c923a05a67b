"""The default model's real weights: what the playground shows is what transformers computes."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.engine.contract.outputs import Step
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import probabilities, sample
from app.engine.serving.threaded_engine import ThreadedEngine
from app.tokenization.registry import load_model_tokenizer

pytestmark = pytest.mark.weights
TEXT = "It was a bright cold day in April, and the clocks were striking nine when the teacher came in."


@pytest.fixture(scope="module")
def tokenizer(default_model: Path):
    return load_model_tokenizer(default_model)


@pytest.fixture(scope="module")
def engine(default_model: Path, tokenizer):
    from app.engine.local import load

    engine = load(default_model, name="default", tokenizer=tokenizer, exact=True, slots=8, context_length=512)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def reference(default_model: Path):
    """The same weights in plain transformers, float32."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()


def encode(tokenizer, text: str) -> list[int]:
    return [tokenizer.bos_token_id, *tokenizer.encode(text)]


async def complete(engine: ThreadedEngine, token_ids: list[int], **params: object) -> list[int]:
    request = GenerationRequest(tuple(token_ids), SamplingParams(**params))
    return [event.token_id async for event in engine.generate(request) if isinstance(event, Step)]


@pytest.mark.parametrize("prompt", ["The capital of France is", "We the People of the United States,"])
async def test_greedy_text_equals_transformers_generate(engine, tokenizer, reference, prompt):
    import torch

    token_ids = encode(tokenizer, prompt)
    ours = await complete(engine, token_ids, temperature=0, max_tokens=24)
    batch = torch.tensor([token_ids])
    theirs = reference.generate(
        batch,
        attention_mask=torch.ones_like(batch),
        max_new_tokens=24,
        do_sample=False,
        top_p=None,
        top_k=None,
    )
    assert ours == theirs[0, len(token_ids) :].tolist()


async def test_summed_logprobs_equal_the_models_own_loss(engine, tokenizer, reference):
    import torch

    token_ids = encode(tokenizer, TEXT)
    scores = await engine.score(token_ids)
    batch = torch.tensor([token_ids])
    with torch.inference_mode():
        loss = reference(batch, labels=batch).loss.item()
    assert abs(-sum(s.raw_logprob for s in scores[1:]) / (len(token_ids) - 1) - loss) <= 1e-4


async def test_the_same_seed_gives_the_same_ids_alone_and_next_to_seven_others(engine, tokenizer):
    prompt = encode(tokenizer, "Once upon a time")
    alone = await complete(engine, prompt, seed=618, max_tokens=24)
    crowd = await asyncio.gather(
        complete(engine, prompt, seed=618, max_tokens=24),
        *(complete(engine, encode(tokenizer, TEXT)[: 5 + i], seed=i, max_tokens=24) for i in range(7)),
    )
    assert crowd[0] == alone


async def test_ten_thousand_draws_follow_the_shown_distribution(engine, tokenizer):
    """Chi-squared over the 30 likeliest tokens and the rest: the 99.9% point for 30 degrees is 59.7."""
    logprobs = await engine.next_token(encode(tokenizer, "My favourite colour is"))
    params = SamplingParams(temperature=0.8, top_p=0.95)
    expected = probabilities(Distribution(logprobs), params)
    raw = Distribution(logprobs)
    drawn = np.zeros(len(logprobs))
    for position in range(10_000):
        drawn[sample(raw, params, dice.roll(7, 0, position)).token_id] += 1
    shown = np.argsort(-expected)[:30]
    observed = np.append(drawn[shown], 10_000 - drawn[shown].sum())
    theory = 10_000 * np.append(expected[shown], 1 - expected[shown].sum())
    assert ((observed - theory) ** 2 / theory).sum() < 59.7


def test_a_run_of_spaces_is_cut_as_gemmas_own_tokenizer_cuts_it(tokenizer):
    """31 and 9: ids of Gemma 3's published tokenizer.json."""
    assert tokenizer.encode(" " * 40) == [167, 145]


async def test_the_model_knows_the_capital_of_france(engine, tokenizer):
    """The smallest sign that the weights were converted whole."""
    logprobs = await engine.next_token(encode(tokenizer, "The capital of France is the city of"))
    assert tokenizer.token_bytes(int(logprobs.argmax())) == b" Paris"
