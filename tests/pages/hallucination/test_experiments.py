"""Parallel universes: how answers are cut and grouped, where they part, and what evidence does to them."""

import asyncio
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.engine.fake import FakeEngine
from app.errors import BadRequest, ContextOverflow
from app.experiments.experiment import Laboratory, Progress
from app.pages.experiments import EXPERIMENTS
from app.pages.hallucination.agreement import agree, cut_answer, normalise
from app.pages.hallucination.experiments import entropy_bits, evidence, own_mistake, universes
from app.pages.hallucination.parts import (
    Evidence,
    EvidenceRequest,
    EvidenceStep,
    Forced,
    Opening,
    Outcome,
    OwnMistakeRequest,
    Round,
    UniversesRequest,
)
from app.pages.hallucination.universe_tree import Branch, Path, grow
from app.pages.presets import read_measurement, read_presets
from tests.byte_tokenizer import EOS, ByteTokenizer

PROMPT = "My favourite colour is"


@pytest.fixture
def laboratory(fake_engine: FakeEngine, byte_tokenizer: ByteTokenizer) -> Laboratory:
    return Laboratory(fake_engine, byte_tokenizer)


async def parts_of(run, laboratory, request):
    return [part async for part in run(laboratory, request)]


def only(parts, kind):
    return [part for part in parts if type(part) is kind]


@pytest.mark.parametrize(
    ("text", "cut", "answer"),
    [
        (" Vienna, Austria. She", "clause", "Vienna"),
        (" Vienna, Austria. She", "name", "Vienna"),
        (" Vienna and then", "clause", "Vienna and then"),
        (" Vienna and then", "name", "Vienna"),
        (" New York City in 1950", "name", "New York City"),
        (" a small town. It", "name", "a small town"),
        (" a small town. It", "word", "a"),
        (", J. D. Vance. He", "name", "J. D. Vance"),
        (", Sen. Mary Miller, who", "name", "Sen. Mary Miller"),
        (" St. Petersburg.\n", "clause", "St. Petersburg"),
        (" 3.14, or so", "clause", "3.14"),
        (" 1,000. And", "clause", "1,000"),
        (" eight, ten", "clause", "eight"),
        ("\n\n“Berlin” is", "clause", "Berlin"),
        (" <strong>Robert James</strong> and", "name", "Robert James"),
        (" <b>Lisbon</b>.", "clause", "Lisbon"),
        ("<p>\n<em>Lisbon", "word", "Lisbon"),
        (" Lisbon<br>Porto", "clause", "Lisbon"),
        (" <a href='x'", "clause", ""),
        (" 3 < 4, so", "clause", "3 < 4"),
        ("《红楼梦》是", "clause", "红楼梦"),
        ("上海——那时", "clause", "上海"),
        (" 柏林。她", "clause", "柏林"),
        (" Linz – a town", "clause", "Linz"),
        (" Aix-en-Provence", "clause", "Aix-en-Provence"),
        (" Ulm (Germany)", "name", "Ulm"),
        ("", "clause", ""),
        (" ...", "name", ""),
    ],
)
def test_answers_are_cut_by_the_rule_that_the_page_states(text, cut, answer):
    assert cut_answer(ByteTokenizer(), list(text.encode()), cut).text == answer


def widths_at(tree: Sequence[Branch], depth: int) -> list[float]:
    """Every width at a depth: branches there, branches that ended before, and all rests before."""
    grows = {branch.parent for branch in tree}
    there = [branch.width for branch in tree if branch.depth == depth]
    ended = [b.width for i, b in enumerate(tree) if b.depth < depth and i not in grows]
    rests = [branch.rest for branch in tree if branch.depth < depth]
    return there + ended + rests


