"""How templates write numbers and tokens: the same as static/js/base/format.js and bytes.js do."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

from babel.numbers import format_compact_decimal, format_decimal

from app.routes.localisation import Language

_MARKS = {" ": "·", "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽", "\u3000": "□"}


class Part(NamedTuple):
    """A piece of a token: kind is `text`, `space` (a mark), `code` (U+200B) or `byte` (two hex digits)."""

    text: str
    kind: str


def visible_parts(token_bytes: str) -> list[Part]:
    """A token (its bytes in hex) cut for display. Example: "2061f0" is · (space), a (text), F0 (byte)."""
    decoded = bytes.fromhex(token_bytes).decode("utf-8", "surrogateescape")
    parts: list[Part] = []
    for character in decoded:
        part = _part(character)
        if part.kind == "text" and parts and parts[-1].kind == "text":
            part = Part(parts.pop().text + part.text, "text")
        parts.append(part)
    return parts


def _part(character: str) -> Part:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return Part(f"{code - 0xDC00:02X}", "byte")
    if character in _MARKS:
        return Part(_MARKS[character], "space")
    if unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp", "Co", "Cn"}:
        return Part(f"U+{code:04X}", "code")
    return Part(character, "text")


def word(token_bytes: str) -> str:
    """A whole token's text without the space around it, to be quoted in a sentence."""
    return bytes.fromhex(token_bytes).decode("utf-8", "replace").strip()


def filters(language: Language) -> dict[str, Callable[..., Any]]:
    """Numbers as this language writes them, and those that know no language."""
    locale = language.replace("-", "_")

    def decimal(value: float, digits: int = 1) -> str:
        return format_decimal(value, format="#,##0." + "0" * digits, locale=locale)

    def count(value: int) -> str:
        return format_decimal(value, format="#,##0", locale=locale)

    def compact(value: int) -> str:
        number = format_compact_decimal(value, fraction_digits=1 if value >= 1e9 else 0, locale=locale)
        return re.sub(r"(?<=\d)(?=[万亿])", "\u00a0", number)

    def probability(p: float) -> str:
        if p <= 0 or p >= 1:
            number = "0" if p <= 0 else "100"
        elif p < 0.0001:
            number = "<" + decimal(0.01, 2)
        elif p >= 0.9995:
            number = ">" + decimal(99.9, 1)
        else:
            number = decimal(p * 100, 2 if p < 0.00995 else 1)
        return f"{number}%"

    return {
        "count": count,
        "compact": compact,
        "decimal": decimal,
        "probability": probability,
        "visible_parts": visible_parts,
        "word": word,
    }
