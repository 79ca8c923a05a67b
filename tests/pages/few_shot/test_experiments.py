"""Few-shot prompts, their curve and its controls: against transformers on a tiny model and on the real one."""

import asyncio
import json
import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.errors import ContextOverflow
from app.experiments.experiment import Laboratory, Progress
from app.pages.few_shot.experiments import FewShotRequest, OnePass, Point, few_shot, packed, share_of
from app.pages.few_shot.prompt import Layout, controlled, deranged, is_right, row_texts
from app.pages.few_shot.repeated_tokens import RepeatedTokensRequest, draw_tokens, repeated_tokens
from app.pages.presets import read_measurement, read_presets
from tests.byte_tokenizer import BOS, ByteTokenizer
from tests.event_stream import events

ROWS = [["ab", "ba"], ["cd", "dc"], ["ef", "fe"], ["gh", "hg"]]
REQUEST = {"rows": ROWS, "queries": [["ij", "ji"], ["k", "kk"]], "separator": ": "}
TINY_WINDOW = 96


def request(**changes: Any) -> FewShotRequest:
    return FewShotRequest.model_validate_json(json.dumps(REQUEST | changes))


@pytest.fixture(scope="module")
def tiny_model():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(7)
    config = GPT2Config(
        vocab_size=257,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=TINY_WINDOW,
        bos_token_id=BOS,
        eos_token_id=BOS,
    )
    model = GPT2LMHeadModel(config)
    for parameter in model.parameters():  # the usual initialisation is too flat to tell tokens apart
        parameter.data.mul_(4 if parameter.dim() > 1 else 1)
    return model.eval()


@pytest.fixture
def tiny(tiny_model):
    from app.engine.network.model_runner import ModelRunner

    tokenizer = ByteTokenizer(adds_bos=True)
    engine = ThreadedEngine(
        ModelRunner(tiny_model, slots=8, context_length=TINY_WINDOW),
        tokenizer,
        name="tiny",
        description={},
        limits=EngineLimits(slots=8, context_length=TINY_WINDOW),
    )
    yield Laboratory(engine, tokenizer)
    engine.close()


def plain_logprob(model, prompt: list[int], answer: list[int]) -> float:
    """log p(answer | prompt) from one uncached pass of plain transformers."""
    import torch

    with torch.inference_mode():
        logprobs = model(torch.tensor([[*prompt, *answer]])).logits[0].float().log_softmax(-1)
    return sum(logprobs[len(prompt) - 1 + i, token_id].item() for i, token_id in enumerate(answer))


def test_the_space_before_an_answer_belongs_to_the_answer():
    layout = Layout("Review: ", "\n", "Sentiment: ", "\n\n")
    assert layout.question("Fine.") == "Review: Fine.\nSentiment:"
    assert layout.answer("good") == " good"
    assert layout.row(("Fine.", "good")) == "Review: Fine.\nSentiment: good\n\n"


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=12), st.integers(0, 99))
def test_shuffled_labels_are_the_same_labels_in_other_places(outputs: list[str], seed: int):
    moved = deranged(outputs, random.Random(seed))
    assert Counter(moved) == Counter(outputs)
    if len(set(outputs)) == len(outputs):
        assert all(a != b for a, b in zip(moved, outputs, strict=True))


def test_each_control_breaks_one_thing_and_the_same_seed_breaks_it_the_same_way():
    rows = [tuple(row) for row in ROWS]
    layout = Layout("", ": ", "", "\n")
    shuffled = controlled(rows, "shuffled", 3)
    assert [row[0] for row in shuffled] == [row[0] for row in rows]
    assert all(a[1] != b[1] for a, b in zip(shuffled, rows, strict=True))
    assert sorted(controlled(rows, "order", 3)) == sorted(rows)
    assert not set(controlled(rows, "random", 3)) & set(rows)
    broken = row_texts(rows, layout, "format", 3)
    assert all(given in text and output in text for (given, output), text in zip(rows, broken, strict=True))
    assert len({text[2:-3] for text in broken}) == len(rows)
    assert not any(": " in text for text in broken)
    assert broken == row_texts(rows, layout, "format", 3)
    assert controlled(rows, "random", 3) == controlled(rows, "random", 3) != controlled(rows, "random", 4)


