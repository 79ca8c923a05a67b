"""Recitation, prefix sweep and a changed word: against real greedy decoding, and against plain transformers."""

import asyncio
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.engine.fake import SCRIPT, FakeEngine
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.errors import BadRequest, ContextOverflow
from app.experiments.experiment import Laboratory, Part
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import read_measurement, read_presets, run_preset
from app.pages.regurgitation.experiments import (
    ReciteRequest,
    SweepRequest,
    extracted,
    greedy,
    prefix_sweep,
    recite,
)
from app.pages.regurgitation.perturbation import PerturbRequest, perturb
from app.pages.regurgitation.word_swap import swap_words
from app.tokenization.registry import load_model_tokenizer
from app.tokenization.tokenizer import opening
from tests.byte_tokenizer import ByteTokenizer
from tests.event_stream import events

TEXT = SCRIPT[:120]
PRESETS = {preset.id: preset for preset in read_presets("regurgitation")}
PASSAGES = [name for name, preset in PRESETS.items() if preset.note["role"] == "passage"]


@pytest.fixture
def laboratory(fake_engine: FakeEngine) -> Laboratory:
    return Laboratory(fake_engine, ByteTokenizer(adds_bos=True))


async def parts_of(work) -> dict[str, Any]:
    """The last part of each kind, and how many there were."""
    found: dict[str, Part] = {}
    counts: dict[str, int] = {}
    async for part in work:
        found[part.kind] = part
        counts[part.kind] = counts.get(part.kind, 0) + 1
    return {**found, "counts": counts}


async def test_a_recitation_comes_token_by_token(laboratory: Laboratory):
    parts = await parts_of(recite(laboratory, ReciteRequest(text=TEXT, prefix=20, length=24)))
    assert parts["passage"].ids == tuple(TEXT.encode())
    assert len(parts["recall"].bits) == len(TEXT)
    assert parts["counts"]["written"] == len(parts["recital"].ids) == parts["recital"].total == 24
    assert parts["written"].done == parts["written"].total == 24
    assert parts["recital"].stretches[-1].written[1] == 24
    assert parts["recital"].run <= parts["recital"].equal <= 24


