"""The site's languages: which one a visitor reads, and every sentence in it.

Templates and scripts read the same catalogues: `templates/pages/<page>/<language>.json` has the sentences of
one page, `templates/locales/<language>/*.json` those of several. The English sentence is the key. An entry is
a sentence, or the forms that the value `n` chooses from: `{"one": "{n} token", "other": "{n} tokens"}`.
"""

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from app.pages.registry import PAGES
from app.paths import STATIC, TEMPLATES
from app.routes.glossary import glossary, terms_in

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


Entry = str | dict[str, str]


@cache
def catalogue(language: Language) -> dict[str, Entry]:
    """Every sentence of the site in this language. English lacks those that are their own key."""
    merged: dict[str, Entry] = {}
    for path in catalogue_files(language):
        merged |= json.loads(path.read_text(encoding="utf-8"))
    return merged


def catalogue_files(language: Language) -> list[Path]:
    shared = (TEMPLATES / "locales" / language).glob("*.json")
    return sorted((*shared, *(TEMPLATES / "pages").glob(f"*/{language}.json")))


def sentences(language: Language) -> Callable[..., Markup]:
    """What templates call `_`: as `t` of static/js/base/i18n.js, in HTML.

    The sentence is taken as HTML, values are escaped unless they are HTML themselves, and numbers are written
    as the language does. Example: `_("{n} tokens", n=1)` is "1 token".
    """
    entries, form = catalogue(language), Locale.parse(language, sep="-").plural_form

    def translate(key: str, **values: Any) -> Markup:
        entry = entries.get(key, key)
        if isinstance(entry, dict):
            n = str(values["n"])
            entry = entry.get(form(int(n)) if n.isdecimal() else "other", entry["other"])
        return Markup(PLACE.sub(lambda place: _shown(values, place, language), entry))

    return translate


def _shown(values: dict[str, Any], place: re.Match[str], language: Language) -> str:
    if place[1] not in values:
        return place[0]
    value = values[place[1]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = format_decimal(value, locale=language.replace("-", "_"))
    return escape(value)


PLACE = re.compile(r"\{(\w+)\}")
_IN_SCRIPTS = re.compile(r"""\b(?:t|tParts|msg)\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`$]*)`)""")
_IN_TEMPLATES = re.compile(r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def sentences_in(source: str, *, script: bool) -> set[str]:
    """The keys that a script, or a template, asks for by name."""
    found = (_IN_SCRIPTS if script else _IN_TEMPLATES).findall(source)
    return {re.sub(r"\\(.)", r"\1", next(filter(None, groups), "")) for groups in found}


@cache
def messages(language: Language, page: str, modules: tuple[str, ...]) -> dict[str, Entry]:
    """What this page's scripts may want to say: the sentences in its modules, and those that come with data.

    The latter stand in the page's catalogue or in a shared one, and in no source: titles of presets, facts of
    models. A word of the glossary comes under "term: word".
    """
    asked = set().union(*(_asked_in(STATIC / module) for module in modules))
    others = {TEMPLATES / "pages" / other.name for other in PAGES if other.name != page}
    entries = {
        key: entry
        for path in catalogue_files(language)
        if path.parent not in others
        for key, entry in json.loads(path.read_text(encoding="utf-8")).items()
    }
    entries |= {key: entry for key, entry in catalogue(language).items() if key in asked}
    said = {key: entry for key, entry in entries.items() if key in asked or key not in _asked_anywhere()}
    marked = set().union(*(terms_in((STATIC / module).read_text(encoding="utf-8")) for module in modules))
    return said | {f"term: {key}": glossary()[key][language] for key in marked}


@cache
def _asked_in(path: Path) -> set[str]:
    return sentences_in(path.read_text(encoding="utf-8"), script=path.suffix == ".js")


@cache
def _asked_anywhere() -> set[str]:
    scripts = (path for folder in ("js", "pages") for path in (STATIC / folder).rglob("*.js"))
    named = {text for page in PAGES for text in (page.title, page.sentence)}
    return named.union(*map(_asked_in, (*scripts, *TEMPLATES.rglob("*.html"))))
