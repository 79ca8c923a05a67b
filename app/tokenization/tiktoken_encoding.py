"""OpenAI's encodings, from ranks that came with the installation: nothing is fetched."""

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import tiktoken

from app.errors import ModelUnavailable
from app.tokenization.merges import Merge, merge_path
from app.tokenization.token_table import TokenTable
from app.tokenization.tokenizer import Span, SpecialMode, Tokenization, replace_surrogates, spans_of

END_OF_TEXT = "<|endoftext|>"

# "All whitespace of a run but the last" is written `\s+(?!\S)` in the published patterns. tiktoken's regex
# engine keeps one place to go back to per character there and panics on a run of a million. The same
# language without going back: the end of the text, or steps of a thousand and of one that look ahead.
_RUN = r"\s+(?!\S)"
_RUN_WITHOUT_BACKTRACKING = r"\s++$|(?>\s{1000}(?=\s))++(?>\s(?=\s))*+|(?>\s(?=\s))++"


class TiktokenEncoding:
    """One of gpt2, p50k_base, cl100k_base, o200k_base."""

    kind: Literal["tiktoken", "model"] = "tiktoken"
    adds_bos = False

    def __init__(self, name: str, pattern: str, ranks: dict[bytes, int], specials: Mapping[str, int]) -> None:
        self.name = name
        self._ranks = ranks
        self._encoding = tiktoken.Encoding(
            name,
            pat_str=pattern.replace(_RUN, _RUN_WITHOUT_BACKTRACKING),
            mergeable_ranks=ranks,
            special_tokens=dict(specials),
        )
        self.table = TokenTable(name, _tokens(ranks, specials), frozenset(specials.values()))
        self.vocabulary_size = len(self.table)
        self.bos_token_id: int | None = specials.get(END_OF_TEXT)  # GPT-2 began every document with it
        self.eos_token_ids = frozenset(specials[t] for t in (END_OF_TEXT,) if t in specials)

    def encode(self, text: str, special: SpecialMode = "text") -> list[int]:
        if special == "parse":
            return self._encoding.encode(text, allowed_special="all")
        return self._encoding.encode_ordinary(text)

    def tokenize(self, text: str, special: SpecialMode = "text") -> Tokenization:
        text, replaced = replace_surrogates(text)
        token_ids = self.encode(text, special)
        return Tokenization(token_ids, list(map(self.table.tokens.__getitem__, token_ids)), text, replaced)

    def spans(self, text: str, special: SpecialMode = "text") -> list[Span]:
        return spans_of(self.tokenize(text, special), self.table)

    def token_bytes(self, token_id: int) -> bytes:
        return self.table.bytes_of(token_id)

    def is_special(self, token_id: int) -> bool:
        return token_id in self.table.special

    def merges(self, token_id: int) -> list[Merge]:
        token = self.table.bytes_of(token_id)
        if self.is_special(token_id):
            return []
        return merge_path([token[i : i + 1] for i in range(len(token))], self._pair_rank)

    def _pair_rank(self, left: bytes, right: bytes) -> int | None:
        rank = self._ranks.get(left + right)
        return None if rank is None else rank - self._single_bytes

    @cached_property
    def _single_bytes(self) -> int:
        """tiktoken ranks the 256 single bytes before the merges."""
        return sum(len(token) == 1 for token in self._ranks)


def load_encoding(file: Path) -> TiktokenEncoding:
    """Read one of the npm package tiktoken's encoders/*.json.

    Its `bpe_ranks` are lines of "! <first rank> <token> <token> ...", each token in base64.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable(
            f"the encoding {file.stem} is not installed here; run `python -m app.assets`", "encoding"
        ) from None
    ranks: dict[bytes, int] = {}
    for line in data["bpe_ranks"].splitlines():
        _, first, *tokens = line.split(" ")
        ranks.update((base64.b64decode(token), rank) for rank, token in enumerate(tokens, int(first)))
    return TiktokenEncoding(file.stem, data["pat_str"], ranks, data["special_tokens"])


def _tokens(ranks: Mapping[bytes, int], specials: Mapping[str, int]) -> list[bytes]:
    tokens = [b""] * (1 + max(max(ranks.values()), *specials.values()))
    for token, rank in ranks.items():
        tokens[rank] = token
    for name, token_id in specials.items():
        tokens[token_id] = name.encode()
    return tokens
