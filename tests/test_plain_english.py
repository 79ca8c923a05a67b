"""English that nobody reads twice: no long sentence without a reason, and none of the turns that readers stumbled over."""

import json
import re
from pathlib import Path

import pytest

from app.paths import TEMPLATES
from app.routes.localisation import catalogue_files

MOST_WORDS = 20

# Sentences that are longer, by how they begin, with the reason.
LONG = {
    "WebText: 40 GB of text": "a source, listed with its parts",
    "What the model wrote last is looked up": "a list of four collections",
}

ODD = {
    "continue, carry on": r"\b(?:go|goes|going|went) on\b",
    "per token, per second": r"(?:\b(?:bits?|bytes?|tokens?)|\}) an? (?:token|second)\b",
    "8.3%, without a space": r"\d %|\} %",
    "what came is kept: the text so far, the results so far": r"[Ww]hat came (?:is kept|stays)",
    "cursor": r"\bcaret\b",
    "total probability": r"\bthe mass\b",
}

LATER = {  # pages that are written anew just now (2026-12-01); each name goes with its page's rewrite
    "assistant", "few_shot", "hallucination", "home", "regurgitation", "sampling", "status",
}  # fmt: skip

CATALOGUES = [
    path
    for path in catalogue_files("zh-CN")  # their keys are all English there is
    if not (path.is_relative_to(TEMPLATES / "pages") and path.parent.name in LATER)
]
catalogues = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def keys(path: Path) -> list[str]:
    return list(json.loads(path.read_text(encoding="utf-8")))


def long_sentences(text: str) -> list[str]:
    return [each for each in re.split(r"(?<=[.?!])\s+", text) if len(each.split()) > MOST_WORDS]


def test_a_long_sentence_is_found():
    assert long_sentences("Short. " + "word " * 21 + "end. Short.") == ["word " * 21 + "end."]


@catalogues
def test_no_sentence_is_long_without_a_reason(path: Path):
    found = [sentence for key in keys(path) for sentence in long_sentences(key)]
    assert [sentence for sentence in found if not sentence.startswith(tuple(LONG))] == []


@catalogues
def test_no_odd_turn_is_left(path: Path):
    assert [(better, key) for key in keys(path) for better, odd in ODD.items() if re.search(odd, key)] == []
