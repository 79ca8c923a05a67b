"""What the page says in English and in Chinese: the words that readers stumbled over are gone."""

import json
import re

import pytest
from fastapi.testclient import TestClient

from app.paths import TEMPLATES

FOLDER = TEMPLATES / "pages" / "hallucination"
CATALOGUE = json.loads((FOLDER / "zh-CN.json").read_text(encoding="utf-8"))
ODD = [
    "does not know that it", "other dice", "The answer is", "largest group", "part;", "Where they part", "alone \\d",
    "with commas", "is your word", "goes on", "all the same: ", "texts end", "have changed since", "Run it here",
    "or your own", "one hundred percent", "\\d %",
]  # fmt: skip
ODD_IN_CHINESE = [
    "宇宙",
    "证据只会被",
    "照跟不误",
    "取作答案",
    "成对一致",
    "示例",
    "比特的",
    "接着错误写",
    "百分之百",
]


@pytest.mark.parametrize("phrase", ODD)
def test_an_odd_phrase_is_said_no_more(client: TestClient, phrase: str):
    said = " ".join(CATALOGUE) + client.get("/hallucination?lang=en").text
    assert re.findall(phrase, said) == []


@pytest.mark.parametrize("phrase", ODD_IN_CHINESE)
def test_a_translated_phrase_is_said_no_more(phrase: str):
    kept = {
        "Sixteen universes, one question: what it knows stays the same in most of them."
    }  # of the home page
    assert [value for key, value in CATALOGUE.items() if key not in kept and phrase in value] == []


def test_no_sentence_is_long_without_a_reason():
    """Those of the rules of counting and of the paper they follow are read by experts, in the drawer."""
    counted = re.compile(r"St\., Dr\.|Nature 630|closing quotation mark|same as “up to the first stop”")
    sentences = [
        one for key in CATALOGUE if not counted.search(key) for one in re.split(r"(?<=[.?!:]) ", key)
    ]
    assert [one for one in sentences if len(one.split()) > 24] == []
