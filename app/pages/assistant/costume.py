"""The costume: how a question is dressed up as a document that goes on with an answer.

A template is the text before the answer with one place for the question, `{question}`. The line it stands
on and what follows are a turn and are repeated for every turn of a conversation; what comes before is the
header, which stays in front. The bare question is the template that is nothing but its place. Pure functions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

PLACE = "{question}"
BARE = PLACE
BETWEEN_TURNS = "\n\n"

Role = Literal["header", "question", "mark", "answer"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SUM = re.compile(r"\d+(?:\s*[-+*/×÷]\s*\d+)+")
_SENTENCES = re.compile(r".*(?:\n|[.!…]\s|[。！])", re.DOTALL)
_NUMERALS = "零〇一二两三四五六七八九十百千万亿"
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # kana and Chinese characters: words without blanks


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document and whose line it is; all of them joined are the document, byte for byte."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Costume:
    """A template cut at its joints: header, then for every turn `before` question `after`."""

    header: str
    before: str
    after: str

    @property
    def marks(self) -> tuple[str, ...]:
        """The role words a turn begins with: "Human:", "Assistant:"."""
        return tuple(mark for mark in (self.before.strip(), self.after.strip()) if mark)


def cut_template(template: str) -> Costume:
    """The parts of a template that has its place exactly once."""
    if template.count(PLACE) != 1:
        raise ValueError(f"a template needs {PLACE} exactly once")
    front, _, after = template.partition(PLACE)
    line = front.rfind("\n") + 1
    return Costume(front[:line], front[line:], after)


def build(costume: Costume, turns: Sequence[tuple[str, str]], question: str) -> tuple[Piece, ...]:
    """The whole document: header, (question, answer) turns so far, the new question, and no answer yet."""
    pieces = [Piece("header", costume.header)]
    for asked, answer in turns:
        pieces += _question(costume, asked)
        blank = "" if not answer or _ends_open(costume.after) else " "
        pieces.append(Piece("answer", blank + answer + BETWEEN_TURNS))
    pieces += _question(costume, question)
    return tuple(piece for piece in pieces if piece.text)


def _ends_open(mark: str) -> bool:
    """Whether no blank is due between a role word and its answer: one is there, or the colon is Chinese."""
    return mark[-1:].isspace() or mark.endswith("：")


def document_text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _question(costume: Costume, asked: str) -> list[Piece]:
    return [Piece("mark", costume.before), Piece("question", asked), Piece("mark", costume.after)]


def typed_marks(costume: Costume, stop: str, question: str) -> tuple[str, ...]:
    """The role words a person typed inside a message: to the model they are as good as the costume's own."""
    return tuple(dict.fromkeys(mark for mark in (*costume.marks, stop.strip()) if mark and mark in question))


def cut_at(written: bytes, stop: str) -> tuple[bytes, bytes | None]:
    """What stands before the first stop string and what after it; None where there is none.

    On bytes of the whole text, so it does not matter how the stop string is cut into tokens.
    """
    before, found, rest = written.partition(stop.encode())
    return before, rest if found else None


def is_answered(written: str, question: str, expected: str) -> bool:
    """Whether a question was answered, by one rule for every column of the page and for both its languages.

    Only what stands before the next question counts: the sentence or line that ends in the first question
    mark, and everything after it, does not. A number is the answer where it is the first number there, sums
    repeated from the question left out; any other answer where it stands there as a word of its own. Chinese
    sets no blanks between words: an answer in its characters counts wherever it stands, a numeral unless it
    is part of a longer one. `expected` may name several ways to write the answer, with "|" between them.
    """
    answer, found, _ = written.replace("？", "?").partition("?")
    if found:
        whole = _SENTENCES.match(answer)
        answer = whole.group() if whole else ""
    return any(_holds(answer, question, way.strip()) for way in expected.split("|") if way.strip())


def _holds(answer: str, question: str, expected: str) -> bool:
    if not _NUMBER.fullmatch(expected):
        return re.search(_word(expected), answer, re.IGNORECASE) is not None
    for repeated in _SUM.findall(question):
        answer = re.sub(_loose(repeated), " ", answer)
    first = _NUMBER.search(answer)
    return first is not None and first.group() == expected


def _word(expected: str) -> str:
    """A pattern for the expected answer that is no piece of a longer word or numeral."""
    if re.fullmatch(f"[{_NUMERALS}]+", expected):
        return f"(?<![{_NUMERALS}]){expected}(?![{_NUMERALS}])"
    letter = rf"[^\W{_UNSPACED}]"
    before = f"(?<!{letter})" if re.match(letter, expected[0]) else ""
    after = f"(?!{letter})" if re.match(letter, expected[-1]) else ""
    return before + re.escape(expected) + after


def _loose(expression: str) -> str:
    """A pattern for a sum, however its blanks are set: not as a piece of a longer number."""
    pieces = re.findall(r"\d+|[^\d\s]", expression)
    return r"(?<![\d.,])" + r"\s*".join(map(re.escape, pieces)) + r"(?!\d)"
