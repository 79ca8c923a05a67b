"""What was measured agrees with itself: every sum, mean, count and share in the files follows from the rest.

Needs no model. What follows from nothing else in its file is compared where there are weights, by its page's tests.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from math import exp, fsum, log2
from typing import Any

import pytest

from app.pages.assistant.costume import is_answered
from app.pages.few_shot.prompt import is_right
from app.pages.hallucination.agreement import agree
from app.pages.hallucination.universe_tree import Path, grow
from app.pages.presets import FOLDER, Preset, read_measurement, read_presets
from app.pages.registry import WITH_PRESETS
from app.pages.regurgitation.alignment import align, exact_run, runs_by_prefix, tokens_in_common

Data = dict[str, Any]
ROUNDED = 2e-6  # the files have six decimals
VOCABULARY = 262_144


def mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known)


def near(expected: float, terms: int = 1) -> Any:
    return pytest.approx(expected, abs=ROUNDED * terms)


def passage(part: Data, preset: Preset, parts: list[Data]) -> None:
    assert (
        bytes.fromhex("".join(part["bytes"])).decode() == preset.request["text"]
        or "swapped" in preset.request
    )
    assert len(part["ids"]) == len(part["bytes"])


def recall(part: Data, preset: Preset, parts: list[Data]) -> None:
    bits, ranks, half = part["bits"], part["ranks"], len(part["bits"]) // 2
    assert len(bits) == len(ranks) == len(part["instead"]) == len(parts[0]["ids"])
    assert part["mean_bits"] == near(mean(bits))
    assert part["second_half_bits"] == near(mean(bits[half:]))
    assert part["second_half_probability"] == near(mean(2**-each for each in bits[half:]))
    assert part["second_half_rank"] == near(mean(ranks[half:]))
    assert part["extracted"] == (runs_by_prefix(ranks, 32, 32)[-1] if len(ranks) >= 64 else None)
    assert [instead == "" for instead in part["instead"]] == [rank in (None, 1) for rank in ranks]
    assert all(each >= 1 - ROUNDED for each, rank in zip(bits, ranks, strict=True) if rank and rank > 1)


def recital(part: Data, preset: Preset, parts: list[Data]) -> None:
    start, length = preset.request["prefix"], preset.request["length"]
    whole = parts[0]["ids"]
    original = whole[start : start + length] if parts[0]["kind"] == "passage" else None
    assert len(part["ids"]) == len(part["bytes"]) <= part["total"]
    assert part["equal"] == sum(s["original"][1] - s["original"][0] for s in part["stretches"] if s["same"])
    if original is not None:
        stretches = align(original, part["ids"])
        assert (part["prefix"], part["total"]) == (start, len(original))
        assert part["run"] == exact_run(original, part["ids"])
        assert part["equal"] == tokens_in_common(stretches)
        assert part["stretches"] == [
            {key: list(value) if key != "same" else value for key, value in asdict(each).items()}
            for each in stretches
        ]
    if part["run"]:
        assert part["stretches"][0] == {
            "same": True,
            "original": [0, part["run"]],
            "written": [0, part["run"]],
        }


def changed_opening(part: Data, preset: Preset, parts: list[Data]) -> None:
    assert part["total"] == len(part["bits"])
    assert part["mean_bits"] == near(mean(part["bits"]))
    if part["run"] < part["total"]:
        assert part["bits"][part["run"]] >= 1 - ROUNDED  # another token is likelier
    if part["changed"]:
        assert part["run"] == next(each["run"] for each in parts if each["kind"] == "recital")
    else:
        assert len(part["ids"]) == len(part["bytes"]) == preset.request["prefix"]


def sweep(part: Data, preset: Preset, parts: list[Data]) -> None:
    assert len(part["runs"]) == len(part["possible"])
    assert all(
        0 <= run <= most <= part["steps"] for run, most in zip(part["runs"], part["possible"], strict=True)
    )
    of_passage = read_measurement("regurgitation", "gemma-3-270m").results[preset.id.removesuffix("-sweep")]
    ranks = next(each for each in of_passage if each["kind"] == "recall")["ranks"]
    assert tuple(part["runs"]) == runs_by_prefix(ranks, len(part["runs"]), part["steps"])
    assert part["possible"] == [min(part["steps"], len(ranks) - at) for at in range(1, len(part["runs"]) + 1)]


def opening(part: Data, preset: Preset, parts: list[Data]) -> None:
    temperature, first, others = preset.request["temperature"], part["first"], part["others"]
    probabilities = [each["probability"] for each in first]
    raw = [exp(each["raw_logprob"]) for each in first]
    assert fsum(probabilities) + others == near(1, 10)
    assert bytes.fromhex("".join(each["bytes"] for each in part["tokens"][1:])).decode() == part["prompt"]
    for each in first if temperature else ():
        below = exp((each["raw_logprob"] - first[0]["raw_logprob"]) / temperature)
        assert each["probability"] == near(below * probabilities[0], 5)
    assert_entropy(part["entropy_bits"], probabilities, others)
    assert_entropy(part["model_entropy_bits"], raw, 1 - fsum(raw))


def assert_entropy(bits: float, likeliest: list[float], others: float) -> None:
    """The likeliest tokens' part is known; what others add lies between as likely as the last, and all alike."""
    known = -fsum(p * log2(p) for p in likeliest if p > 0)
    others = max(others, 0.0)
    least = -others * log2(min(likeliest[-1], others)) if others > ROUNDED and likeliest[-1] > 0 else 0.0
    most = -others * log2(others / VOCABULARY) if others > ROUNDED else 1e-4
    assert known + least - 1e-4 <= bits <= known + most + 1e-4