def test_an_answer_is_right_whatever_spaces_stand_around_it():
    assert is_right(" dark", "dark")
    assert not is_right(" Dark", "dark")


def test_a_share_is_against_the_other_options():
    assert share_of(math.log(0.3), [math.log(0.1)]) == pytest.approx(0.75)
    assert share_of(-1000.0, [0.0]) == pytest.approx(0.0)


async def test_the_one_pass_curve_equals_separate_passes(tiny: Laboratory, tiny_model):
    parts = [part async for part in few_shot(tiny, request(shots=[0], controls=["format"]))]
    passes = {part.line: part for part in parts if isinstance(part, OnePass)}
    assert len(passes["true"].logprobs) == len(ROWS)
    layout = request().layout
    for i, (source, output) in enumerate(ROWS):
        before = "".join(layout.row((a, b)) for a, b in ROWS[:i]) + layout.question(source)
        alone = plain_logprob(tiny_model, list(tiny.encode(before)), list(layout.answer(output).encode()))
        assert abs(passes["true"].logprobs[i] - alone) <= 1e-4
        texts = row_texts([tuple(row) for row in ROWS], layout, "format", 0)
        prompt, _, _ = "".join(texts[: i + 1]).removesuffix("\n").rpartition(output)
        cut = prompt.rstrip(" ")
        answer = f"{prompt[len(cut) :]}{output}"
        alone = plain_logprob(tiny_model, list(tiny.encode(cut)), list(answer.encode()))
        assert abs(passes["format"].logprobs[i] - alone) <= 1e-4


async def test_a_point_is_the_product_over_all_tokens_of_the_answer(tiny: Laboratory, tiny_model):
    asked = request(shots=[0, 2, 4], options=["ji", "kk"])
    points = {part.shots: part async for part in few_shot(tiny, asked) if isinstance(part, Point)}
    layout = asked.layout
    for shots, point in points.items():
        for (source, expected), answer in zip(asked.queries, point.answers, strict=True):
            text = "".join(layout.row((a, b)) for a, b in asked.rows[:shots]) + layout.question(source)
            prompt = list(tiny.encode(text))
            logprobs = {
                option: plain_logprob(tiny_model, prompt, list(layout.answer(option).encode()))
                for option in ("ji", "kk")
            }
            assert abs(answer.logprob - logprobs[expected]) <= 1e-4
            assert answer.logprob == pytest.approx(sum(answer.token_logprobs))
            total = sum(map(math.exp, logprobs.values()))
            assert answer.share == pytest.approx(math.exp(logprobs[expected]) / total, abs=1e-4)
            assert answer.prompt_tokens == len(prompt)
        assert point.logprob == pytest.approx(sum(a.logprob for a in point.answers) / 2)
        assert point.probability == pytest.approx(sum(math.exp(a.logprob) for a in point.answers) / 2)


async def test_what_does_not_fit_the_window_drops_the_oldest_rows(tiny: Laboratory):
    rows = [[f"number {i}", f"{i}{i}"] for i in range(8)]  # 13 bytes each: 8 rows and a question are over 96
    parts = [part async for part in few_shot(tiny, request(rows=rows, shots=[1, 8]))]
    whole = {part.shots: part for part in parts if isinstance(part, Point)}
    assert whole[1].dropped == 0
    assert 0 < whole[8].dropped < 8
    left = next(part for part in parts if isinstance(part, OnePass))
    assert left.dropped > 0
    assert len(left.logprobs) + left.dropped == 8
    with pytest.raises(ContextOverflow):
        await anext(few_shot(tiny, request(queries=[["x" * 120, "y"]])))


