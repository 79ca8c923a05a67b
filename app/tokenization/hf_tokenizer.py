"""A model's own tokenizer, from its tokenizer.json.

Two families: byte-level BPE (GPT-2, Pythia, SmolLM, Qwen, Llama 3) spells every byte as a printable
character; SentencePiece style (Gemma, Llama 2) writes U+2581 for a space and falls back to one token per
byte for characters it lacks. `app.tokenization.tokenizer_file` reads both into the same tables.
"""

import re
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Literal

import numpy as np
from tokenizers import Encoding
from tokenizers import Tokenizer as Backend

from app.tokenization.merges import Merge, merge_path
from app.tokenization.offsets import pieces_by_offsets
from app.tokenization.token_table import TokenTable
from app.tokenization.tokenizer import Span, SpecialMode, Tokenization, replace_surrogates, spans_of
from app.tokenization.tokenizer_file import SPACE_SYMBOL, TokenizerFile


class HfTokenizer:
    """Ids as the model's own tokenizer gives them, bytes as the text has them."""

    kind: Literal["tiktoken", "model"] = "model"

    def __init__(
        self,
        name: str,
        file: TokenizerFile,
        *,
        vocabulary_size: int | None = None,
        bos_token_id: int | None = None,
        adds_bos: bool = False,
        eos_token_ids: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self.bos_token_id = bos_token_id
        self.adds_bos = adds_bos and bos_token_id is not None
        self.eos_token_ids = eos_token_ids
        self._file = file
        self._lock = Lock()
        self._as_text = file.backend
        size = max(len(file.tokens), vocabulary_size or 0)
        tokens = [*file.tokens, *[b""] * (size - len(file.tokens))]
        self.table = TokenTable(name, tokens, file.special, file.byte_fallback)
        self.vocabulary_size = vocabulary_size or size

    def encode(self, text: str, special: SpecialMode = "text") -> list[int]:
        return self._encode(replace_surrogates(text)[0], special)

    def tokenize(self, text: str, special: SpecialMode = "text") -> Tokenization:
        """The ids, and each token's share of the text's bytes.

        Nearly always a token's share is its own bytes. Where the tokenizer rewrote the text, in order:
        a space of its own before it and U+2581 typed where it writes spaces so (put back); another
        normalisation of the same bytes, NFC (told: `normalised`); anything else by character offsets.
        """
        text, replaced = replace_surrogates(text)
        token_ids = self._encode(text, special)
        pieces = list(map(self.table.tokens.__getitem__, token_ids))
        joined, wanted = b"".join(pieces), text.encode()
        if joined == wanted:
            return Tokenization(token_ids, pieces, text, replaced)
        if not token_ids:
            return Tokenization([], [], "", replaced, normalised=True)
        if self._file.byte_level:
            try:
                return Tokenization(token_ids, pieces, joined.decode(), replaced, normalised=True)
            except UnicodeDecodeError:
                pass  # a vocabulary without all 256 bytes dropped some
        elif (aligned := _put_back(joined, pieces, text)) is not None:
            return Tokenization(token_ids, aligned, text, replaced)
        offsets = self._encoding(text, special).offsets
        return Tokenization(token_ids, pieces_by_offsets(text, offsets, pieces), text, replaced)

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
        if self._file.byte_level:
            symbols = [token[i : i + 1] for i in range(len(token))]
        else:
            symbols = [character.encode() for character in token.decode(errors="ignore")]
        return merge_path(symbols, self._pair_rank)

    def _encode(self, text: str, special: SpecialMode) -> list[int]:
        # encode_batch gives the interpreter free while it works, encode does not; "fast" leaves offsets out.
        backend = self._backend(special)
        return backend.encode_batch_fast([text], add_special_tokens=False)[0].ids

    def _encoding(self, text: str, special: SpecialMode) -> Encoding:
        return self._backend(special).encode_batch([text], add_special_tokens=False)[0]

    def _backend(self, special: SpecialMode) -> Backend:
        return self._parsing if special == "parse" else self._as_text

    @property
    def _parsing(self) -> Backend:
        with self._lock:
            return self._parsing_backend

    @cached_property
    def _parsing_backend(self) -> Backend:
        """A second one, made when first wanted: how specials are read is a switch of the whole tokenizer."""
        backend = Backend.from_str(self._as_text.to_str())
        backend.encode_special_tokens = False
        return backend

    def _pair_rank(self, left: bytes, right: bytes) -> int | None:
        left_id, right_id = self.table.find(left), self.table.find(right)
        if left_id is None or right_id is None:
            return None
        return self._file.pair_ranks.rank(left_id, right_id)


def _put_back(joined: bytes, pieces: list[bytes], text: str) -> list[bytes] | None:
    """Pieces of the text itself where the vocabulary has a space: for U+2581 that was typed, three bytes.

    A space that the tokenizer put before the text is taken off again. None where that was not all.
    """
    spaced = text.replace(SPACE_SYMBOL, " ").encode()
    own_space = len(joined) - len(spaced)
    if own_space not in (0, 1) or joined != b" " * own_space + spaced:
        return None
    ends = np.cumsum([len(piece) for piece in pieces]) - own_space
    raw = text.encode()
    if SPACE_SYMBOL in text:
        symbol = SPACE_SYMBOL.encode()
        starts = np.array([match.start() for match in re.finditer(symbol, raw)])
        longer = len(symbol) - 1
        ends = ends + longer * np.searchsorted(starts - longer * np.arange(len(starts)), ends)
    cuts = [0, *ends.tolist()]
    return [raw[start:end] for start, end in pairwise(cuts)]
