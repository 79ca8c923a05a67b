"""What the words mean that a newcomer has not met: templates/locales/glossary.json, in every language.

Templates call `term`, scripts the function of that name in static/js/elements/glossary-term.js.
"""

import json
import re
from collections.abc import Callable
from functools import cache

from markupsafe import Markup

from app.paths import TEMPLATES

_IN_SOURCE = re.compile(r"""\bterm\(\s*(["'])(.+?)\1""")
_MARKED = Markup(
    '<glossary-term><dfn><button type="button" class="term-word" popovertarget="{id}"'
    ' aria-describedby="{id}">{word}</button></dfn>'
    '<span class="term-meaning" id="{id}" role="tooltip" popover="manual">{meaning}</span></glossary-term>'
)


@cache
def glossary() -> dict[str, dict[str, dict[str, str]]]:
    """English word -> language -> `word`, `meaning` and, where English has use for it, `plural`."""
    found: dict[str, dict[str, dict[str, str]]] = json.loads(
        (TEMPLATES / "locales" / "glossary.json").read_text(encoding="utf-8")
    )
    return found


def terms_in(source: str) -> set[str]:
    """The words that a script or a template marks."""
    return {key for _, key in _IN_SOURCE.findall(source)}


def terms(language: str) -> Callable[..., Markup]:
    """What templates call `term`: a word whose meaning comes on hover, focus and tap. Once a page for each.

    Example: `_("Its {entropy} is low.", entropy=term("entropy"))`.
    """

    def term(key: str, *, plural: bool = False) -> Markup:
        entry = glossary()[key][language]
        word = entry.get("plural", entry["word"]) if plural else entry["word"]
        return _MARKED.format(id=f"term-{key.replace(' ', '-')}", word=word, meaning=entry["meaning"])

    return term