async def test_the_second_half_and_the_first_64_tokens_are_what_they_say(laboratory: Laboratory):
    recall = (await parts_of(recite(laboratory, ReciteRequest(text=TEXT, prefix=1, length=1))))["recall"]
    half = recall.bits[len(recall.bits) // 2 :]
    assert recall.second_half_bits == pytest.approx(sum(half) / len(half))
    assert recall.mean_bits == pytest.approx(sum(recall.bits) / len(recall.bits))
    ranks = recall.ranks[32:64]
    assert recall.extracted == next((index for index, rank in enumerate(ranks) if rank != 1), 32)
    short = (await parts_of(recite(laboratory, ReciteRequest(text=TEXT[:63], prefix=1, length=1))))["recall"]
    assert short.extracted is None
    for rank, instead in zip(recall.ranks, recall.instead, strict=True):
        assert (rank == 1) == (instead == "")


async def test_a_swapped_text_is_recited_as_swapped(laboratory: Laboratory):
    parts = await parts_of(recite(laboratory, ReciteRequest(text=TEXT, prefix=8, length=8, swapped=True)))
    assert parts["passage"].ids == tuple(swap_words(TEXT).encode())


async def test_a_changed_word_is_scored_on_the_same_rest(laboratory: Laboratory):
    request = PerturbRequest(text=TEXT, prefix=16, start=5, end=9, replacement="UPON", length=20)
    found = [part async for part in perturb(laboratory, request)]
    before, after = (part for part in found if part.kind == "opening")
    assert bytes(before.ids).decode() == "Once upon a time"
    assert bytes(after.ids).decode() == "Once UPON a time"
    assert len(before.bits) == len(after.bits) == before.total == 20
    recital = found[-1]
    assert after.run == recital.run
    assert recital.prefix == len(after.ids)
    assert [part.done for part in found if part.kind == "progress"] == [4, 8, 12, 16, 20]


@pytest.mark.parametrize(
    ("experiment", "body", "reason"),
    [
        ("recite", {"text": "short", "prefix": 5}, "nothing is left to recite"),
        ("recite", {"text": "", "prefix": 5}, ""),
        ("recite", {"text": "a text", "prefix": 129}, ""),
        ("recite", {"text": "a" * 600, "prefix": 5}, "reads at most"),
        ("prefix-sweep", {"text": "a"}, "nothing is left to recite"),
        ("prefix-sweep", {"text": "a text", "longest": 65}, ""),
        (
            "perturb",
            {"text": "a text", "prefix": 3, "start": 2, "end": 4, "replacement": "x"},
            "not in the prefix",
        ),
        (
            "perturb",
            {"text": "a text", "prefix": 3, "start": 2, "end": 2, "replacement": "x"},
            "not in the prefix",
        ),
        (
            "perturb",
            {"text": "né", "prefix": 2, "start": 0, "end": 1, "replacement": "x"},
            "middle of a character",
        ),
    ],
)
def test_what_cannot_be_recited_is_refused_in_words(
    client: TestClient, experiment: str, body: dict[str, Any], reason: str
):
    response = client.post(f"/api/experiments/{experiment}", json=body)
    assert response.status_code == 422
    assert reason in response.json()["error"]["message"]


def test_the_route_tells_the_parts_in_order(client: TestClient):
    response = client.post("/api/experiments/recite", json={"text": TEXT, "prefix": 30, "length": 6})
    kinds = [kind for kind, _ in events(response.text)]
    assert kinds == ["passage", "recall", *["written"] * 4, "progress", *["written"] * 2, "recital", "done"]


class FixedText:
    """A tokenizer whose only text is the given tokens."""

    name = "fixed"
    bos_token_id = 256
    adds_bos = True
    eos_token_ids = frozenset([256])
    vocabulary_size = 257

    def __init__(self, token_ids: list[int]) -> None:
        self.token_ids = token_ids

    def encode(self, text: str) -> list[int]:
        return self.token_ids

    def token_bytes(self, token_id: int) -> bytes:
        return bytes([token_id % 256])


@pytest.fixture
def tiny_engine() -> Iterator[ThreadedEngine]:
    """A seeded two-layer model over bytes, in float32."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from app.engine.network.model_runner import ModelRunner

    torch.manual_seed(618)
    config = LlamaConfig(
        vocab_size=FixedText.vocabulary_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=96,
        bos_token_id=256,
        eos_token_id=256,
    )
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():  # the usual initialisation is too flat to tell tokens apart
        parameter.data.mul_(4 if parameter.dim() > 1 else 1)
    engine = ThreadedEngine(
        ModelRunner(model.eval(), slots=32, context_length=96),
        FixedText([]),
        name="tiny",
        description={"device": "cpu", "dtype": "float32", "mode": "exact"},
        limits=EngineLimits(32, 100, 96, 60.0),
    )
    yield engine
    engine.close()


async def test_the_sweep_equals_sixty_four_greedy_generations(tiny_engine: ThreadedEngine):
    """One pass over the text gives what decoding greedily from each of the 64 prefixes gives."""
    own = [step.token_id async for step in greedy(Laboratory(tiny_engine, FixedText([])), (256, 7), 88)]
    text = [7, *own]
    for slip in (5, 21, 22, 40, 71):  # a text that the model knows but for a few places
        text[slip] = (text[slip] + 1) % 256
    laboratory = Laboratory(tiny_engine, FixedText(text))
    sweep = (await parts_of(prefix_sweep(laboratory, SweepRequest(text="any"))))["sweep"]

    async def real(prefix: int) -> int:
        length = min(48, len(text) - prefix)
        prompt = (*opening(laboratory.tokenizer), *text[:prefix])
        written = [step.token_id async for step in greedy(laboratory, prompt, length)]
        rest = text[prefix : prefix + length]
        return next((i for i, token_id in enumerate(rest) if written[i : i + 1] != [token_id]), length)

    assert list(sweep.runs) == await asyncio.gather(*map(real, range(1, 65)))
    assert len(set(sweep.runs)) > 8  # and there is something to see


def test_every_passage_says_where_it_is_from():
    assert len(PASSAGES) >= 8
    for name in [*PASSAGES, "control"]:
        note = PRESETS[name].note
        assert all(note[field] for field in ("author", "year", "source", "licence", "lang")), name
        assert f"{name}-sweep" in PRESETS
    for name in PASSAGES:
        assert {f"{name}-changed", f"{name}-swapped"} <= PRESETS.keys()
        assert PRESETS[f"{name}-changed"].request["text"] != PRESETS[name].request["text"]


def test_every_preset_has_its_measured_result():
    measurement = read_measurement("regurgitation", "gemma-3-270m")
    assert measurement is not None
    assert list(measurement.results) == list(PRESETS)


# On the shipped weights


@pytest.fixture(scope="module")
def real(default_model: Path):
    from app.engine.local import load

    tokenizer = load_model_tokenizer(default_model)
    engine = load(
        default_model, name="default", tokenizer=tokenizer, exact=True, slots=16, context_length=1024
    )
    yield Laboratory(engine, tokenizer)
    engine.close()


@pytest.fixture(scope="module")
def reference(default_model: Path):
    """The same weights in plain transformers, float32: (bits, ranks) of a text's tokens."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()

    def score(token_ids: list[int]) -> tuple[list[float], list[int]]:
        with torch.inference_mode():
            logprobs = model(torch.tensor([token_ids])).logits[0, :-1].log_softmax(-1)
        own = logprobs.gather(1, torch.tensor(token_ids[1:])[:, None])
        ranks = (logprobs > own).sum(1) + 1
        return (-own[:, 0] / math.log(2)).tolist(), ranks.tolist()

    def continue_greedily(token_ids: list[int], length: int) -> list[int]:
        batch = torch.tensor([token_ids])
        settings = {"do_sample": False, "top_p": None, "top_k": None, "max_new_tokens": length}
        written = model.generate(batch, attention_mask=torch.ones_like(batch), **settings)
        return written[0, len(token_ids) :].tolist()

    score.continue_greedily = continue_greedily
    return score


def measured(name: str, kind: str) -> dict[str, Any]:
    measurement = read_measurement("regurgitation", "gemma-3-270m")
    assert measurement is not None
    return next(part for part in measurement.results[name] if part["kind"] == kind)


@pytest.mark.weights
def test_what_the_page_claims_holds():
    """On the recorded numbers; the tests below recompute them."""
    for name in ("lorem-ipsum", "preamble"):
        assert measured(name, "recall")["second_half_bits"] < 0.5
    assert measured("control", "recall")["second_half_bits"] > 5
    assert measured("amendment-sweep", "sweep")["runs"][:2] == [0, 45]
    assert measured("preamble-sweep", "sweep")["runs"][9] == 43
    assert max(measured("preamble-sweep", "sweep")["runs"][:9]) <= 4
    assert [name for name in PASSAGES if measured(name, "recall")["extracted"] == 32] == ["bsd"]
    assert max(measured("control-sweep", "sweep")["runs"]) <= 3
    for name in PASSAGES:
        bits = measured(name, "recall")["second_half_bits"]
        for control in ("changed", "swapped"):
            assert measured(f"{name}-{control}", "recall")["second_half_bits"] > bits + 1


@pytest.mark.weights
@pytest.mark.parametrize("name", [*PASSAGES, "control"])
def test_bits_and_ranks_equal_plain_transformers(real: Laboratory, reference, name: str):
    request = PRESETS[name].request
    token_ids = [real.tokenizer.bos_token_id, *real.tokenizer.encode(request["text"])]
    bits, ranks = reference(token_ids)
    recall = measured(name, "recall")
    assert measured(name, "passage")["ids"] == token_ids[1:]
    assert recall["bits"] == pytest.approx(bits, abs=1e-3)
    assert [ours == 1 for ours in recall["ranks"]] == [theirs == 1 for theirs in ranks]
    half = bits[len(bits) // 2 :]
    assert recall["second_half_bits"] == pytest.approx(sum(half) / len(half), abs=1e-3)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["amendment", "control", "preamble-word-8", "preamble-sweep"])
async def test_measuring_again_gives_the_recorded_parts(real: Laboratory, name: str):
    preset = PRESETS[name]
    again = await run_preset(EXPERIMENTS[preset.experiment], preset, real)
    measurement = read_measurement("regurgitation", "gemma-3-270m")
    assert measurement is not None
    for ours, theirs in zip(json.loads(json.dumps(again)), measurement.results[name], strict=True):
        assert ours.keys() == theirs.keys()
        for field, value in theirs.items():
            if isinstance(value, float) or field == "bits":
                assert ours[field] == pytest.approx(value, abs=1e-3), field
            elif field != "ranks":
                assert ours[field] == value, field


@pytest.mark.weights
async def test_a_sweep_of_sixty_four_openings_is_quick(real: Laboratory):
    request = SweepRequest(text=PRESETS["declaration"].request["text"] + " ")  # not in the cache
    start = time.perf_counter()
    sweep = (await parts_of(prefix_sweep(real, request)))["sweep"]
    assert len(sweep.runs) == 64
    assert time.perf_counter() - start < 15


@pytest.mark.weights
@pytest.mark.parametrize("name", ["amendment", "preamble", "hamlet"])
def test_the_recorded_sweep_equals_generate_of_plain_transformers(reference, name: str):
    ids = measured(name, "passage")["ids"]
    sweep = measured(f"{name}-sweep", "sweep")
    for prefix in (1, 2, 10, 17, 40):
        recorded = sweep["runs"][prefix - 1]
        length = min(sweep["possible"][prefix - 1], recorded + 1)  # one token more tells a longer run
        written = reference.continue_greedily([2, *ids[:prefix]], length)
        rest = ids[prefix : prefix + length]
        run = next((i for i, token_id in enumerate(rest) if written[i : i + 1] != [token_id]), length)
        assert recorded == run


@pytest.mark.parametrize(
    ("ranks", "found"),
    [
        ([2] * 32 + [1] * 32, 32),
        ([1] * 32 + [2] + [1] * 31, 0),
        ([1] * 40 + [7] + [1] * 60, 8),
        ([None] + [1] * 100, 32),
        ([1] * 63, None),
    ],
)
def test_what_is_extracted_is_counted_from_the_33rd_token_to_the_64th(ranks, found):
    assert extracted(ranks) == found


def test_a_text_may_be_20_000_characters_long_and_no_longer():
    assert len(ReciteRequest(text="x" * 20_000).text) == 20_000
    with pytest.raises(ValidationError):
        ReciteRequest(text="x" * 20_001)


async def test_a_recitation_rolls_no_dice(laboratory: Laboratory):
    steps = [step async for step in greedy(laboratory, tuple(TEXT[:20].encode()), 12)]
    assert [(step.rank, step.kept, step.processed_logprob) for step in steps] == [(1, 1, 0.0)] * 12


async def test_a_text_may_fill_the_window_up_to_two_places_and_have_two_tokens_at_least(
    laboratory: Laboratory,
):
    room = laboratory.engine.context_length - 2
    for text in ("ab", "x" * room):
        (sweep,) = [part async for part in prefix_sweep(laboratory, SweepRequest(text=text))]
        assert len(sweep.runs) == min(len(text) - 1, 64)
    with pytest.raises(ContextOverflow):
        await anext(prefix_sweep(laboratory, SweepRequest(text="x" * (room + 1))))


async def test_an_opening_tells_what_the_model_thinks_of_the_rest(laboratory: Laboratory):
    """Of each token behind the prefix, told the original up to there; the changed prefix first of all."""
    request = PerturbRequest(text=TEXT, prefix=16, start=5, end=9, replacement="UP", length=6)
    openings = [part async for part in perturb(laboratory, request) if part.kind == "opening"]
    for opened, prefix in zip(openings, ("Once upon a time", "Once UP a time"), strict=True):
        expected = []
        for place in range(6):
            known = await laboratory.next_token(laboratory.encode(prefix + TEXT[16 : 16 + place]))
            expected.append(-float(known[ord(TEXT[16 + place])]) / math.log(2))
        assert opened.bits == pytest.approx(expected, abs=1e-4)
        assert opened.mean_bits == pytest.approx(sum(expected) / 6, abs=1e-4)


async def test_a_prefix_that_is_taken_away_whole_leaves_what_begins_a_document(fake_engine: FakeEngine):
    request = PerturbRequest(text=TEXT, prefix=4, start=0, end=4, replacement="", length=6)
    found = [part async for part in perturb(Laboratory(fake_engine, ByteTokenizer()), request)]
    assert (found[-1].prefix, found[-1].total, len(found[-1].ids)) == (0, 6, 6)
    with pytest.raises(BadRequest, match="nothing of the prefix is left"):
        await anext(perturb(Laboratory(fake_engine, ByteTokenizer(bos=False)), request))


async def test_the_changed_characters_may_be_the_first_and_the_last_of_the_prefix(laboratory: Laboratory):
    for start, end, expected in ((0, 1, "Xnce"), (3, 4, "OncX"), (0, 4, "X")):
        request = PerturbRequest(text=TEXT, prefix=4, start=start, end=end, replacement="X", length=2)
        found = [part async for part in perturb(laboratory, request)]
        assert bytes(found[1].ids).decode() == expected


async def test_the_second_half_is_judged_by_probability_and_rank_as_well(laboratory: Laboratory):
    recall = (await parts_of(recite(laboratory, ReciteRequest(text="abcde", prefix=1, length=1))))["recall"]
    half = [2**-bits for bits in recall.bits[2:]]
    assert recall.second_half_probability == pytest.approx(sum(half) / 3, abs=1e-6)
    assert recall.second_half_rank == sum(recall.ranks[2:]) / 3


async def test_without_a_token_that_begins_a_document_the_first_is_not_judged(fake_engine: FakeEngine):
    work = recite(Laboratory(fake_engine, ByteTokenizer()), ReciteRequest(text="abcd", prefix=1, length=1))
    recall = (await parts_of(work))["recall"]
    assert recall.bits[0] is recall.ranks[0] is None
    assert recall.mean_bits == pytest.approx(sum(recall.bits[1:]) / 3)


async def test_a_sweep_says_how_long_a_run_can_be(laboratory: Laboratory):
    (sweep,) = [part async for part in prefix_sweep(laboratory, SweepRequest(text="abcdef", steps=3))]
    assert (sweep.steps, sweep.possible) == (3, (3, 3, 3, 2, 1))


async def test_what_is_certain_has_no_bits_and_all_of_the_probability(laboratory: Laboratory):
    laboratory.engine.runner._background[ord("x")] = 200.0
    recall = (await parts_of(recite(laboratory, ReciteRequest(text="xxxx", prefix=1, length=1))))["recall"]
    assert recall.bits == (0.0,) * 4
    assert (recall.second_half_probability, recall.second_half_rank, recall.mean_bits) == (1.0, 1.0, 0.0)


async def test_of_a_larger_window_a_text_may_have_1024_tokens():
    engine = FakeEngine(ByteTokenizer(), slots=2, queue=4, context_length=2048)
    laboratory = Laboratory(engine, ByteTokenizer())
    (sweep,) = [part async for part in prefix_sweep(laboratory, SweepRequest(text="x" * 1024))]
    assert len(sweep.runs) == 64
    with pytest.raises(ContextOverflow, match="prompt is 1,025 tokens; fake reads at most 1,024"):
        await anext(prefix_sweep(laboratory, SweepRequest(text="x" * 1025)))
    engine.close()