def outcome(part: Data, preset: Preset, parts: list[Data]) -> None:
    universes = part["universes"]
    assert len(universes) == part["n"] == preset.request["n"]
    assert part["temperature"] == preset.request["temperature"]
    assert_agreement(part["agreement"], [universe["answer"] for universe in universes])
    paths = [
        Path(tuple(u["token_ids"][: u["answer_tokens"]]), tuple(u["logprobs"][: u["answer_tokens"]]))
        for u in universes
    ]
    for branch, written in zip(grow(paths), part["tree"], strict=True):
        assert (branch.parent, branch.depth, branch.token_id) == (
            written["parent"],
            written["depth"],
            written["token_id"],
        )
        assert written["width"] == near(branch.width, 10)
        assert written["probability"] == near(branch.probability, 2)
        assert written["rest"] == near(branch.rest, 100)
        assert list(branch.sequences) == written["sequences"]
    assert all(universe["answer"] in universe["text"] for universe in universes)
    for mention in part["mentions"]:
        said = [mention["word"].casefold() in universe["text"].casefold() for universe in universes]
        assert mention["count"] == sum(said)


def assert_agreement(part: Data, answers: list[str]) -> None:
    expected = asdict(agree(answers))
    for group, written in zip(expected["groups"], part["groups"], strict=True):
        assert written == group | {"sequences": list(group["sequences"]), "share": near(group["share"])}
    for figure in ("largest", "pairwise", "semantic_entropy_bits"):
        assert part[figure] == near(expected[figure])


def evidence_step(part: Data, preset: Preset, parts: list[Data]) -> None:
    before = preset.request["sentences"][: part["index"]]
    assert part["prompt"] == "".join(f"{each['text'].strip()} " for each in before) + preset.request["prompt"]
    assert part["sentence"] == (before[-1]["text"] if before else "")
    assert_agreement(part["agreement"], [answer["text"] for answer in part["answers"]])
    if not before:  # the same prompt as of the preset beside it
        measurement = read_measurement("hallucination", "gemma-3-270m")
        bare = measurement.results["invented-zh" if preset.id.endswith("-zh") else "invented"][0]
        assert bare["prompt"] == part["prompt"]
        for figure in ("entropy_bits", "model_entropy_bits"):
            assert part[figure] == near(bare[figure], 5)


def forced(part: Data, preset: Preset, parts: list[Data]) -> None:
    assert len(part["tokens"]) == len(part["raw_logprobs"]) == len(part["ranks"])
    assert part["probability"] == near(exp(fsum(part["raw_logprobs"])))
    assert (
        bytes.fromhex("".join(each["bytes"] for each in part["tokens"])).decode() == preset.request["forced"]
    )


def questions(part: Data, preset: Preset, parts: list[Data]) -> None:
    for answer, tokens, (_, expected) in zip(
        part["answers"], part["answer_tokens"], preset.request["queries"], strict=True
    ):
        assert bytes.fromhex("".join(token["bytes"] for token in tokens)).decode() == answer
        assert is_right(answer, expected)


def examples(part: Data, preset: Preset, parts: list[Data]) -> None:
    rows = preset.request["rows"]
    assert len(part["rows"]) == len(part["texts"])
    if part["line"] == "true":
        assert part["rows"] == rows
    if part["line"] == "shuffled":
        assert sorted(output for _, output in part["rows"]) == sorted(output for _, output in rows)
        assert [given for given, _ in part["rows"]] == [given for given, _ in rows]


