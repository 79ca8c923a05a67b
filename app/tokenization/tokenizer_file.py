"""Reads a tokenizer.json into tables: the bytes of each token, which are special, the merges' ranks."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as Backend

from app.errors import ModelUnavailable
from app.tokenization.merges import PairRanks

SPACE_SYMBOL = "\u2581"  # SentencePiece's sign for a space

_BYTE_TOKEN = re.compile("<0x([0-9A-Fa-f]{2})>")


class TokenizerFile:
    """One tokenizer.json, as tables. `backend` reads specials as plain text."""

    def __init__(self, path: Path) -> None:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            model, added = data["model"], data.get("added_tokens") or []
            self.byte_level = "ByteLevel" in _types_of(data.get("decoder"), data.get("pre_tokenizer"))
            self._replaces_spaces = not self.byte_level and SPACE_SYMBOL in json.dumps(
                data.get("decoder"), ensure_ascii=False
            )
            vocabulary = _vocabulary(model)
            fallback = bool(model.get("byte_fallback"))
            self.special = frozenset(token["id"] for token in added if token["special"])
            self.byte_fallback = frozenset(
                i for token, i in vocabulary.items() if fallback and _BYTE_TOKEN.fullmatch(token)
            )
            self.tokens = self._tokens(vocabulary, added)
            self.pair_ranks = PairRanks(_pairs(model.get("merges") or [], vocabulary))
            self.backend = _backend(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelUnavailable(f"the tokenizer.json of {path.parent.name} cannot be read") from error

    def _tokens(self, vocabulary: Mapping[str, int], added: list[dict[str, Any]]) -> list[bytes]:
        size = 1 + max([*vocabulary.values(), *(token["id"] for token in added)])
        tokens = [b""] * size
        for token, token_id in vocabulary.items():
            tokens[token_id] = self._bytes_of(token, token_id)
        for entry in added:
            content: str = entry["content"]
            plain = not entry["special"] and self._replaces_spaces
            tokens[entry["id"]] = (content.replace(SPACE_SYMBOL, " ") if plain else content).encode()
        return tokens

    def _bytes_of(self, token: str, token_id: int) -> bytes:
        if token_id in self.byte_fallback:
            return bytes.fromhex(token[3:5])
        if self.byte_level:
            try:
                return bytes(map(BYTE_OF.__getitem__, token))
            except KeyError:
                return token.encode()  # a token outside the alphabet, such as a special one's name
        return (token.replace(SPACE_SYMBOL, " ") if self._replaces_spaces else token).encode()


def _backend(path: Path) -> Backend:
    try:
        backend = Backend.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ValueError(str(error)) from error
    backend.no_padding()
    backend.no_truncation()
    backend.encode_special_tokens = True  # tokenizers' word for: specials in a text are text
    return backend


def _byte_alphabet() -> Iterator[tuple[str, int]]:
    """GPT-2's printable characters for the 256 bytes: themselves where printable, else from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    yield from ((chr(byte), byte) for byte in printable)
    others = [byte for byte in range(256) if byte not in printable]
    yield from ((chr(0x100 + i), byte) for i, byte in enumerate(others))


BYTE_OF = dict(_byte_alphabet())


def _types_of(*parts: Any) -> set[str]:
    """The `type` of each part of a pipeline, sequences opened."""
    types: set[str] = set()
    for part in parts:
        if isinstance(part, dict):
            types.add(part["type"])
            types |= _types_of(*part.get("decoders", []), *part.get("pretokenizers", []))
    return types


def _vocabulary(model: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):  # Unigram: pieces with their scores
        return {token: i for i, (token, _) in enumerate(vocabulary)}
    return dict(vocabulary)


def _pairs(merges: Sequence[Any], vocabulary: Mapping[str, int]) -> NDArray[np.int64]:
    """Both ids of each merge (M, 2), which are all "left right" or all [left, right]."""
    lines = bool(merges) and isinstance(merges[0], str)
    symbols = " ".join(merges).split(" ") if lines else chain.from_iterable(merges)
    ids = map(vocabulary.__getitem__, symbols)
    return np.fromiter(ids, np.int64, 2 * len(merges)).reshape(-1, 2)
