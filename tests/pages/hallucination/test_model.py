"""The universes of the default model: what the page says of them, against plain transformers."""

import math
from pathlib import Path

import numpy as np
import pytest

from app.experiments.experiment import Laboratory
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import read_measurement, read_presets, run_preset
from app.tokenization.registry import load_model_tokenizer

pytestmark = pytest.mark.weights
TOLERANCE = 1e-3
PRESETS = {preset.id: preset for preset in read_presets("hallucination")}
MEASURED = read_measurement("hallucination", "gemma-3-270m").results


@pytest.fixture(scope="module")
def laboratory(default_model: Path):
    from app.engine.local import load

    tokenizer = load_model_tokenizer(default_model)
    engine = load(
        default_model, name="default", tokenizer=tokenizer, exact=True, slots=32, context_length=512
    )
    yield Laboratory(engine, tokenizer)
    engine.close()


@pytest.fixture(scope="module")
def logprobs_after(default_model: Path):
    """log p of what follows every token, (T, V), by plain transformers in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()

    def compute(token_ids, start):
        with torch.inference_mode():
            logits = model(torch.tensor([token_ids]), logits_to_keep=len(token_ids) - start).logits[0]
        return logits.double().log_softmax(-1).numpy()

    def of_texts(prompt, texts, temperature):
        """log p of every token of each text after the prompt, at a temperature: one pass for all of them."""
        longest = max(map(len, texts))
        batch = torch.tensor([[*prompt, *text, *[0] * (longest - len(text))] for text in texts])
        with torch.inference_mode():  # what stands behind a text changes nothing before it
            logits = model(batch, logits_to_keep=longest + 1).logits
        found = []
        for row, text in zip(logits, texts, strict=True):
            scaled = row[: len(text)].double() / temperature
            chosen = scaled[torch.arange(len(text)), torch.tensor(text)]
            found.append((chosen - scaled.logsumexp(-1)).tolist())
        return found

    compute.of_texts = of_texts
    return compute


def at_temperature(logprobs, temperature):
    scaled = logprobs / temperature
    return scaled - np.logaddexp.reduce(scaled)


def entropy_bits(logprobs):
    return float(-(np.exp(logprobs) * logprobs).sum() / math.log(2))


async def run(laboratory, preset):
    return await run_preset(EXPERIMENTS[preset.experiment], preset, laboratory)


NAMES = ["known", "after", "invented", "wrong", "known-zh", "invented-zh", "wrong-zh"]


@pytest.mark.parametrize("name", NAMES)
async def test_universes_are_the_measured_ones_and_those_of_transformers(laboratory, logprobs_after, name):
    preset = PRESETS[name]
    temperature = preset.request["temperature"]
    opening, outcome = await run(laboratory, preset)
    assert [u["token_ids"] for u in outcome["universes"]] == [
        u["token_ids"] for u in MEASURED[name][1]["universes"]
    ]
    assert outcome["agreement"] == MEASURED[name][1]["agreement"]
    for figure in ("entropy_bits", "model_entropy_bits", "others"):
        assert opening[figure] == pytest.approx(MEASURED[name][0][figure], abs=TOLERANCE)

    prompt = [token["id"] for token in opening["tokens"]]
    first = logprobs_after(prompt, len(prompt) - 1)[0]
    assert opening["entropy_bits"] == pytest.approx(
        entropy_bits(at_temperature(first, temperature)), abs=TOLERANCE
    )
    assert opening["model_entropy_bits"] == pytest.approx(entropy_bits(first), abs=TOLERANCE)

    branches = {(): outcome["tree"][0]}
    for branch in outcome["tree"][1:]:
        path = next(key for key, value in branches.items() if value is outcome["tree"][branch["parent"]])
        branches[*path, branch["token_id"]] = branch
    texts = [universe["token_ids"] for universe in outcome["universes"]]
    everything = logprobs_after.of_texts(prompt, texts, temperature)
    for universe, ids, theirs in zip(outcome["universes"], texts, everything, strict=True):
        assert universe["logprobs"] == pytest.approx(theirs, abs=TOLERANCE)
        for length in range(1, universe["answer_tokens"] + 1):
            branch = branches[tuple(ids[:length])]
            assert branch["width"] == pytest.approx(math.exp(sum(theirs[:length])), abs=TOLERANCE)
            assert branch["probability"] == pytest.approx(math.exp(theirs[length - 1]), abs=TOLERANCE)

    answers = [universe["answer"].casefold() for universe in outcome["universes"]]
    counts = [answers.count(answer) for answer in set(answers)]
    agreement = outcome["agreement"]
    assert agreement["largest"] == pytest.approx(max(counts) / 16, abs=TOLERANCE)
    assert agreement["pairwise"] == pytest.approx(sum(c * (c - 1) for c in counts) / 240, abs=TOLERANCE)
    entropy = -sum(c / 16 * math.log2(c / 16) for c in counts)
    assert agreement["semantic_entropy_bits"] == pytest.approx(entropy, abs=TOLERANCE)


@pytest.mark.parametrize("name", ["collapse", "collapse-zh"])
async def test_evidence_is_followed_true_or_false(laboratory, logprobs_after, name):
    preset = PRESETS[name]
    temperature = preset.request["temperature"]
    steps = await run(laboratory, preset)
    for step, before in zip(steps, MEASURED[name], strict=True):
        assert step["agreement"] == before["agreement"]
        for figure in ("entropy_bits", "model_entropy_bits"):
            assert step[figure] == pytest.approx(before[figure], abs=TOLERANCE)
        prompt = list(laboratory.encode(step["prompt"]))
        first = logprobs_after(prompt, len(prompt) - 1)[0]
        assert step["entropy_bits"] == pytest.approx(
            entropy_bits(at_temperature(first, temperature)), abs=TOLERANCE
        )
        answers = {tuple(answer["token_ids"]): answer for answer in step["answers"]}
        everything = logprobs_after.of_texts(prompt, list(map(list, answers)), temperature)
        for answer, theirs in zip(answers.values(), everything, strict=True):
            assert answer["logprobs"] == pytest.approx(theirs, abs=TOLERANCE)


async def test_its_own_mistake_is_gone_on_from(laboratory, logprobs_after):
    parts = await run(laboratory, PRESETS["mistake"])
    forced = next(part for part in parts if part["kind"] == "forced")
    sides = {part["side"]: part for part in parts if part["kind"] == "outcome"}
    counts = {side: {m["word"]: m["count"] for m in part["mentions"]} for side, part in sides.items()}
    assert counts["forced"]["England"] > counts["free"]["England"]
    assert counts["forced"]["Austria"] < counts["free"]["Austria"]
    ids = [token["id"] for token in forced["tokens"]]
    prompt = list(laboratory.encode(PRESETS["mistake"].request["prompt"]))
    rows = logprobs_after([*prompt, *ids], len(prompt) - 1)
    theirs = [row[token] for row, token in zip(rows, ids, strict=False)]
    assert forced["raw_logprobs"] == pytest.approx(theirs, abs=TOLERANCE)
    (before,) = (part for part in MEASURED["mistake"] if part["kind"] == "forced")
    assert forced["raw_logprobs"] == pytest.approx(before["raw_logprobs"], abs=TOLERANCE)


async def test_temperature_0_is_one_answer_and_temperature_1_is_many(laboratory):
    greedy = (await run(laboratory, PRESETS["invented-greedy"]))[-1]["agreement"]
    plain = (await run(laboratory, PRESETS["invented-plain"]))[-1]["agreement"]
    assert greedy["largest"] == 1
    assert len(plain["groups"]) >= 8
