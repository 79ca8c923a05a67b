"""The last resort: which bytes of a text a token stands for, by the character offsets of its encoding."""

from collections.abc import Sequence
from itertools import groupby


def pieces_by_offsets(text: str, offsets: Sequence[tuple[int, int]], pieces: Sequence[bytes]) -> list[bytes]:
    """Cut the text's UTF-8 at the tokens' offsets, so that nothing is lost and nothing is twice.

    Tokens that share the same characters split their bytes among them: as their own bytes say, where these
    are the characters' bytes, else one byte each and the rest to the last. Characters that belong to no
    token go with the token after them, or at the end of the text with the last.
    """
    byte_at = [0]
    for character in text:
        byte_at.append(byte_at[-1] + len(character.encode()))
    raw, shares, start, token = text.encode(), [], 0, 0
    groups = [len(list(group)) for _, group in groupby(offsets)]
    for index, size in enumerate(groups):
        last = index == len(groups) - 1
        end = len(raw) if last else max(start, byte_at[offsets[token][1]])
        shares += _split(raw[start:end], pieces[token : token + size])
        start, token = end, token + size
    return shares


def _split(share: bytes, pieces: Sequence[bytes]) -> list[bytes]:
    sizes = [len(piece) for piece in pieces] if b"".join(pieces) == share else [1] * len(pieces)
    parts, start = [], 0
    for size in sizes[:-1]:
        parts.append(share[start : start + size])
        start += size
    return [*parts, share[start:]]
