"""What every tokenizer offers: text to ids, ids to bytes, and which bytes of a text each token stands for."""

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple, Protocol

from app.tokenization.merges import Merge
from app.tokenization.token_table import TokenTable

SpecialMode = Literal["text", "parse"]  # a typed "<|endoftext|>" is ordinary text, or the one token

_SURROGATE = re.compile("[\ud800-\udfff]")


class Span(NamedTuple):
    """One token of a text. `bytes` are the text's own bytes from `start` to `end`."""

    token_id: int
    bytes: bytes
    start: int
    end: int
    special: bool


@dataclass(frozen=True, slots=True)
class Tokenization:
    """A text cut into tokens: `pieces` joined are exactly the UTF-8 of `text`.

    `text` is what was typed, but for two things: lone surrogates became U+FFFD (`replaced` of them), and
    where the model's own tokenizer rewrites the text first (Qwen: NFC), `text` is the rewritten one and
    `normalised` says so. A piece is empty where a tokenizer puts a token of its own in (Llama 2's space
    before the text).
    """

    token_ids: list[int]
    pieces: list[bytes]
    text: str
    replaced: int = 0
    normalised: bool = False

    @property
    def ends(self) -> list[int]:
        """Where each piece ends, in bytes; it starts where the one before ends."""
        return list(accumulate(map(len, self.pieces)))


class Tokenizer(Protocol):
    """One protocol for tiktoken's encodings and for the models' own tokenizers."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Literal["tiktoken", "model"]: ...

    @property
    def vocabulary_size(self) -> int:
        """The model's number of ids; for an encoding, its own."""

    @property
    def table(self) -> TokenTable:
        """The bytes of every id."""

    @property
    def bos_token_id(self) -> int | None: ...

    @property
    def adds_bos(self) -> bool:
        """Whether the model's own tokenizer puts BOS before a text. `encode` never does."""

    @property
    def eos_token_ids(self) -> frozenset[int]: ...

    def encode(self, text: str, special: SpecialMode = "text") -> list[int]: ...

    def tokenize(self, text: str, special: SpecialMode = "text") -> Tokenization: ...

    def spans(self, text: str, special: SpecialMode = "text") -> list[Span]: ...

    def token_bytes(self, token_id: int) -> bytes:
        """A token's bytes; a special token's are its name's; an unused id has none."""

    def is_special(self, token_id: int) -> bool: ...

    def merges(self, token_id: int) -> list[Merge]:
        """The merges that build a token, in the order they are applied."""


def opening(tokenizer: Tokenizer, *, empty: bool = False, add_bos: bool | None = None) -> tuple[int, ...]:
    """What stands before a document's own tokens: BOS, or nothing.

    BOS comes where the model's own tokenizer puts it, and before a document that is `empty`, because a model
    reads at least one token. `add_bos` overrules the tokenizer.
    """
    bos = tokenizer.bos_token_id
    wanted = tokenizer.adds_bos if add_bos is None else add_bos
    return (bos,) if bos is not None and (wanted or empty) else ()


def replace_surrogates(text: str) -> tuple[str, int]:
    """The text with each lone surrogate as U+FFFD, and how many there were. UTF-8 has no form for them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.subn("\ufffd", text)
    return text, 0


def spans_of(tokenization: Tokenization, table: TokenTable) -> list[Span]:
    """The pieces with their ids, byte offsets and kind."""
    starts = [0, *tokenization.ends]
    return [
        Span(token_id, piece, start, start + len(piece), token_id in table.special)
        for token_id, piece, start in zip(tokenization.token_ids, tokenization.pieces, starts, strict=False)
    ]