def test_an_answer_knows_its_tokens_and_whether_more_could_change_it():
    tokenizer = ByteTokenizer()
    whole = cut_answer(tokenizer, list(b" Linz, and"), "clause")
    assert (whole.tokens, whole.complete) == (5, True)
    assert not cut_answer(tokenizer, list(b" Lin"), "clause").complete
    assert cut_answer(tokenizer, list(b" Linz is"), "word").complete
    assert cut_answer(tokenizer, list(b" Linz is"), "name").complete
    assert not cut_answer(tokenizer, list(b" Linz"), "name").complete
    assert cut_answer(tokenizer, [*b" Lin", EOS], "clause").complete
    assert cut_answer(tokenizer, [*b" Lin", EOS, *b"z"], "clause").text == "Lin"
    assert not cut_answer(tokenizer, list(b" 3."), "clause").complete
    assert not cut_answer(tokenizer, list(b" x3."), "clause").complete
    assert cut_answer(tokenizer, list(b" B2x."), "clause").complete
    assert cut_answer(tokenizer, list(b" 3. "), "clause").complete
    assert not cut_answer(tokenizer, list(b" New York"), "clause").complete
    assert cut_answer(tokenizer, " Zü".encode()[:-1], "clause").text == "Z"
    assert not cut_answer(tokenizer, list(b" <strong"), "name").complete
    assert not cut_answer(tokenizer, list(b" <strong>"), "name").complete


async def test_a_round_tells_the_answers_that_stand_once_and_as_the_outcome_has_them(laboratory):
    request = UniversesRequest(prompt=PROMPT, n=8, max_tokens=24, cut="word")
    *parts, outcome = await parts_of(universes, laboratory, request)
    told = [answer for part in only(parts, Round) for answer in part.answers]
    assert told
    assert len({sequence for sequence, _, _ in told}) == len(told)
    groups = {i: group.key for group in outcome.agreement.groups for i in group.sequences}
    for sequence, text, key in told:
        assert (text, key) == (outcome.universes[sequence].answer, groups[sequence])


def test_equal_answers_differ_at_most_in_case_spaces_and_punctuation_around_them():
    assert normalise(" New  York ") == normalise("“new york”") == "new york"
    assert normalise("Sao Paulo") != normalise("São Paulo")


def test_one_answer_of_all_has_no_entropy_and_no_sign():
    assert str(agree(["Lisbon", "lisbon"]).semantic_entropy_bits) == "0.0"


def test_agreement_is_counted_in_groups_and_pairs():
    agreement = agree(["Lisbon", "lisbon", "Porto", "Lisbon"])
    assert [(group.text, group.count, group.sequences) for group in agreement.groups] == [
        ("Lisbon", 3, (0, 1, 3)),
        ("Porto", 1, (2,)),
    ]
    assert agreement.largest == 0.75
    assert agreement.pairwise == 0.5
    assert agreement.semantic_entropy_bits == pytest.approx(0.811278, abs=1e-6)
    assert agree(["x"] * 5).semantic_entropy_bits == 0.0
    assert agree(["lisbon", "Lisbon"]).groups[0].text == "lisbon"
    assert agree(["Lisbon"]).pairwise == 1.0


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=32))
def test_semantic_entropy_lies_between_none_and_all_different(answers):
    agreement = agree(answers)
    assert 0.0 <= agreement.semantic_entropy_bits <= math.log2(len(set(answers))) + 1e-9
    assert sum(group.count for group in agreement.groups) == len(answers)
    assert 0.0 <= agreement.pairwise <= 1.0


def test_a_probability_a_rounding_error_above_one_is_one():
    _, branch = grow([Path((7,), (1e-7,))])
    assert (branch.probability, branch.width, branch.rest) == (1.0, 1.0, 0.0)


def test_a_tree_merges_what_is_equal_and_keeps_what_nobody_wrote():
    half = math.log(0.5)
    tree = grow([Path((1, 2), (half, half)), Path((1, 3), (half, half)), Path((1, 2), (half, half))])
    assert tree[0] == Branch(-1, 0, -1, 1.0, 1.0, 0.5, (0, 1, 2))
    assert [(b.parent, b.token_id, b.width, b.rest, b.sequences) for b in tree[1:]] == [
        (0, 1, 0.5, 0.0, (0, 1, 2)),
        (1, 2, 0.25, 0.0, (0, 2)),
        (1, 3, 0.25, 0.0, (1,)),
    ]
    assert all(sum(widths_at(tree, depth)) == pytest.approx(1, abs=1e-6) for depth in range(4))


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=12), st.floats(0.01, 0.25))
def test_widths_sum_to_one_at_every_depth_whatever_is_written(ids, probability):
    tree = grow([Path(tuple(path), (math.log(probability),) * len(path)) for path in ids])
    for depth in range(7):
        assert abs(sum(widths_at(tree, depth)) - 1) <= 1e-6
        assert min(widths_at(tree, depth)) >= 0


