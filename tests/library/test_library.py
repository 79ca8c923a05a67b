"""The library as the build brings it: what is in it, where it finds things, how fast, and what it must not find."""

import os
import time

import pytest

from app.library.library import FILES, Library
from app.library.tracer import Span
from app.pages.presets import read_measurement, read_presets
from app.pages.regurgitation.passages import passages
from app.paths import STATIC

FOLDER = STATIC / "vendor" / "library"


@pytest.fixture(scope="module")
def library() -> Library:
    """The whole library, read once. Only in CI is it a failure not to have it."""
    if missing := [name for name in FILES if not (FOLDER / name).is_file()]:
        sentence = (
            f"{', '.join(missing)} missing; run `python -m app.assets` where the package index can be reached"
        )
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    library = Library(FOLDER, passages)
    library.trace("")
    return library


def only(library: Library, text: str) -> Span:
    (span,) = library.trace(text).spans
    return span


def test_it_is_as_large_as_it_should_be(library: Library):
    held = {holding.name: (holding.texts, holding.words) for holding in library.holdings}
    assert held["King James Bible"][0] == 66
    assert 780_000 < held["King James Bible"][1] < 800_000
    assert held["Plays of William Shakespeare"][0] == 38
    assert held["Software licences"][0] > 600
    assert library.missing == ()


def test_genesis_is_found_in_genesis(library: Library):
    span = only(
        library,
        "In the beginning God created the heaven and the earth.\nAnd the earth was without form, and void; and "
        "darkness was upon the face of the deep. And the Spirit of God moved upon the face of the waters. And God "
        "said, Let there be light: and there was light.",
    )
    assert span.words == 50
    assert (span.sources[0].title, span.sources[0].reference) == ("Genesis", "1:1–3")


def test_the_licence_is_found_in_the_licence(library: Library):
    words = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and"
    )
    span = only(library, words + " associated documentation files (the “Software”), to deal in the Software")
    assert span.sources[0].reference == "MIT"
    assert span.occurrences > 1


def test_the_line_is_found_in_the_scene(library: Library):
    span = only(
        library, "To be, or not to be, that is the question:\nWhether ’tis nobler in the mind to suffer"
    )
    assert (span.sources[0].title, span.sources[0].reference) == ("Hamlet", "Act III, scene I")


def test_the_article_is_found_in_the_constitution(library: Library):
    span = only(
        library, "No person shall be deprived of his life or personal liberty except according to procedure"
    )
    assert (span.sources[0].title, span.sources[0].reference) == ("Constitution of India", "article 21")


def test_in_a_text_nobody_wrote_before_and_what_it_led_to_nothing_is_found(library: Library):
    (control,) = [preset for preset in read_presets("regurgitation") if preset.id == "control"]
    assert library.trace(control.request["text"]).spans == ()
    measurement = read_measurement("regurgitation", "gemma-3-270m")
    assert measurement is not None
    (recital,) = [part for part in measurement.results["control"] if part["kind"] == "recital"]
    written = bytes.fromhex("".join(recital["bytes"])).decode("utf-8", "replace")
    assert library.trace(written).spans == ()


def test_a_page_of_words_is_traced_at_once(library: Library):
    words = (FOLDER / "bible.txt").read_text(encoding="utf-8").split("\t")[4].split()
    licence = (FOLDER / "licences.txt").read_text(encoding="utf-8").partition("\tMIT\t")[2].split()
    text = " ".join([*words, *licence][:300])
    start = time.perf_counter()
    for _ in range(5):
        library.trace(text)
    assert (time.perf_counter() - start) / 5 < 0.05  # about 1 ms on two cores; the rest is for busy machines
