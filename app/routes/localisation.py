"""The site's languages: which one a visitor reads, and every sentence in it."""

import io
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, get_args

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from app.paths import STATIC, TEMPLATES

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def negotiate(asked: str | None, accept_language: str) -> Language:
    """The language asked for in the address, else the visitor's best-liked one of ours, else English.

    Example: negotiate(None, "de, zh-TW;q=0.8, en;q=0.5") is "zh-CN".
    """
    for tag in [asked or "", *_by_liking(accept_language)]:
        for language in LANGUAGES:
            if tag.lower().split("-")[0] == language.lower().split("-")[0]:
                return language
    return "en"


def _by_liking(accept_language: str) -> Iterable[str]:
    liked: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:32]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            liked.append((float(quality or 1), tag))
        except ValueError:
            continue
    return (tag for quality, tag in sorted(liked, key=lambda pair: -pair[0]) if quality > 0)


@cache
def translations(language: Language) -> Translations:
    """The templates' sentences: every `templates/locales/<language>/*.po`, merged."""
    merged = Catalog(locale=language.replace("-", "_"))
    for path in sorted((TEMPLATES / "locales" / language.replace("-", "_")).glob("*.po")):
        for message in read_po(io.BytesIO(path.read_bytes()), locale=merged.locale):
            if message.id:
                merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


@cache
def messages(language: Language) -> dict[str, Any]:
    """The scripts' sentences: every `static/i18n/<language>/*.json`, merged. English is the key."""
    merged: dict[str, Any] = {}
    for path in sorted((STATIC / "i18n" / language).glob("*.json")):
        merged |= json.loads(path.read_text(encoding="utf-8"))
    return merged