async def test_without_examples_every_line_begins_at_the_same_point(tiny: Laboratory):
    parts = [part async for part in few_shot(tiny, request(shots=[0, 4], controls=["shuffled", "random"]))]
    bare = [part for part in parts if isinstance(part, Point) and part.shots == 0]
    assert [point.line for point in bare] == ["true", "shuffled", "random"]
    assert len({point.logprob for point in bare}) == 1
    progress = [part for part in parts if isinstance(part, Progress)]
    assert progress[-1] == Progress(6, 6)


async def test_leaving_in_the_middle_frees_the_engine(tiny: Laboratory):
    parts = few_shot(tiny, request())
    async for part in parts:
        if isinstance(part, Point):
            break
    await parts.aclose()
    for _ in range(100):
        if tiny.engine.stats().running == tiny.engine.stats().waiting == 0:
            break
        await asyncio.sleep(0.02)
    assert tiny.engine.stats().running == 0


def test_pieces_are_packed_in_order():
    assert packed([([1, 2], [3]), ([4], [5, 6])], [0]) == ((0, 1, 2, 3, 4, 5, 6), [(3, 4), (5, 7)])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": [["a", ""]]},
        {"rows": [["a", "b"]] * 33},
        {"queries": []},
        {"queries": [["a", "b"]] * 9},
        {"shots": [5]},
        {"shots": [2, 1]},
        {"controls": ["shuffled", "shuffled"]},
        {"controls": ["upside down"]},
        {"row_separator": ""},
        {"separator": "x" * 101},
        {"options": ["x"] * 9},
        {"seed": -1},
        {"rows": [["a", "b"]] * 32, "queries": [["a", "b"]] * 8, "options": ["x"] * 8},
        {"surprise": 1},
    ],
)
def test_what_is_out_of_bounds_is_refused(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        request(**changes)


def test_the_route_streams_the_parts(client: TestClient):
    response = client.post(
        "/api/experiments/few-shot", json=REQUEST | {"shots": [0, 1], "controls": ["order"]}
    )
    kinds = [kind for kind, _ in events(response.text)]
    assert kinds[:3] == ["questions", "examples", "examples"]
    assert kinds.count("point") == 4
    assert kinds.count("one_pass") == 2
    assert kinds[-1] == "done"
    refused = client.post("/api/experiments/few-shot", json=REQUEST | {"shots": [9]})
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "bad_request"


async def test_both_copies_of_random_tokens_equal_transformers(tiny: Laboratory, tiny_model):
    parts = {
        part.kind: part async for part in repeated_tokens(tiny, RepeatedTokensRequest(length=20, seed=5))
    }
    tokens = [token.id for token in parts["drawn"].tokens]
    others = [token.id for token in parts["drawn"].others]
    assert len(set(tokens + others)) == 40
    copies = parts["copies"]
    document = [BOS, *tokens, *tokens]
    for i in (0, 7, 19):
        for bits, text, place in ((copies.first, document, i), (copies.second, document, 20 + i)):
            expected = -plain_logprob(tiny_model, text[: place + 1], [text[place + 1]]) / math.log(2)
            assert bits[i] == pytest.approx(expected, abs=1e-3)
        expected = -plain_logprob(tiny_model, [BOS, *tokens, *others[:i]], [others[i]]) / math.log(2)
        assert copies.others[i] == pytest.approx(expected, abs=1e-3)
    for half in ("first", "second", "others"):  # nothing announces a copy's first token
        rest = getattr(copies, half)[1:]
        assert getattr(copies, f"{half}_mean") == pytest.approx(sum(rest) / 19)


@pytest.mark.parametrize("length", [4, 200])
def test_4_to_200_random_tokens_may_be_asked_for(length: int):
    assert RepeatedTokensRequest(length=length).length == length


def test_random_tokens_come_from_the_seed():
    tokenizer = ByteTokenizer()
    assert draw_tokens(tokenizer, 257, 20, 1) == draw_tokens(tokenizer, 257, 20, 1)
    assert draw_tokens(tokenizer, 257, 20, 1) != draw_tokens(tokenizer, 257, 20, 2)
    assert not any(tokenizer.is_special(i) for i in draw_tokens(tokenizer, 257, 100, 1))


async def test_a_window_too_small_for_two_copies_is_refused(tiny: Laboratory):
    with pytest.raises(ContextOverflow, match="prompt is 121 tokens"):
        await anext(repeated_tokens(tiny, RepeatedTokensRequest(length=60)))


def test_every_preset_is_a_request_that_was_measured():
    measurement = read_measurement("few_shot", "gemma-3-270m")
    assert measurement is not None
    kinds = {"few-shot": FewShotRequest, "repeated-tokens": RepeatedTokensRequest}
    for preset in read_presets("few_shot"):
        asked = kinds[preset.experiment].model_validate_json(json.dumps(preset.request))
        parts = measurement.results[preset.id]
        if isinstance(asked, FewShotRequest):
            true = [p for p in parts if p["kind"] == "point" and p["line"] == "true"]
            assert [point["shots"] for point in true] == asked.all_shots
            gain = true[-1]["right"] / len(asked.queries)
            assert gain >= 0.6 if preset.note["works"] else gain <= 0.25, preset.id


@pytest.fixture(scope="module")
def default_laboratory(default_model: Path):
    from app.engine.local import load
    from app.tokenization.registry import load_model_tokenizer

    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name="default", tokenizer=tokenizer, exact=True, slots=8, context_length=512)
    yield Laboratory(engine, tokenizer)
    engine.close()


