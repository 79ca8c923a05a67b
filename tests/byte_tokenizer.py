"""The smallest tokenizer there is: a token for each byte, and two special ones."""

from collections.abc import Sequence
from typing import Literal

BOS, EOS = 256, 257


class ByteTokenizer:
    """256 bytes, then `<bos>` and `<eos>`, as Gemma's tokenizer has them."""

    name = "bytes"
    vocabulary_size = 258
    bos_token_id: int | None = BOS
    eos_token_ids = frozenset({EOS})

    def __init__(self, adds_bos: bool = False, bos: bool = True) -> None:
        self.adds_bos = adds_bos
        if not bos:
            self.bos_token_id = None

    def encode(self, text: str, special: Literal["text", "parse"] = "text") -> list[int]:
        return list(text.encode())

    def token_bytes(self, token_id: int) -> bytes:
        return {BOS: b"<bos>", EOS: b"<eos>"}.get(token_id) or bytes([token_id])

    def is_special(self, token_id: int) -> bool:
        return token_id >= BOS

    def spans(self, text: str, special: Literal["text", "parse"] = "text") -> Sequence[object]:
        raise NotImplementedError
