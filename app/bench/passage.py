"""Ordinary prose, written for this project, so that no model has it by heart; and prompts cut from it."""

from collections.abc import Sequence
from pathlib import Path

PASSAGE_NAME = "app/bench/passage.txt, prose written for this project"
_STRIDE = 37  # tokens between the beginnings of two prompts: no two of them begin alike


def passage() -> str:
    return (Path(__file__).parent / "passage.txt").read_text(encoding="utf-8")


def passage_of(size: int) -> str:
    """At least the passage over and over, cut to `size` bytes; it is plain ASCII."""
    text = passage()
    return (text * (size // len(text) + 1))[:size]


class FreshPrompts:
    """Prompts of any length that no server has read before, cut from the passage's tokens in a ring."""

    def __init__(self, token_ids: Sequence[int]) -> None:
        self._token_ids = list(token_ids)
        self._taken = 0

    def take(self, length: int) -> list[int]:
        start = self._taken * _STRIDE % len(self._token_ids)
        self._taken += 1
        ring = self._token_ids[start:] + self._token_ids[:start]
        return (ring * (length // len(ring) + 1))[:length]