@pytest.fixture(scope="module")
def plain_model(default_model: Path):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(default_model, dtype=torch.float32).eval()


async def preset_points(laboratory: Laboratory, name: str, shots: list[int]) -> dict[int, Point]:
    """The true line of a preset, recomputed at a few numbers of examples."""
    preset = next(preset for preset in read_presets("few_shot") if preset.id == name)
    asked = FewShotRequest.model_validate_json(json.dumps(preset.request | {"shots": shots, "controls": []}))
    return {part.shots: part async for part in few_shot(laboratory, asked) if isinstance(part, Point)}


def assert_as_measured(name: str, points: dict[int, Point]) -> None:
    """What the page shows is what comes out now."""
    measurement = read_measurement("few_shot", "gemma-3-270m")
    assert measurement is not None
    shown = {
        part["shots"]: part
        for part in measurement.results[name]
        if part["kind"] == "point" and part["line"] == "true"
    }
    for shots, point in points.items():
        assert point.logprob == pytest.approx(shown[shots]["logprob"], abs=1e-3)
        assert point.right == shown[shots]["right"]


@pytest.mark.weights
async def test_english_to_korean_comes_with_examples(default_laboratory: Laboratory, plain_model):
    points = await preset_points(default_laboratory, "korean", [0, 10])
    assert points[0].right <= 1
    assert points[10].right >= 4
    assert points[10].logprob - points[0].logprob >= 8
    assert_as_measured("korean", points)
    preset = next(preset for preset in read_presets("few_shot") if preset.id == "korean")
    encode = default_laboratory.tokenizer.encode
    bos = default_laboratory.tokenizer.bos_token_id
    for shots, point in points.items():
        rows = "".join(f"{source}: {output}\n" for source, output in preset.request["rows"][:shots])
        for (source, expected), answer in zip(preset.request["queries"], point.answers, strict=True):
            prompt = [bos, *encode(f"{rows}{source}:")]
            assert [bos, *encode(f"{rows}{source}: {expected}")] == [*prompt, *encode(f" {expected}")]
            alone = plain_logprob(plain_model, prompt, encode(f" {expected}"))
            assert answer.logprob == pytest.approx(alone, abs=1e-3)


