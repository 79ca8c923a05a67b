"""From the engine's events to the text and log-probabilities of OpenAI's completion choices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.engine.contract.detokenizer import Detokenizer
from app.engine.contract.outputs import Alternative, FinishReason, Score, Step
from app.tokenization.tokenizer import Tokenizer

_FINISH_REASONS = {
    FinishReason.END_OF_TEXT: "stop",
    FinishReason.STOP_STRING: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.CONTEXT_FULL: "length",
    FinishReason.TIMEOUT: "length",
}


@dataclass
class Logprobs:
    """OpenAI's four parallel lists."""

    tokens: list[str] = field(default_factory=list)
    token_logprobs: list[float | None] = field(default_factory=list)
    top_logprobs: list[dict[str, float] | None] = field(default_factory=list)
    text_offset: list[int] = field(default_factory=list)

    def add(self, name: str, logprob: float | None, top: dict[str, float] | None, offset: int) -> None:
        self.tokens.append(name)
        self.token_logprobs.append(logprob)
        self.top_logprobs.append(top)
        self.text_offset.append(offset)

    def extend(self, other: "Logprobs") -> None:
        self.tokens += other.tokens
        self.token_logprobs += other.token_logprobs
        self.top_logprobs += other.top_logprobs
        self.text_offset += other.text_offset


@dataclass
class Piece:
    """What one chunk adds to one choice."""

    index: int
    text: str
    logprobs: Logprobs | None
    finish_reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "text": self.text,
            "logprobs": None if self.logprobs is None else vars(self.logprobs),
            "finish_reason": self.finish_reason,
        }


class ChoiceText:
    """Feed the steps of one sequence; text that may yet become a stop string is held back."""

    def __init__(self, index: int, tokenizer: Tokenizer, stop: Sequence[str], with_logprobs: bool) -> None:
        self.index = index
        self.finished = False
        self._tokenizer = tokenizer
        self._detokenizer = Detokenizer(tokenizer)
        self._stop = tuple(stop)
        self._hold = max((len(text) for text in stop), default=1) - 1
        self._held = ""
        self._length = 0  # characters so far, held ones included
        self._with_logprobs = with_logprobs
        self._logprobs = Logprobs()

    def echo(self, text: str | None, token_ids: Iterable[int], scores: Sequence[Score]) -> Piece:
        """The prompt itself, as it was sent, or decoded where it was sent as ids."""
        detokenizer, decoded = Detokenizer(self._tokenizer), ""
        for token_id, score in zip(token_ids, scores or (), strict=False):
            self._add_logprob(token_id, score.raw_logprob, score.top, len(decoded))
            decoded += self._text_of(token_id, detokenizer)
        if text is None:
            detokenizer = Detokenizer(self._tokenizer)
            text = "".join(self._text_of(i, detokenizer) for i in token_ids) + detokenizer.flush()
        self._length = len(text)
        return Piece(self.index, text, self._taken_logprobs())

    def feed(self, step: Step) -> Piece | None:
        """What can be shown after this token; None while nothing can."""
        self._add_logprob(step.token_id, step.raw_logprob, step.top, self._length)
        if step.finish_reason is not FinishReason.END_OF_TEXT:
            self._append(self._text_of(step.token_id, self._detokenizer))
        if step.finish_reason is not None:
            return self.finish(step.finish_reason)
        shown = len(self._held) - self._hold
        if shown <= 0:
            return None
        text, self._held = self._held[:shown], self._held[shown:]
        return Piece(self.index, text, self._taken_logprobs())

    def finish(self, reason: FinishReason) -> Piece:
        self.finished = True
        self._append(self._detokenizer.flush())
        text, self._held = self._held, ""
        if reason is FinishReason.STOP_STRING:
            found = [at for at in map(text.find, self._stop) if at >= 0]
            text = text[: min(found, default=len(text))]
        return Piece(self.index, text, self._taken_logprobs(), _FINISH_REASONS[reason])

    def _append(self, text: str) -> None:
        self._held += text
        self._length += len(text)

    def _text_of(self, token_id: int, detokenizer: Detokenizer) -> str:
        return "" if self._tokenizer.is_special(token_id) else detokenizer.feed(token_id)

    def _add_logprob(
        self, token_id: int, logprob: float | None, top: Sequence[Alternative], offset: int
    ) -> None:
        if not self._with_logprobs:
            return
        name = token_name(self._tokenizer.token_bytes(token_id))
        alternatives: dict[str, float] | None = None
        if logprob is not None:
            alternatives = {}
            for other in top:
                key = token_name(self._tokenizer.token_bytes(other.token_id))
                alternatives.setdefault(key, other.raw_logprob)
            alternatives.setdefault(name, logprob)
        self._logprobs.add(name, logprob, alternatives, offset)

    def _taken_logprobs(self) -> Logprobs | None:
        if not self._with_logprobs:
            return None
        taken, self._logprobs = self._logprobs, Logprobs()
        return taken


@lru_cache(maxsize=8_192)
def token_name(token_bytes: bytes) -> str:
    r"""A token as text; part of a character as OpenAI writes it, `bytes:\xf0\x9f`."""
    try:
        return token_bytes.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token_bytes)
