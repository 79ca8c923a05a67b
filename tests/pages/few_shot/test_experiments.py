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

from app.engine.fake import FakeEngine
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.errors import BadRequest, ContextOverflow
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


async def parts_of(laboratory: Laboratory, asked: FewShotRequest) -> list[Any]:
    return [part async for part in few_shot(laboratory, asked)]


def of_kind(parts: list[Any], kind: type) -> list[Any]:
    return [part for part in parts if type(part) is kind]


@pytest.mark.parametrize(("letters", "dropped"), [(87, 0), (88, 1)])
async def test_the_one_pass_may_fill_the_window_and_no_more(tiny: Laboratory, letters: int, dropped: int):
    """What begins the document, "xxx: a", a line break and "b: c": 96 tokens where x comes 87 times."""
    rows = [["x" * letters, "a"], ["b", "c"]]
    (curve,) = of_kind(await parts_of(tiny, request(rows=rows, shots=[0])), OnePass)
    assert (curve.dropped, len(curve.logprobs)) == (dropped, 2 - dropped)


async def test_a_row_that_is_too_long_by_itself_is_refused(tiny: Laboratory):
    with pytest.raises(ContextOverflow):
        await parts_of(tiny, request(rows=[["x" * 100, "a"]], shots=[0]))


@pytest.mark.parametrize(("letters", "dropped", "tokens"), [(82, 0, 90), (83, 1, 4)])
async def test_a_prompt_leaves_room_for_the_answer_that_is_written(
    tiny: Laboratory, letters: int, dropped: int, tokens: int
):
    """An answer has up to three tokens more than the longest expected one: here six of 96."""
    asked = request(rows=[["x" * letters, "a"]], queries=[["ij", "ji"]], shots=[0, 1])
    bare, point = of_kind(await parts_of(tiny, asked), Point)
    assert (bare.dropped, bare.answers[0].prompt_tokens) == (0, 4)
    assert (point.dropped, point.answers[0].prompt_tokens) == (dropped, tokens)


async def test_of_many_rows_only_as_many_go_as_must(tiny: Laboratory):
    rows = [[f"number {i}", f"{i}{i}"] for i in range(8)]  # 13 bytes each; 1 + 6 * 13 + 3 are below 90
    (point,) = of_kind(await parts_of(tiny, request(rows=rows, queries=[["ij", "ji"]], shots=[8])), Point)
    assert (point.dropped, point.answers[0].prompt_tokens) == (2, 82)


async def test_a_question_may_leave_just_the_room_for_its_answer(tiny: Laboratory):
    def asked(letters: int) -> FewShotRequest:
        return request(rows=[], queries=[["x" * letters, "ji"]])

    (point,) = of_kind(await parts_of(tiny, asked(88)), Point)
    assert point.answers[0].prompt_tokens == 90
    with pytest.raises(ContextOverflow, match="prompt is 91 tokens; tiny reads at most 90"):
        await anext(few_shot(tiny, asked(89)))


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({"rows": [["a", "b"]] * 24, "options": ["x"] * 8}, None),  # 25 points, 8 questions, 10 passes each
        ({"rows": [["a", "b"]] * 25, "options": ["x"] * 8}, "2,080"),
        ({"rows": [["a", "b"]] * 4, "options": ["x"] * 8, "controls": ["order", "random", "shuffled"]}, None),
        ({"rows": [["a", "b"]] * 12, "options": ["x"] * 8, "controls": ["order"]}, "2,080"),
    ],
)
def test_an_experiment_has_at_most_2000_passes(changes: dict[str, Any], passes: str | None):
    changes |= {"queries": [["a", "b"]] * 8}
    if passes is None:
        request(**changes)
    else:
        with pytest.raises(ValidationError, match=f"that is {passes} passes; at most 2,000 run"):
            request(**changes)


@pytest.fixture
def knowing():
    """An engine that answers every question with " b" and ends the line."""
    tokenizer = ByteTokenizer()
    engine = FakeEngine(tokenizer, slots=8, queue=8, context_length=TINY_WINDOW, script="a: b\n")
    yield Laboratory(engine, tokenizer)
    engine.close()


async def test_an_answer_that_is_written_is_right_up_to_the_end_of_its_row(knowing: Laboratory):
    asked = request(rows=[["a", "b"]], queries=[["a", "b"], ["x", "c"]])
    for point in of_kind(await parts_of(knowing, asked), Point):
        assert [(answer.greedy, answer.right) for answer in point.answers] == [(" b", True), (" b", False)]
        assert point.right == 1
        assert [answer.share for answer in point.answers] == [None, None]


async def test_news_of_the_progress_begins_with_none_and_counts_every_line(knowing: Laboratory):
    parts = await parts_of(knowing, request(rows=[["a", "b"]], controls=["order"]))
    assert of_kind(parts, Progress) == [Progress(done, 4) for done in (0, 2, 4)]


async def test_the_copies_may_fill_the_window_and_say_when_they_are_read(knowing: Laboratory):
    parts = [part async for part in repeated_tokens(knowing, RepeatedTokensRequest(length=48))]
    assert [part for part in parts if type(part) is Progress] == [Progress(0, 1), Progress(1, 1)]
    assert len(parts[-2].second) == 48
    with pytest.raises(ContextOverflow, match="prompt is 98 tokens; fake reads at most 96"):
        await anext(repeated_tokens(knowing, RepeatedTokensRequest(length=49)))


def test_no_more_random_tokens_are_drawn_than_half_the_vocabulary():
    assert len(set(draw_tokens(ByteTokenizer(), 257, 128, 1))) == 128
    with pytest.raises(BadRequest, match="too much for a vocabulary of 257"):
        draw_tokens(ByteTokenizer(), 257, 129, 1)


class Words(ByteTokenizer):
    """Every tenth id is a word, the others are numbers."""

    def token_bytes(self, token_id: int) -> bytes:
        return (
            bytes([97 + token_id // 26 % 26, 97 + token_id % 26]) if token_id % 10 == 0 else b"%d" % token_id
        )

    def is_special(self, token_id: int) -> bool:
        return False


def test_words_are_drawn_before_anything_else():
    drawn = draw_tokens(Words(), 200, 20, 1)
    assert sorted(drawn) == list(range(0, 200, 10))
    more = draw_tokens(Words(), 200, 30, 1)
    assert sorted(more[:20]) == list(range(0, 200, 10)) and not any(token % 10 == 0 for token in more[20:])


def test_noise_is_about_as_long_as_what_it_stands_for():
    rows = controlled([("a", "abcdef"), ("x" * 30, "abcd")], "random", 1)
    assert [(len(given), len(output)) for given, output in rows] == [(3, 6), (12, 4)]


async def test_what_is_certain_costs_nothing(knowing: Laboratory):
    """In the one pass, and in an answer that is not the one that would be written."""
    knowing.engine.runner._background[ord("x")] = 200.0
    parts = await parts_of(knowing, request(rows=[["a", "xx"]], queries=[["a", "xxy"]], separator=":"))
    assert [curve.logprobs for curve in of_kind(parts, OnePass)] == [(0.0,)]
    for point in of_kind(parts, Point):
        assert point.answers[0].token_logprobs[:2] == (0.0, 0.0) and point.logprob < -100