@pytest.mark.weights
@pytest.mark.parametrize("name", [p.id for p in read_presets("few_shot") if p.experiment == "few-shot"])
def test_what_the_page_shows_equals_plain_transformers(
    default_laboratory: Laboratory, plain_model, name: str
):
    measurement = read_measurement("few_shot", "gemma-3-270m")
    assert measurement is not None
    request = next(preset.request for preset in read_presets("few_shot") if preset.id == name)
    parts = measurement.results[name]
    examples = {part["line"]: part for part in parts if part["kind"] == "examples"}
    encode, bos = default_laboratory.tokenizer.encode, default_laboratory.tokenizer.bos_token_id
    before = (request["separator"] + request.get("output_prefix", "")).rstrip(" ")
    given, expected = request["queries"][-1]
    for part in parts:
        if part["kind"] == "point" and part["shots"] == request["shots"][-1]:
            rows = "".join(examples[part["line"]]["texts"][: part["shots"]])
            prompt = [bos, *encode(f"{rows}{request.get('input_prefix', '')}{given}{before}")]
            alone = plain_logprob(plain_model, prompt, encode(f" {expected}"))
            assert part["answers"][-1]["logprob"] == pytest.approx(alone, abs=1e-3)


@pytest.mark.weights
async def test_opposites_come_with_examples(default_laboratory: Laboratory):
    points = await preset_points(default_laboratory, "antonyms", [0, 8])
    assert points[0].probability < 0.1
    assert points[8].probability > 0.6
    assert_as_measured("antonyms", points)


@pytest.mark.weights
async def test_the_one_pass_curve_of_the_real_model_equals_plain_transformers(
    default_laboratory: Laboratory, plain_model
):
    preset = next(preset for preset in read_presets("few_shot") if preset.id == "korean")
    asked = FewShotRequest.model_validate_json(json.dumps(preset.request | {"shots": [0], "controls": []}))
    parts = [part async for part in few_shot(default_laboratory, asked)]
    curve = next(part for part in parts if isinstance(part, OnePass))
    encode, bos = default_laboratory.tokenizer.encode, default_laboratory.tokenizer.bos_token_id
    for i in (0, 4, 9):
        rows = "".join(f"{source}: {output}\n" for source, output in asked.rows[:i])
        source, output = asked.rows[i]
        alone = plain_logprob(plain_model, [bos, *encode(f"{rows}{source}:")], encode(f" {output}"))
        assert curve.logprobs[i] == pytest.approx(alone, abs=1e-3)


@pytest.mark.weights
async def test_a_repeated_random_token_is_no_surprise(default_laboratory: Laboratory, plain_model):
    preset = next(preset for preset in read_presets("few_shot") if preset.id == "repeated-tokens")
    asked = RepeatedTokensRequest.model_validate_json(json.dumps(preset.request))
    parts = {part.kind: part async for part in repeated_tokens(default_laboratory, asked)}
    copies = parts["copies"]
    assert copies.first_mean > 10 * copies.second_mean
    assert copies.others_mean > 10 * copies.second_mean
    tokens = [token.id for token in parts["drawn"].tokens]
    document = [default_laboratory.tokenizer.bos_token_id, *tokens, *tokens]
    place = 1 + len(tokens) + 9
    bits = -plain_logprob(plain_model, document[:place], [document[place]]) / math.log(2)
    assert copies.second[9] == pytest.approx(bits, abs=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": [["a", "b"]] * 32},
        {"queries": [["a", "b"]] * 8},
        {"options": ["x"] * 8},
        {"rows": [["a", "b"]] * 32, "shots": list(range(33))},
        {"row_separator": "|"},
        {"row_separator": "-" * 32},
        {"separator": "x" * 100},
        {"seed": 0},
    ],
    ids=lambda changes: " and ".join(changes),
)
def test_what_is_just_within_bounds_is_taken(changes: dict[str, Any]):
    request(**changes)


def test_noise_is_as_long_as_what_it_stands_for_between_3_letters_and_12():
    rows = [("x" * 2, "x" * 3), ("x" * 4, "x" * 11), ("x" * 12, "x" * 13)]
    lengths = [len(text) for row in controlled(rows, "random", 618) for text in row]
    assert lengths == [3, 3, 4, 11, 12, 12]