async def test_universes_open_with_the_distribution_and_end_with_the_outcome(laboratory):
    request = UniversesRequest(prompt=PROMPT, n=6, seed=7, temperature=0.8, max_tokens=12)
    parts = await parts_of(universes, laboratory, request)
    opening, outcome = parts[0], parts[-1]
    assert isinstance(opening, Opening)
    assert isinstance(outcome, Outcome)
    assert b"".join(bytes.fromhex(token.bytes) for token in opening.tokens).decode() == PROMPT
    assert len(opening.first) == 10
    assert sum(first.probability for first in opening.first) + opening.others == pytest.approx(1, abs=1e-6)
    rounds = only(parts, Round)
    assert [part.done for part in rounds] == list(range(1, 13))
    assert all(isinstance(part, Progress) for part in rounds)  # so no measurement keeps them
    for universe in outcome.universes:
        told = b"".join(
            bytes.fromhex(piece) for part in rounds for at, piece in part.tokens if at == universe.sequence
        )
        assert told.decode("utf-8", "replace") == universe.text
        assert universe.answer in universe.text
    for depth in range(14):
        assert sum(widths_at(outcome.tree, depth)) == pytest.approx(1, abs=1e-6)


async def test_at_temperature_0_all_universes_are_one(laboratory):
    request = UniversesRequest(prompt=PROMPT, n=4, temperature=0, max_tokens=8)
    parts = await parts_of(universes, laboratory, request)
    assert parts[0].entropy_bits == 0
    assert parts[0].first[0].probability == 1
    assert parts[-1].agreement.largest == 1
    assert {branch.width for branch in parts[-1].tree} == {1.0}


async def test_without_evidence_the_same_dice_give_the_same_universes(laboratory):
    common = {"prompt": PROMPT, "n": 6, "seed": 11, "temperature": 1.0, "max_tokens": 12, "cut": "word"}
    outcome = (await parts_of(universes, laboratory, UniversesRequest(**common)))[-1]
    sentences = [Evidence(text="The sky is blue."), Evidence(text="The sea is blue.", label="false")]
    request = EvidenceRequest(**common, sentences=sentences)
    parts = await parts_of(evidence, laboratory, request)
    steps = only(parts, EvidenceStep)
    assert [step.prompt for step in steps] == [
        PROMPT,
        f"The sky is blue. {PROMPT}",
        f"The sky is blue. The sea is blue. {PROMPT}",
    ]
    assert [step.label for step in steps] == ["unknown", "unknown", "false"]
    assert [answer.text for answer in steps[0].answers] == [universe.answer for universe in outcome.universes]
    for answer, universe in zip(steps[0].answers, outcome.universes, strict=True):
        assert universe.token_ids[: len(answer.token_ids)] == answer.token_ids
        assert answer.logprobs == pytest.approx(universe.logprobs[: len(answer.logprobs)], abs=1e-4)
    assert steps[0].agreement == outcome.agreement
    assert only(parts, Progress) == [Progress(done, 3) for done in range(4)]


