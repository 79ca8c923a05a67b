"""`POST /api/trace`: no model is needed, the library may be missing, and what is wrong is said as everywhere."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.library.library import FILES, Library
from app.main import create_app
from app.pages.regurgitation.passages import PASSAGES, passages
from app.settings import Settings
from tests.site import OneModel, browse

AMENDMENT = "Congress shall make no law respecting an establishment of religion"


@pytest.fixture
def without_model(tmp_path: Path) -> Iterator[TestClient]:
    """A site whose model is still on its way, with a library of one file."""
    (tmp_path / "bible.txt").write_text(
        "King James Bible\tfree\tkjv 1\nRuth\t1:1\tNow it came to pass in the days\n"
    )
    app = create_app(Settings(engine="fake"), OneModel(None))
    app.state.site = replace(app.state.site, library=Library(tmp_path, passages))
    with browse(app) as client:
        yield client


def test_words_are_found_without_a_model_and_with_half_a_library(without_model: TestClient):
    text = f"He wrote: “{AMENDMENT}.” — It came to pass, in the days."
    reply = without_model.post("/api/trace", json={"text": text}).json()
    assert reply["shortest"] == 6  # "Six words in a row" on the pages
    assert "Six words in a row or more are marked" in without_model.get("/regurgitation?lang=en").text
    assert reply["words"] == 19
    amendment, ruth = reply["spans"]  # the rarer first
    assert text[ruth["start"] : ruth["end"]] == "came to pass, in the days"  # "It" is not "it"
    assert text[amendment["start"] : amendment["end"]] == AMENDMENT
    assert amendment["sources"] == [
        {"collection": PASSAGES, "title": "First Amendment of the US Constitution", "reference": "1791"}
    ]
    library = reply["library"]
    assert [each["name"] for each in library["collections"]] == ["King James Bible", PASSAGES]
    assert library["missing"] == [name for name in FILES.values() if name != "King James Bible"]
    assert library["texts"] == 1 + library["collections"][1]["texts"]


def test_places_count_code_points(without_model: TestClient):
    text = f"😀 𝔘 {AMENDMENT}"
    (span,) = without_model.post("/api/trace", json={"text": text}).json()["spans"]
    assert text[span["start"] : span["end"]] == AMENDMENT


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"text": 1}',
        json.dumps({"text": "a" * 20_001}),
        '{"text": "a", "more": 1}',
        '{"text": "\\ud800"}',
        "{",
    ],
)
def test_what_cannot_be_traced_is_refused_and_not_repeated(without_model: TestClient, body: str):
    response = without_model.post("/api/trace", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert set(response.json()) == {"error"}
    assert response.json()["error"]["code"] == "bad_request"
    assert "aaaa" not in response.text
