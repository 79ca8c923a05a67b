"""Token ids become text as they arrive."""

import codecs

from app.engine.contract.interface import Vocabulary


class Detokenizer:
    """A character split over tokens waits for its last byte: feed ids, then flush once.

    Example: the tokens of an emoji's four bytes give "", "", "" and then the emoji.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._token_bytes = vocabulary.token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token_id: int) -> str:
        return self._decoder.decode(self._token_bytes(token_id))

    def flush(self) -> str:
        return self._decoder.decode(b"", final=True)
