"""Where the words of a text are found in a library: maximal verbatim spans, rare ones first.

After OLMoTrace (Liu et al. 2025, arXiv 2504.07096): a span stands in the library word for word, is as long
as it can be, begins and ends with whole words and lies within one text of the library; a span inside another
is dropped; spans are ranked by the sum of their words' unigram log-probabilities, the least probable first.
Two of its rules are not kept. A span may go on behind a full stop or a line break, as recitation does; and it
is made of words, not of tokens, so that one library serves every model.

Verbatim: the same words in the same order, letter by letter, capitals too. What stands between words (blanks,
line breaks, punctuation, quotation marks) is the printer's and does not count, nor does the shape of an
apostrophe.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

# Words. Measured on 80,000 words of prose and comments written in 2026: of the spans of five words that were
# found eleven were chance ("to the end of the"), of those of six none.
SHORTEST = 6
MOST_SOURCES = 3

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing; 2^64 over the golden ratio

Ints = npt.NDArray[np.int64]
Interval = tuple[int, int]  # of words, the second one outside


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the library, cut into sections that people refer to: (reference, words)."""

    collection: str
    title: str
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the library. Example: Genesis, 1:1–3."""

    collection: str
    title: str
    reference: str


@dataclass(frozen=True, slots=True)
class Span:
    """Words that stand in the library. `start` and `end` are characters (code points) of the traced text.

    `rarity_bits` is the sum over its words of -log2(share of the library's words that are this one).
    `occurrences` counts every place, `sources` names the first places of different texts.
    """

    start: int
    end: int
    words: int
    rarity_bits: float
    occurrences: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found in a text of `words` words: spans that do not overlap, the rarest first."""

    words: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Stretches of equal words: text [start, end) equals library [start + shift, end + shift). All (R,)."""

    start: Ints
    end: Ints
    shift: Ints


class Tracer:
    """An index of every `shortest` words that follow each other in the library, sorted by their hash."""

    def __init__(self, texts: Iterable[Text], shortest: int = SHORTEST) -> None:
        assert shortest > 1, "neighbouring windows share words, which keeps a stretch within one text"
        self.titles: list[tuple[str, str]] = []  # collection and title of each text
        self._shortest = shortest
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        words = array("i")
        section_starts, text_starts = array("i"), array("i")
        self._sections: list[tuple[int, str]] = []  # index of the text, reference
        for index, text in enumerate(texts):
            self.titles.append((text.collection, text.title))
            text_starts.append(len(words))
            for reference, content in text.sections:
                section_starts.append(len(words))
                self._sections.append((index, reference))
                words.extend(map(numbers.__getitem__, WORD.findall(content.replace("’", "'"))))
        self._numbers = dict(numbers)
        self._words = np.array(words, np.int32)  # (W,)
        self._section_starts = np.array(section_starts, np.int64)
        starts = np.array([*text_starts, len(words)], np.int64)
        self.lengths = [int(length) for length in np.diff(starts)]  # words of each text
        frequencies = np.bincount(self._words, minlength=len(numbers))
        self._bits = np.log2(max(1, len(words)) / np.maximum(frequencies, 1))  # (V,) -log2 p of a word
        self._hashes, self._places = self._index(starts)

    def _index(self, starts: Ints) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
        """Sorted hashes of the windows that lie within one text, and where each window begins; both (N,)."""
        hashes = _hash_windows(self._words, self._shortest)
        within = np.ones(len(hashes), np.bool_)
        for end in starts[1:]:
            within[max(0, end - self._shortest + 1) : end] = False
        places = np.flatnonzero(within)
        order = np.argsort(hashes[places], kind="stable")
        places = places[order]
        return hashes[places], places.astype(np.int32)

    def trace(self, text: str) -> Trace:
        """Every maximal span of `text`, in at most a few milliseconds for a page of words."""
        matches = list(WORD.finditer(text))
        numbers = self._numbers_of(matches)
        runs = self._runs(numbers)
        maximal = sorted(_maximal(runs), key=lambda span: -self._rarity(numbers, span))
        pieces = sorted(
            _apart(maximal, len(numbers), self._shortest), key=lambda span: -self._rarity(numbers, span)
        )
        return Trace(len(numbers), tuple(self._span(matches, numbers, runs, piece) for piece in pieces))

    def maximal(self, text: str) -> list[Interval]:
        """The maximal spans as intervals of words, from left to right; they may overlap."""
        return _maximal(self._runs(self._numbers_of(list(WORD.finditer(text)))))

    def _numbers_of(self, matches: Sequence[re.Match[str]]) -> npt.NDArray[np.int32]:
        """(T,) the words' numbers; -1 for a word that is not in the library."""
        found = [self._numbers.get(match[0].replace("’", "'"), -1) for match in matches]
        return np.array(found, np.int32)

    def _runs(self, numbers: npt.NDArray[np.int32]) -> _Runs:
        """All stretches of at least `shortest` equal words.

        A window of the text that stands at several places of the library gives several pairs (window, place).
        Pairs with one difference lie on one diagonal, and neighbours on a diagonal are one longer stretch.
        """
        hashes = _hash_windows(numbers, self._shortest)
        first = np.searchsorted(self._hashes, hashes, "left")
        counts = np.searchsorted(self._hashes, hashes, "right") - first
        windows = np.repeat(np.arange(len(hashes)), counts)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places = self._places[np.repeat(first, counts) + offsets].astype(np.int64)
        equal = np.ones(len(windows), np.bool_)  # equal hashes are not yet equal words
        for step in range(self._shortest):
            equal &= self._words[places + step] == numbers[windows + step]
        windows, shifts = windows[equal], (places - windows)[equal]
        order = np.lexsort((windows, shifts))
        windows, shifts = windows[order], shifts[order]
        begins = np.ones(len(windows), np.bool_)
        begins[1:] = (np.diff(shifts) != 0) | (np.diff(windows) != 1)
        ends = np.roll(begins, -1)  # the first one begins a stretch, so the last one ends one
        return _Runs(windows[begins], windows[ends] + self._shortest, shifts[begins])

    def _rarity(self, numbers: npt.NDArray[np.int32], span: Interval) -> float:
        return float(self._bits[numbers[span[0] : span[1]]].sum())

    def _span(
        self,
        matches: Sequence[re.Match[str]],
        numbers: npt.NDArray[np.int32],
        runs: _Runs,
        span: Interval,
    ) -> Span:
        start, end = span
        places = np.sort(runs.shift[(runs.start <= start) & (runs.end >= end)] + start)
        return Span(
            matches[start].start(),
            matches[end - 1].end(),
            end - start,
            round(self._rarity(numbers, span), 1),
            len(places),
            tuple(self._sources(places, end - start)),
        )

    def _sources(self, places: Ints, length: int) -> Iterator[Source]:
        """The first place in each of the first texts, in the library's order."""
        firsts = np.searchsorted(self._section_starts, places, "right") - 1
        lasts = np.searchsorted(self._section_starts, places + length - 1, "right") - 1
        named: set[int] = set()
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            index, reference = self._sections[first]
            if index in named:
                continue
            named.add(index)
            collection, title = self.titles[index]
            yield Source(collection, title, join(reference, self._sections[last][1]))
            if len(named) == MOST_SOURCES:
                return


def join(first: str, last: str) -> str:
    """One reference for two, what they begin with said once. Example: "1:1" and "1:3" are "1:1–3"."""
    if first == last:
        return first
    shared = max(
        (match.end() for match in re.finditer(r"[ :]", first) if last.startswith(first[: match.end()])),
        default=0,
    )
    return f"{first}–{last[shared:]}"


def _hash_windows(numbers: npt.NDArray[np.int32], length: int) -> npt.NDArray[np.uint64]:
    """(T - length + 1,) a polynomial of each window's numbers modulo 2^64."""
    windows = max(0, len(numbers) - length + 1)
    hashes = np.zeros(windows, np.uint64)
    for step in range(length):
        part = numbers[step : step + windows].astype(np.int64) + 2  # -1, a word not in the library, too
        hashes = hashes * _MIX + part.astype(np.uint64)
    return hashes


def _maximal(runs: _Runs) -> list[Interval]:
    """Stretches that lie inside no other one, each once, from left to right."""
    spans: list[Interval] = []
    reach = 0
    for index in np.lexsort((-runs.end, runs.start)).tolist():
        start, end = int(runs.start[index]), int(runs.end[index])
        if end > reach:
            spans.append((start, end))
            reach = end
    return spans


def _apart(spans: Sequence[Interval], length: int, shortest: int) -> Iterator[Interval]:
    """The spans in the order given, each without the words that one before it has taken.

    No maximal span holds another, so others take words from its ends only. Too short a rest is dropped.
    """
    taken = np.zeros(length, np.bool_)
    for start, end in spans:
        while start < end and taken[start]:
            start += 1
        while start < end and taken[end - 1]:
            end -= 1
        if end - start >= shortest:
            taken[start:end] = True
            yield start, end
