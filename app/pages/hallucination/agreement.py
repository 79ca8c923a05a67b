"""Answers cut out of continuations, grouped, and how much they agree."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from app.tokenization.tokenizer import Tokenizer

Cut = Literal["clause", "name", "word"]

# Ends of a clause. A full stop or comma inside a number is none, nor is the full stop of an initial or a
# title: "J. D. Vance", "St. Petersburg", "3.14", "1,000".
_END = re.compile(
    r"[\r\n;:!?()\[\]。，；：！？、（）》」』”…—]|</?[a-zA-Z]|\s[–-]+(?=\s)|(?<!\d),|,(?!\d)|(?<=\d)\.(?!\d)"
    r"|(?<!\b[A-Z])(?<!\b(?:St|Dr|Mr|Ms|Jr|Sr))(?<!\b(?:Sen|Rep|Gov|Mrs))(?<!\d)\."
)
_BEFORE = " \t\r\n.,;:!?\"'“”‘’«»*_–—-。，；：！？、（）()[]《》「」『』…"  # skipped in front of an answer
_AROUND = _BEFORE + "`"
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*(>?)")  # of a web page: skipped as well, once it is whole
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of a continuation that answers: its text, and how many tokens it takes to have said it."""

    text: str
    tokens: int
    complete: bool  # something follows it, so that more tokens would not change it


@dataclass(frozen=True, slots=True)
class Group:
    """Universes that gave the same answer."""

    key: str  # what they have in common: the answer without case, spacing and punctuation around it
    text: str  # the answer as the first of them wrote it
    count: int
    share: float
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much the universes of one prompt agree."""

    groups: tuple[Group, ...]  # largest first
    largest: float  # share of the largest group
    pairwise: float  # share of pairs with equal answers
    semantic_entropy_bits: float


def cut_answer(tokenizer: Tokenizer, token_ids: Sequence[int], cut: Cut) -> Answer:
    """The answer at the beginning of a continuation.

    White space, punctuation and the tags of a web page in front are skipped. `clause` runs to the first line
    break, comma, semicolon, colon, bracket, dash, tag, question or exclamation mark or full stop; `name`
    keeps the words at the beginning of the clause that start with a capital letter, where there are any;
    `word` keeps its first word. A special token ends every answer.
    """
    ordinary = next((i for i, token in enumerate(token_ids) if tokenizer.is_special(token)), len(token_ids))
    data = b"".join(map(tokenizer.token_bytes, token_ids[:ordinary]))
    text = data.decode("utf-8", "ignore")
    start, end, complete = _span(text, cut)
    complete = complete or ordinary < len(token_ids)
    return Answer(text[start:end], _tokens_for(tokenizer, token_ids, len(text[:end].encode())), complete)


def _span(text: str, cut: Cut) -> tuple[int, int, bool]:
    """Where the answer begins and ends, and whether anything follows it."""
    start = _start(text)
    if start is None:
        return len(text), len(text), False
    found = _END.search(text, start)
    end = found.start() if found else len(text)
    if found and text[found.start() - 1].isdigit() and found.end() == len(text):
        found = None  # another digit may follow
    words = list(_WORD.finditer(text, start, end))
    if cut == "word":
        words = words[:1]
    elif cut == "name":
        words = list(takewhile(_is_capitalised, words)) or words
    if words and words[-1].end() < end:
        return start, words[-1].end(), True
    return start, start + len(text[start:end].rstrip()), found is not None


def _start(text: str) -> int | None:
    """Where the answer begins; None while a tag in front of it is not whole."""
    start = len(text) - len(text.lstrip(_BEFORE))
    while tag := _TAG.match(text, start):
        if not tag[1]:
            return None
        start = len(text) - len(text[tag.end() :].lstrip(_BEFORE))
    return start


def _is_capitalised(word: re.Match[str]) -> bool:
    return word.group().strip(_AROUND)[:1].isupper()


def _tokens_for(tokenizer: Tokenizer, token_ids: Sequence[int], length: int) -> int:
    """The fewest tokens whose bytes reach `length`."""
    reached = count = 0
    while reached < length and count < len(token_ids):
        reached += len(tokenizer.token_bytes(token_ids[count]))
        count += 1
    return count


def normalise(answer: str) -> str:
    """What makes two answers the same: case, spacing and punctuation around them do not count."""
    return " ".join(answer.casefold().split()).strip(_AROUND)


def agree(answers: Sequence[str]) -> Agreement:
    """Group equal answers and measure.

    Semantic entropy is the discrete variant of Farquhar, Kossen, Kuhn and Gal, "Detecting hallucinations in
    large language models using semantic entropy" (Nature 630, 2024): the entropy over clusters of equal
    meaning, each cluster's probability estimated by its share of the samples. Clusters here are equal
    normalised answers, not a model's judgement of what means the same.
    """
    keys = [normalise(answer) for answer in answers]
    n = len(keys)
    members = {key: tuple(i for i, other in enumerate(keys) if other == key) for key in keys}
    groups = tuple(
        Group(key, answers[members[key][0]], count, count / n, members[key])
        for key, count in Counter(keys).most_common()
    )
    equal_pairs = sum(group.count * (group.count - 1) for group in groups)
    return Agreement(
        groups,
        largest=groups[0].share,
        pairwise=equal_pairs / (n * (n - 1)) if n > 1 else 1.0,
        semantic_entropy_bits=max(0.0, -sum(group.share * math.log2(group.share) for group in groups)),
    )
