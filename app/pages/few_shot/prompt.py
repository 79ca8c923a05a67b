"""How a few-shot prompt is written, and the controls that break one thing of it each. Pure functions."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

Control = Literal["shuffled", "format", "random", "order"]
Row = tuple[str, str]  # input, output

BROKEN = (" / ", "; ", " ... ", " | ", ", ", " # ", " + ", " = ", " - ", ": ", " > ", " & ")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands around inputs and outputs.

    The spaces before an output belong to the output: a tokenizer glues a space to the word after it, so a
    prompt that ends in one makes the right answer unusual.
    """

    input_prefix: str
    separator: str
    output_prefix: str
    row_separator: str

    @property
    def _between(self) -> str:
        return self.separator + self.output_prefix

    def question(self, given: str) -> str:
        """A row up to where its answer begins: what the model is given to go on from."""
        return self.input_prefix + given + self._between.rstrip(" ")

    def answer(self, output: str) -> str:
        """An output with the spaces that belong to it."""
        between = self._between
        return between[len(between.rstrip(" ")) :] + output

    def row(self, row: Row) -> str:
        """A whole row, and what parts it from the next."""
        return self.question(row[0]) + self.answer(row[1]) + self.row_separator


def controlled(rows: Sequence[Row], control: Control, seed: int) -> tuple[Row, ...]:
    """The rows of a control line; the same seed gives the same rows. `format` leaves the rows alone."""
    dice = random.Random(f"{control} {seed}")
    if control == "shuffled":
        outputs = deranged([output for _, output in rows], dice)
        return tuple((given, output) for (given, _), output in zip(rows, outputs, strict=True))
    if control == "random":
        return tuple((_noise(given, dice), _noise(output, dice)) for given, output in rows)
    if control == "order":
        return tuple(dice.sample(list(rows), len(rows)))
    return tuple(rows)


def row_texts(rows: Sequence[Row], layout: Layout, control: Control | None, seed: int) -> tuple[str, ...]:
    """Each row as it stands in the prompt; in a broken format every row has a separator of its own."""
    if control != "format":
        return tuple(map(layout.row, rows))
    dice = random.Random(f"format {seed}")
    usual = layout.separator + layout.output_prefix
    others = [mark for mark in BROKEN if mark.strip() != usual.strip()]
    order = dice.sample(others, len(others))
    return tuple(
        given + mark + output + layout.row_separator
        for (given, output), mark in zip(rows, cycle(order), strict=False)
    )


def deranged(outputs: Sequence[str], dice: random.Random) -> list[str]:
    """The outputs in an order where none stands in its own place, or as few as there can be.

    Two equal outputs in each other's place count as unmoved: the label is still right.
    """
    best, fewest = list(outputs), len(outputs) + 1
    for _ in range(_TRIES):
        order = dice.sample(outputs, len(outputs))
        unmoved = sum(a == b for a, b in zip(order, outputs, strict=True))
        if unmoved < fewest:
            best, fewest = order, unmoved
        if not fewest:
            break
    return best


def _noise(text: str, dice: random.Random) -> str:
    return "".join(dice.choices(_LETTERS, k=max(3, min(len(text), 12))))


def is_right(written: str, expected: str) -> bool:
    """Whether an answer is the expected one, spaces around it left out."""
    return written.strip() == expected.strip()
