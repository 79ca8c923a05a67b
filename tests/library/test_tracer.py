"""Spans of words found in small libraries: against a slow reading of the definition, and by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.tracer import WORD, Text, Tracer, join

# Few words, so that they meet again and again; "aa" and "a" would be found within each other as letters.
WORDS = st.sampled_from(["a", "aa", "B", "b", "c"])
SENTENCES = st.lists(WORDS, max_size=14)
LIBRARIES = st.lists(st.lists(SENTENCES, min_size=1, max_size=3), max_size=4)
BLANKS = st.sampled_from([" ", "\n", ", ", " — “", ". "])


def library(texts: list[list[list[str]]]) -> list[Text]:
    return [
        Text("shelf", f"text {index}", tuple((f"{n}", " ".join(words)) for n, words in enumerate(sections)))
        for index, sections in enumerate(texts)
    ]


def found_slowly(texts: list[list[list[str]]], words: list[str], shortest: int) -> list[tuple[int, int]]:
    """Every stretch of words that stands in one text and in no longer stretch that does."""
    shelves = [[word for section in sections for word in section] for sections in texts]

    def stands(start: int, end: int) -> bool:
        wanted = words[start:end]
        return any(
            shelf[at : at + len(wanted)] == wanted
            for shelf in shelves
            for at in range(len(shelf) - len(wanted) + 1)
        )

    spans = [
        (start, end)
        for start in range(len(words))
        for end in range(start + shortest, len(words) + 1)
        if stands(start, end)
    ]
    return [
        span
        for span in spans
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in spans)
    ]


@given(
    LIBRARIES, st.lists(st.tuples(st.one_of(WORDS, st.just("new")), BLANKS), max_size=20), st.integers(2, 4)
)
def test_the_spans_are_those_of_the_definition(texts, pairs, shortest):
    words = [word for word, _ in pairs]
    text = "".join(word + blank for word, blank in pairs)
    assert Tracer(library(texts), shortest).maximal(text) == found_slowly(texts, words, shortest)


@given(
    LIBRARIES, st.lists(st.tuples(st.one_of(WORDS, st.just("new")), BLANKS), max_size=20), st.integers(2, 4)
)
def test_a_trace_keeps_its_promises(texts, pairs, shortest):
    text = "“" + "".join(word + blank for word, blank in pairs)
    trace = Tracer(library(texts), shortest).trace(text)
    assert trace.words == len(pairs)
    rarities = [span.rarity_bits for span in trace.spans]
    assert rarities == sorted(rarities, reverse=True)
    taken = sorted((span.start, span.end) for span in trace.spans)
    assert all(before[1] <= after[0] for before, after in zip(taken, taken[1:], strict=False))
    shelves = [" ".join(word for section in sections for word in section) for sections in texts]
    for span in trace.spans:
        words = WORD.findall(text[span.start : span.end])
        assert len(words) == span.words >= shortest
        assert text[span.start : span.end].startswith(words[0])
        assert text[span.start : span.end].endswith(words[-1])
        wanted = f" {' '.join(words)} "
        places = sum(
            f" {shelf} "[at:].startswith(wanted) for shelf in shelves for at in range(len(shelf) + 1)
        )
        assert span.occurrences == places
        assert all(f" {' '.join(words)} " in f" {shelves[int(s.title[5:])]} " for s in span.sources)


SHELF = [
    Text(
        "Plays",
        "Hamlet",
        (("Act I", "Who's there?"), ("Act III", "To be, or not to be: that is the question:")),
    ),
    Text("Plays", "Hamlet retold", (("1", "To be or not to be, he said."),)),
]


def test_punctuation_and_the_shape_of_apostrophes_do_not_count_and_capitals_do():
    tracer = Tracer(SHELF, 2)
    (span,) = tracer.trace("“Who’s\nthere ...”").spans
    assert (span.start, span.end, span.words) == (1, 12, 2)
    assert [span.words for span in tracer.trace("who's there to be OR not to be").spans] == [3, 2]
    assert tracer.trace("whose therefore").spans == ()


def test_a_span_runs_from_section_to_section_and_never_from_text_to_text():
    tracer = Tracer(SHELF, 2)
    (span,) = tracer.trace("there To be").spans
    assert [(source.title, source.reference) for source in span.sources] == [("Hamlet", "Act I–III")]
    assert [span.words for span in tracer.trace("the question To be or not").spans] == [4, 2]


def test_places_are_counted_and_the_first_texts_named():
    (span,) = Tracer(SHELF).trace("To be, or not to be!").spans
    assert span.occurrences == 2
    assert [source.title for source in span.sources] == ["Hamlet", "Hamlet retold"]
    # of the library's 20 words 4 are "be" (log2 5 bits, twice) and 2 each of the others (log2 10 bits, four times)
    assert span.rarity_bits == pytest.approx(2 * 2.32 + 4 * 3.32, abs=0.05)


def test_of_overlapping_spans_the_rarer_keeps_the_words_they_share():
    shelf = [
        Text("x", "1", (("", "the the the the the the the the cat sat on the"),)),
        Text("x", "2", (("", "on the the of the"),)),
    ]
    trace = Tracer(shelf, 3).trace("cat sat on the the of the")
    assert [(span.words, span.sources[0].title) for span in trace.spans] == [(4, "1"), (3, "2")]


@pytest.mark.parametrize("text", ["", "word", "…", "一 二 三 四 五 六 七", "\x00" * 9])
def test_nothing_is_found_in_what_is_too_short_or_foreign(text: str):
    assert Tracer(SHELF).trace(text).spans == ()
    assert Tracer([]).trace(text).spans == ()


def test_what_two_references_begin_with_is_said_once():
    assert join("1:1", "1:1") == "1:1"
    assert join("1:1", "1:3") == "1:1–3"
    assert join("1:31", "2:1") == "1:31–2:1"
    assert join("Act III, scene I", "Act III, scene II") == "Act III, scene I–II"
    assert join("article 9", "article 10") == "article 9–10"