async def test_a_forced_beginning_is_scored_and_gone_on_from(laboratory):
    request = OwnMistakeRequest(
        prompt=PROMPT, forced=" green", n=4, seed=3, temperature=0.7, max_tokens=16, watch=["TREES", "moon"]
    )
    parts = await parts_of(own_mistake, laboratory, request)
    free, led = only(parts, Outcome)
    (forced,) = only(parts, Forced)
    assert (free.side, led.side) == ("free", "forced")
    assert b"".join(bytes.fromhex(token.bytes) for token in forced.tokens) == b" green"
    assert forced.probability == pytest.approx(math.exp(sum(forced.raw_logprobs)))
    for place, (logprob, rank) in enumerate(zip(forced.raw_logprobs, forced.ranks, strict=True)):
        known = await laboratory.next_token(laboratory.encode(PROMPT + " green"[:place]))
        own = known[ord(" green"[place])]
        assert logprob == pytest.approx(own, abs=1e-5)
        assert (known > own).sum() < rank <= (known >= own).sum()
    assert [mention.word for mention in led.mentions] == ["TREES", "moon"]
    assert led.mentions[0].count == sum("trees" in universe.text for universe in led.universes)


@pytest.mark.parametrize("run", [universes, evidence, own_mistake])
async def test_a_prompt_that_does_not_fit_is_refused_before_the_first_part(laboratory, run):
    extra = {"sentences": [Evidence(text="x" * 300)] * 2, "forced": "y"}
    fields = EXPERIMENTS[run.__name__.replace("_", "-")].request.model_fields
    known = {name: value for name, value in extra.items() if name in fields}
    request = EXPERIMENTS[run.__name__.replace("_", "-")].request(prompt="z" * 600, **known)
    with pytest.raises(ContextOverflow):
        await anext(run(laboratory, request))


async def test_a_continuation_that_does_not_fit_is_refused(laboratory):
    with pytest.raises(BadRequest, match="room for 12 tokens"):
        await anext(universes(laboratory, UniversesRequest(prompt="z" * 500, n=4)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"prompt": "x" * 4001},
        {"prompt": "x", "n": 3},
        {"prompt": "x", "n": 33},
        {"prompt": "x", "temperature": -0.1},
        {"prompt": "x", "cut": "line"},
        {"prompt": "x", "max_tokens": 65},
        {"prompt": "x", "stranger": 1},
    ],
)
def test_requests_have_bounds(wrong):
    with pytest.raises(ValidationError):
        UniversesRequest(**wrong)


async def test_leaving_ends_the_work(laboratory, fake_engine):
    run = universes(laboratory, UniversesRequest(prompt=PROMPT, n=8, max_tokens=64))
    async for part in run:
        if isinstance(part, Round):
            break
    await run.aclose()
    for _ in range(200):
        if fake_engine.idle:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the engine still works")


MEASURED = read_measurement("hallucination", "gemma-3-270m")


def outcome_of(preset: str, side: str = "free") -> dict:
    parts = MEASURED.results[preset]
    return next(part for part in parts if part["kind"] == "outcome" and part["side"] == side)


def test_every_preset_is_valid_and_measured():
    presets = read_presets("hallucination")
    assert {preset.id for preset in presets} == set(MEASURED.results)
    for preset in presets:
        EXPERIMENTS[preset.experiment].request.model_validate(preset.request)
    shared = [p.request for p in presets if p.id.split("-zh")[0] in ("known", "after", "invented", "wrong")]
    assert len({(r["n"], r["seed"], r["temperature"]) for r in shared}) == 1


def test_the_measured_trees_sum_to_one_as_they_are_written_down():
    for preset in MEASURED.results:
        for part in MEASURED.results[preset]:
            if part["kind"] == "outcome":
                tree = [
                    Branch(**{**branch, "sequences": tuple(branch["sequences"])}) for branch in part["tree"]
                ]
                depths = range(max(branch.depth for branch in tree) + 2)
                assert all(abs(sum(widths_at(tree, depth)) - 1) <= 1e-6 for depth in depths), preset


