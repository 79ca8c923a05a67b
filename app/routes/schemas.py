"""What `/api/*` takes: every field bounded on both sides, nothing coerced, nothing unknown let through."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.engine.contract.params import (
    MAX_LOGPROBS,
    MAX_SEED,
    MAX_SEQUENCES,
    MAX_STOP_CHARACTERS,
    MAX_STOP_STRINGS,
    MAX_TEMPERATURE,
    SamplingParams,
)
from app.errors import BadRequest

MAX_PROMPT_CHARACTERS = 1_000_000
MAX_PROMPT_IDS = 131_072  # as many as /api/detokenize takes
MAX_TOP = 1000
MAX_TOP_K = 10_000_000  # above every vocabulary: keeps all
MIN_REPETITION_PENALTY, MAX_REPETITION_PENALTY = 0.1, 10.0
MAX_ADDITIVE_PENALTY = 2.0  # OpenAI's range is -2 to 2

_DEFAULTS = SamplingParams()
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(text: Any) -> Any:
    """Half a character, which JSON can spell and UTF-8 cannot, becomes U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text) if isinstance(text, str) else text


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Integer = Annotated[int, Field(strict=True)]
TokenId = Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]
Prompt = Annotated[str, Field(strict=True, max_length=MAX_PROMPT_CHARACTERS), BeforeValidator(well_formed)]
StopString = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_STOP_CHARACTERS)]


class Sampling(BaseModel):
    """The sampling parameters `/api` and `/v1` share, with the bounds of both."""

    temperature: Annotated[Number, Field(ge=0, le=MAX_TEMPERATURE)] = _DEFAULTS.temperature
    top_p: Annotated[Number, Field(ge=0, le=1)] = _DEFAULTS.top_p
    min_p: Annotated[Number, Field(ge=0, le=1)] = _DEFAULTS.min_p
    repetition_penalty: Annotated[Number, Field(ge=MIN_REPETITION_PENALTY, le=MAX_REPETITION_PENALTY)] = (
        _DEFAULTS.repetition_penalty
    )
    frequency_penalty: Annotated[Number, Field(ge=-MAX_ADDITIVE_PENALTY, le=MAX_ADDITIVE_PENALTY)] = (
        _DEFAULTS.frequency_penalty
    )
    presence_penalty: Annotated[Number, Field(ge=-MAX_ADDITIVE_PENALTY, le=MAX_ADDITIVE_PENALTY)] = (
        _DEFAULTS.presence_penalty
    )
    seed: Annotated[Integer, Field(ge=0, le=MAX_SEED)] | None = None
    ignore_eos: Annotated[bool, Field(strict=True)] = False


class PromptRequest(BaseModel):
    """Either token ids, taken as they are, or text, tokenised as plain text."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[TokenId], Field(max_length=MAX_PROMPT_IDS)] | None = None
    prompt: Prompt | None = None


class NextTokenRequest(PromptRequest):
    top: Annotated[Integer, Field(ge=0, le=MAX_TOP)] = 50
    roll: Annotated[Number, Field(ge=0, lt=1)] | None = (
        None  # asks which token this number of the dice lands on
    )


class ScoreRequest(PromptRequest):
    top: Annotated[Integer, Field(ge=0, le=MAX_LOGPROBS)] = 10


class CompletionRequest(PromptRequest, Sampling):
    top_k: Annotated[Integer, Field(ge=0, le=MAX_TOP_K)] = _DEFAULTS.top_k
    n: Annotated[Integer, Field(ge=1, le=MAX_SEQUENCES)] = _DEFAULTS.n
    max_tokens: Annotated[Integer, Field(ge=1)] = _DEFAULTS.max_tokens
    stop: Annotated[list[StopString], Field(max_length=MAX_STOP_STRINGS)] = []
    logprobs: Annotated[Integer, Field(ge=0, le=MAX_LOGPROBS)] = _DEFAULTS.logprobs

    def params(self, most_tokens: int) -> SamplingParams:
        limit_tokens(self.max_tokens, most_tokens)
        values = self.model_dump(exclude={"ids", "prompt", "stop"})
        return SamplingParams(**values, stop=tuple(self.stop))


class LoadRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(strict=True, min_length=1, max_length=100)]


def limit_tokens(max_tokens: int, most_tokens: int) -> None:
    if max_tokens > most_tokens:
        given = max_tokens if max_tokens < MAX_SEED else "too many"
        sentence = "max_tokens is {given}; this server allows at most {limit}"
        raise BadRequest(sentence, "max_tokens", given=given, limit=most_tokens)
