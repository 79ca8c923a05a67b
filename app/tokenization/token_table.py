"""The bytes of every token of a vocabulary."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from app.errors import NotFound


class TokenTable:
    """Ids to bytes and back. An unused id has no bytes."""

    def __init__(
        self,
        name: str,
        tokens: Sequence[bytes],
        special: frozenset[int],
        byte_fallback: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self.tokens = tokens
        self.special = special
        self._byte_fallback = byte_fallback  # tokens of one raw byte, beside the character's own

    def __len__(self) -> int:
        return len(self.tokens)

    def bytes_of(self, token_id: int) -> bytes:
        if not 0 <= token_id < len(self.tokens):
            largest = len(self) - 1
            raise NotFound(f"token {token_id} is not in {self.name}; ids go from 0 to {largest:,}", "id")
        return self.tokens[token_id]

    def find(self, token: bytes) -> int | None:
        """The id of the ordinary token with these bytes."""
        return self._ids.get(token)

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        hidden = self.special | self._byte_fallback
        return {token: i for i, token in enumerate(self.tokens) if token and i not in hidden}

    def spellings(self, token_id: int) -> list[int]:
        """Other tokens that write the same word: in other case, with or without the space before it.

        Example: " the" in GPT-2 has "the", "The", " The", "THE" and " THE".
        """
        try:
            text = self.bytes_of(token_id).decode()
        except UnicodeDecodeError:
            return []
        word = text.removeprefix(" ")
        if token_id in self.special or not word.strip():
            return []
        variants = dict.fromkeys(
            space + form
            for form in (word, word.lower(), word.capitalize(), word.upper())
            for space in ("", " ")
        )
        found = (self.find(variant.encode()) for variant in variants if variant != text)
        return [i for i in found if i is not None]

    @cached_property
    def packed(self) -> bytes:
        """The whole table for a page: uint32 offsets (V + 1), the tokens' bytes, uint8 special (V)."""
        offsets = np.zeros(len(self) + 1, dtype="<u4")
        np.cumsum([len(token) for token in self.tokens], out=offsets[1:])
        special = np.zeros(len(self), dtype=np.uint8)
        special[list(self.special)] = 1
        return offsets.tobytes() + b"".join(self.tokens) + special.tobytes()

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.packed).hexdigest()[:32]}"'
