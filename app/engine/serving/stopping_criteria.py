"""When a sequence ends."""

from app.engine.contract.interface import Vocabulary
from app.engine.contract.outputs import FinishReason
from app.engine.contract.params import SamplingParams


class StoppingCriteria:
    """Watches one sequence. Stop strings are matched on bytes, so they may span tokens."""

    def __init__(self, vocabulary: Vocabulary, params: SamplingParams, room: int) -> None:
        self._vocabulary = vocabulary
        self._ignore_eos = params.ignore_eos
        self._left = min(params.max_tokens, room)
        self._full = room <= params.max_tokens  # the window ends first
        self._stops = tuple(stop.encode() for stop in params.stop if stop)
        self._tail = b""
        self._longest = max((len(stop) for stop in self._stops), default=0)

    def feed(self, token_id: int) -> FinishReason | None:
        """Why the sequence ends with this token, or None."""
        if token_id in self._vocabulary.eos_token_ids and not self._ignore_eos:
            return FinishReason.END_OF_TEXT
        if self._stops:
            window = self._tail + self._vocabulary.token_bytes(token_id)
            if any(stop in window for stop in self._stops):
                return FinishReason.STOP_STRING
            self._tail = window[-(self._longest - 1) :] if self._longest > 1 else b""
        self._left -= 1
        if self._left > 0:
            return None
        return FinishReason.CONTEXT_FULL if self._full else FinishReason.LENGTH
