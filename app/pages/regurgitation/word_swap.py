"""A control for any text: the same words, each long one in another's place."""

import re

SHORTEST = 4  # letters; shorter words mostly hold the grammar and stay where they are
_WORD = re.compile(r"[^\W\d_]+")


def swap_words(text: str) -> str:
    """Every word of four letters or more gives its place to the next one; capitals stay where they were.

    Example: "All human beings are born free" becomes "All beings born are free human".
    """
    long = [match for match in _WORD.finditer(text) if len(match[0]) >= SHORTEST]
    pieces = []
    end = 0
    for index, match in enumerate(long):
        follower = long[(index + 1) % len(long)][0]
        pieces += [text[end : match.start()], _as_capital_as(match[0], follower)]
        end = match.end()
    return "".join(pieces) + text[end:]


def _as_capital_as(model: str, word: str) -> str:
    if model.isupper():
        return word.upper()
    lowered = word.lower()
    return lowered[0].upper() + lowered[1:] if model[0].isupper() else lowered
