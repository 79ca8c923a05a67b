"""The questions of the pages that have no presets are answered by what their examples measured."""

import json
import re

from fastapi.testclient import TestClient

from app.paths import STATIC
from app.tokenization.registry import Encodings


def example(page: str) -> dict:
    return json.loads((STATIC / "examples" / f"{page}.json").read_text(encoding="utf-8"))


def asked(client: TestClient, path: str) -> str:
    """The page's question and its answer, as the server writes them."""
    html = client.get(path, params={"lang": "en"}).text
    return re.search(r"(?s)<predict-reveal.*?</predict-reveal>", html)[0]


def test_a_word_in_capitals_is_four_numbers(client: TestClient):
    tokenizer = Encodings(STATIC / "vendor" / "encodings").get("cl100k_base")
    ids = tokenizer.encode(" STRAWBERRY")
    assert f'data-answer="{len(ids)}"' in asked(client, "/tokenizer")
    written = [tokenizer.token_bytes(one).decode().strip() for one in ids]
    sentence = "Four: {} and {}, the numbers {} and {}.".format(
        ", ".join(written[:-1]), written[-1], ", ".join(map(str, ids[:-1])), ids[-1]
    )
    assert sentence in asked(client, "/tokenizer")
    assert tokenizer.encode(" strawberry") == [73700] and 73700 not in ids


def test_at_temperature_2_the_leader_keeps_about_a_hundredth(client: TestClient):
    measured = example("sampling")
    assert 0.005 < measured["hot"]["first"] < 0.015  # "about 1 %": tests/engine/test_sampling_example.py
    assert measured["rows"][0]["raw"] > 0.075  # or "as much as now" would be near it
    question = asked(client, "/sampling")
    assert 'data-answer="one"' in question
    assert "yes, with about 1 %" in question
    assert "still leads, with 0.99" in question


def test_the_dice_took_the_likeliest_token_as_often_as_the_page_says(client: TestClient):
    measured = example("playground")
    steps = measured["document"]["steps"][measured["document"]["runs"][0]["start"] :]
    likeliest = sum(rank == 1 for _, _, rank, *_ in steps)
    question = asked(client, "/playground")
    assert f'data-answer="{likeliest}"' in question
    assert f"{likeliest} of {len(steps)}." in question
    least = min(steps, key=lambda step: step[0])
    assert f"in place {least[2]} of its list" in question