def test_the_page_shows_what_the_story_needs():
    known, invented = outcome_of("known")["agreement"], outcome_of("invented")["agreement"]
    assert known["groups"][0]["text"] == "Salzburg"
    assert known["largest"] >= 3 * invented["largest"]
    assert len(outcome_of("after")["agreement"]["groups"]) >= 4
    wrong = outcome_of("wrong")["agreement"]
    assert wrong["groups"][0]["text"] == "Turkey"
    assert wrong["largest"] >= 0.8
    for end, places in (("", ["Lisbon", "Oslo"]), ("-zh", ["苏州", "哈尔滨"])):
        steps = [part["agreement"] for part in MEASURED.results[f"collapse{end}"]]
        assert steps[0] == outcome_of(f"invented{end}")["agreement"]
        assert [step["groups"][0]["text"] for step in steps[2:]] == places
        assert [step["largest"] for step in steps] == sorted(step["largest"] for step in steps)
        assert steps[2]["largest"] >= 0.75
        assert steps[3]["largest"] >= 0.75
        assert not any("<" in group["text"] for step in steps for group in step["groups"])
    known, invented = outcome_of("known-zh")["agreement"], outcome_of("invented-zh")["agreement"]
    assert (known["groups"][0]["text"], len(known["groups"])) == ("巴黎", 1)
    assert len(invented["groups"]) >= 12
    wrong = outcome_of("wrong-zh")["agreement"]
    assert (wrong["groups"][0]["text"], wrong["largest"]) == ("首都", 1.0)
    led = {mention["word"]: mention["count"] for mention in outcome_of("mistake", "forced")["mentions"]}
    free = {mention["word"]: mention["count"] for mention in outcome_of("mistake")["mentions"]}
    assert led["England"] > free["England"]
    assert led["Austria"] < free["Austria"]


async def test_a_universe_that_says_a_word_twice_mentions_it_once():
    """The scripted model goes round in its script, so every universe says these words again and again."""
    laboratory = Laboratory(FakeEngine(ByteTokenizer(), script="red, red, red, "), ByteTokenizer())
    request = OwnMistakeRequest(
        prompt="red, ", forced="red", n=4, temperature=0, max_tokens=20, watch=["RED", "blue"]
    )
    parts = await parts_of(own_mistake, laboratory, request)
    laboratory.engine.close()
    for outcome in only(parts, Outcome):
        assert all(universe.text.count("red") > 1 for universe in outcome.universes)
        assert [(mention.word, mention.count) for mention in outcome.mentions] == [("RED", 4), ("blue", 0)]


class Merging(ByteTokenizer):
    """As real tokenizers do: a blank and a letter after it are one token; id 200 stands for " g"."""

    def encode(self, text, special="text"):
        return list(text.encode().replace(b" g", bytes([200])))

    def token_bytes(self, token_id):
        return b" g" if token_id == 200 else super().token_bytes(token_id)


async def test_words_that_merge_with_the_prompts_end_are_scored_from_where_the_tokens_part():
    tokenizer = Merging()
    laboratory = Laboratory(FakeEngine(tokenizer), tokenizer)
    request = OwnMistakeRequest(prompt="My colour is ", forced="green", n=4, max_tokens=4)
    (forced,) = only(await parts_of(own_mistake, laboratory, request), Forced)
    laboratory.engine.close()
    assert b"".join(bytes.fromhex(token.bytes) for token in forced.tokens) == b" green"
    assert len(forced.tokens) == len(forced.raw_logprobs) == len(forced.ranks) == 5


@pytest.mark.parametrize(
    ("probabilities", "temperature", "bits"),
    [
        ((0.9, 0.1), 1.0, 0.468996),
        ((0.5, 0.25, 0.25), 1.0, 1.5),
        ((0.9, 0.1), 0.5, 0.095017),  # 81 to 1
        ((0.25, 0.25, 0.25, 0.25), 3.0, 2.0),
        ((0.9, 0.1), 0.0, 0.0),
    ],
)
def test_entropy_is_shannons_at_the_temperature(probabilities, temperature, bits):
    logprobs = np.log(np.array(probabilities, np.float32))
    assert entropy_bits(logprobs, temperature) == pytest.approx(bits, abs=1e-5)


