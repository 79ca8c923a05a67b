"""What pages say of a model holds in what was measured: their questions' answers, and their sentences."""

import re
from pathlib import Path

from fastapi.testclient import TestClient

from app.pages import presets
from app.pages.presets import read_example, read_measurement, read_presets
from app.paths import STATIC
from app.tokenization.registry import Encodings


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


def test_at_temperature_2_the_leader_leads_by_less(client: TestClient):
    """The guess whose answer the page takes for right, and that the order never changes."""
    for language in ("en", "zh-CN"):
        measured = read_example("sampling")[language]
        first, second = (row["p"] for row in measured["rows"][:2])
        assert measured["hot"]["first"] / 1 < first - second  # even its whole share is less than its lead was
        assert measured["hot"]["remainder"] > 0.9  # "it rarely comes"
    html = client.get("/sampling", params={"lang": "en"}).text
    measured = read_example("sampling")["en"]
    assert f"to {100 * measured['hot']['first']:.2f}% and still leads" in html
    assert f"{100 * measured['hot']['remainder']:.1f}% of all rolls" in html


def test_the_dice_took_the_likeliest_token_as_often_as_the_page_says(client: TestClient):
    measured = read_example("playground")
    steps = measured["document"]["steps"][measured["document"]["runs"][0]["start"] :]
    likeliest = sum(rank == 1 for _, _, rank, *_ in steps)
    question = asked(client, "/playground")
    assert f'data-answer="{likeliest}"' in question
    assert f"{likeliest} of {len(steps)}." in question
    least = min(steps, key=lambda step: step[0])
    assert f"in place {least[2]} of its list" in question


def measured(page: str, preset: str, kind: str) -> list[dict]:
    measurement = read_measurement(page, "gemma-3-270m")
    assert measurement is not None
    return [part for part in measurement.results[preset] if part["kind"] == kind]


def says(client: TestClient, path: str, sentence: str) -> bool:
    return sentence in client.get(path, params={"lang": "en"}).text


def test_few_shot_climbs_most_with_the_first_two_examples(client: TestClient):
    points = [part for part in measured("few_shot", "korean", "point") if part["line"] == "true"]
    means = {part["shots"]: part["probability"] for part in points}
    assert means[2] - means[0] > 0.8 * (max(means.values()) - means[0])
    assert says(client, "/few-shot", "climbs, most of all with the first two")


def test_no_example_holds_the_word_that_is_asked_for(client: TestClient):
    [request] = [preset.request for preset in read_presets("few_shot") if preset.id == "korean"]
    shown = " ".join(word for row in request["rows"] for word in row)
    assert not [pair for pair in request["queries"] if pair[0] in shown or pair[1] in shown]
    assert says(client, "/few-shot", "No example holds the word that is asked for")


def test_in_the_costume_hardly_anything_but_an_answer_comes(client: TestClient):
    tried = {part["side"]: part for part in measured("assistant", "conversation", "answers")}
    assert tried["dressed"]["answered"] >= 7 * len(tried["dressed"]["answers"]) / 8
    bare = tried["bare"]["answers"]
    assert len({answer["shown"].strip() for answer in bare}) >= 4
    assert sum("?" in answer["shown"] for answer in bare) == len(bare) and tried["bare"]["answered"] == 0
    assert says(client, "/assistant", "After a bare question, more questions are likely")
    assert says(client, "/assistant", "After “Assistant:”, an answer is")


def test_the_chinese_costume_is_answered_and_the_bare_question_mostly_is_not(client: TestClient):
    tried = {part["side"]: part for part in measured("assistant", "zh-conversation", "answers")}
    assert tried["dressed"]["answered"] >= 7 * len(tried["dressed"]["answers"]) / 8
    assert tried["bare"]["answered"] < len(tried["bare"]["answers"]) / 2
    assert "？" in tried["bare"]["answers"][0]["shown"]  # the one that is played first
    assert "光有一个问题，后面多半还是问题" in client.get("/assistant", params={"lang": "zh-CN"}).text


def test_the_first_token_of_the_answer_moves_furthest_and_its_digits_less(client: TestClient):
    shifts = measured("assistant", "shift", "shift")
    for costume in (0, 1):
        first, *others = (part for part in shifts if part["costume"] == costume)
        assert max(part["kl_bits"] for part in others) < first["kl_bits"]
    assert any(part["token"]["bytes"] == "34" and part["bare_rank"] == 1 for part in shifts)
    assert says(client, "/assistant", "The first token moves furthest")
    assert says(client, "/assistant", "The digits move less")


def test_the_known_fact_and_the_confident_mistake_are_nearly_agreed_on(client: TestClient):
    shares = {
        name: measured("hallucination", name, "outcome")[0]["agreement"]["largest"]
        for name in ("known", "wrong")
    }
    assert all(0.75 < share < 1 for share in shares.values())
    assert says(client, "/hallucination", "They nearly agree, entropy is low, and it is false.")
    assert says(client, "/", "what it knows stays the same in most of them")


def test_of_the_new_text_next_to_nothing_is_recited(client: TestClient):
    for name in (
        "control",
        "control-2",
        "control-16",
        "control-24",
        "control-32",
        "control-36",
        "control-zh",
    ):
        (recital,) = measured("regurgitation", name, "recital")
        assert recital["equal"] <= 0.05 * recital["total"]
    assert says(client, "/regurgitation", "Beside it, a text that nobody wrote before")


def test_measured_files_are_as_the_command_writes_them():
    files = sorted(Path(presets.__file__).parent.glob("*/measured/*.json"))
    assert files
    for file in files:
        measurement = read_measurement(file.parents[1].name, file.stem)
        assert file.read_text(encoding="utf-8") == presets.lines(measurement), file