def one_pass(part: Data, preset: Preset, parts: list[Data]) -> None:
    line = next(each for each in parts if each["kind"] == "examples" and each["line"] == part["line"])
    assert len(part["logprobs"]) + part["dropped"] == len(line["rows"])
    assert max(part["logprobs"]) <= 0


def point(part: Data, preset: Preset, parts: list[Data]) -> None:
    answers = part["answers"]
    for answer, (_, expected) in zip(answers, preset.request["queries"], strict=True):
        assert answer["logprob"] == near(fsum(answer["token_logprobs"]), len(answer["token_logprobs"]))
        assert answer["right"] == is_right(answer["greedy"], expected)
        if answer["share"] is not None:  # it has all of the options' probability, or less
            assert exp(answer["logprob"]) - ROUNDED <= answer["share"] <= 1
    assert part["logprob"] == near(mean(answer["logprob"] for answer in answers))
    assert part["probability"] == near(mean(exp(answer["logprob"]) for answer in answers))
    assert part["right"] == sum(answer["right"] for answer in answers)


def drawn(part: Data, preset: Preset, parts: list[Data]) -> None:
    ids = [token["id"] for token in (*part["tokens"], *part["others"])]
    assert len(ids) == len(set(ids)) == 2 * preset.request["length"]


def copies(part: Data, preset: Preset, parts: list[Data]) -> None:
    for name in ("first", "second", "others"):
        assert len(part[name]) == preset.request["length"]
        assert part[f"{name}_mean"] == near(mean(part[name][1:]))


def document(part: Data, preset: Preset, parts: list[Data]) -> None:
    assert "".join(piece["text"] for piece in part["pieces"]) == part["text"]
    told = bytes.fromhex("".join(token["bytes"] for token in part["tokens"][part["bos"] :])).decode()
    assert told == part["text"]
    assert len(part["special"]) == len(part["tokens"])


def answers(part: Data, preset: Preset, parts: list[Data]) -> None:
    question, expected = preset.request["question"], preset.request["expected"]
    assert len(part["answers"]) == preset.request["n"]
    for answer in part["answers"]:
        assert answer["answered"] == is_answered(answer["own"], question, expected)
        assert answer["shown"].startswith(answer["own"])
    assert part["answered"] == sum(answer["answered"] for answer in part["answers"])


def shift(part: Data, preset: Preset, parts: list[Data]) -> None:
    """Told apart by fewer classes, two distributions differ no more: the movers are a lower bound."""
    dressed, bare = ([each[side] for each in part["movers"]] for side in ("dressed", "bare"))
    classes = [*zip(dressed, bare, strict=True), (1 - fsum(dressed), 1 - fsum(bare))]
    assert part["kl_bits"] >= fsum(p * log2(p / q) for p, q in classes if p > 0 and q > 0) - 1e-4
    assert (part["favourite"] == part["token"]) == (part["rank"] == 1)
    if part["favourite"] == part["token"]:
        assert part["favourite_bare_rank"] == part["bare_rank"]
    for each in part["movers"]:
        if each["token"] == part["token"]:
            assert each["dressed"] == near(exp(part["logprob"]))
            assert each["bare"] == near(exp(part["bare_logprob"]))


CHECKS: dict[str, dict[str, Callable[[Data, Preset, list[Data]], None]]] = {
    "assistant": {"document": document, "answers": answers, "shift": shift},
    "few_shot": {
        "questions": questions,
        "examples": examples,
        "one_pass": one_pass,
        "point": point,
        "drawn": drawn,
        "copies": copies,
    },
    "hallucination": {"opening": opening, "outcome": outcome, "step": evidence_step, "forced": forced},
    "regurgitation": {
        "passage": passage,
        "recall": recall,
        "recital": recital,
        "opening": changed_opening,
        "sweep": sweep,
    },
}
MEASURED = [
    (page, file.stem) for page in WITH_PRESETS for file in (FOLDER / page / "measured").glob("*.json")
]


def test_every_page_with_presets_was_measured_and_is_checked():
    assert {page for page, _ in MEASURED} == set(WITH_PRESETS) == set(CHECKS)


@pytest.mark.parametrize(("page", "model"), MEASURED)
def test_every_figure_follows_from_what_it_is_a_figure_of(page: str, model: str):
    measurement = read_measurement(page, model)
    presets = {preset.id: preset for preset in read_presets(page)}
    assert set(measurement.results) == set(presets)
    seen = set()
    for name, parts in measurement.results.items():
        for part in parts:
            CHECKS[page][part["kind"]](part, presets[name], parts)
            seen.add(part["kind"])
    assert seen == set(CHECKS[page]), "a kind that is never measured is never checked"