async def test_each_part_tells_the_models_own_entropy_beside_the_drawn_one(laboratory):
    common = {"prompt": PROMPT, "n": 4, "seed": 1, "temperature": 0.5, "max_tokens": 2}
    logprobs = await laboratory.next_token(laboratory.encode(PROMPT))
    told = (entropy_bits(logprobs, 0.5), entropy_bits(logprobs, 1.0))
    opening = (await parts_of(universes, laboratory, UniversesRequest(**common)))[0]
    request = EvidenceRequest(**common, sentences=[Evidence(text="The sky is blue.")])
    step = only(await parts_of(evidence, laboratory, request), EvidenceStep)[0]
    assert told[0] < told[1]
    for part in (opening, step):
        assert (part.entropy_bits, part.model_entropy_bits) == pytest.approx(told, abs=1e-5)


async def test_a_continuation_that_just_fits_is_written(laboratory):
    outcome = (await parts_of(universes, laboratory, UniversesRequest(prompt="z" * 500, n=4, max_tokens=12)))[
        -1
    ]
    assert {len(universe.token_ids) for universe in outcome.universes} == {12}


async def test_evidence_that_does_not_fit_with_its_last_sentence_is_refused_before_the_first(laboratory):
    request = EvidenceRequest(prompt=PROMPT, sentences=[Evidence(text="x" * 300)] * 2)
    with pytest.raises(ContextOverflow):
        await anext(evidence(laboratory, request))


@pytest.mark.parametrize(
    ("request_type", "fields"),
    [
        (UniversesRequest, {"prompt": "x" * 4000, "n": 4, "max_tokens": 64}),
        (UniversesRequest, {"prompt": "x", "n": 32, "max_tokens": 1, "temperature": 0}),
        (EvidenceRequest, {"prompt": "x", "sentences": [{"text": "x" * 400}] * 6}),
        (OwnMistakeRequest, {"prompt": "x", "forced": "x" * 200, "watch": ["x" * 40] * 6}),
    ],
)
def test_what_is_just_within_bounds_is_taken(request_type, fields):
    request_type(**fields)


async def test_universes_may_end_at_different_times(laboratory, fake_engine):
    """Whoever writes alone at the end is told like all others."""
    fake_engine.runner._background[EOS] = 2.0
    request = UniversesRequest(prompt=PROMPT, n=4, seed=4, temperature=1.0, max_tokens=40)
    parts = await parts_of(universes, laboratory, request)
    outcome, rounds = parts[-1], only(parts, Round)
    lengths = [len(universe.token_ids) for universe in outcome.universes]
    assert len(set(lengths)) > 1
    assert [len(part.tokens) for part in rounds] == [
        sum(length >= part.done for length in lengths) for part in rounds
    ]
    assert [part.done for part in rounds] == list(range(1, max(lengths) + 1))
    for universe in outcome.universes:
        ended = universe.token_ids[-1] == EOS
        assert universe.finish_reason == ("end-of-text" if ended else "length")
        assert len(universe.token_ids) == 40 or ended


def test_the_smallest_temperature_there_is_is_greedy_and_no_error():
    logprobs = np.log(np.array((0.9, 0.1), np.float32))
    assert entropy_bits(logprobs, 5e-324) == pytest.approx(0.0, abs=1e-9)


async def test_words_that_nothing_follows_are_refused_with_what_there_is_room_for(laboratory):
    request = OwnMistakeRequest(prompt="z" * 490, forced="y" * 10, n=4, max_tokens=24)
    with pytest.raises(BadRequest, match="room for 12 tokens; 24 were asked for"):
        await anext(own_mistake(laboratory, request))


async def test_more_universes_than_the_engine_runs_at_once_are_refused_before_the_first_part(laboratory):
    with pytest.raises(BadRequest, match="at most 8 run at once"):
        await anext(universes(laboratory, UniversesRequest(prompt=PROMPT, n=9)))


async def test_a_forced_word_that_is_certain_is_told_as_certain(laboratory, fake_engine):
    fake_engine.runner._background[ord("x")] = 200.0
    request = OwnMistakeRequest(prompt=PROMPT, forced="xx", n=4, max_tokens=1)
    (forced,) = only(await parts_of(own_mistake, laboratory, request), Forced)
    assert (forced.raw_logprobs, forced.ranks, forced.probability) == ((0.0, 0.0), (1, 1), 1.0)
