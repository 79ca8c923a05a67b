"""What `/v1/completions` takes: OpenAI's fields and vLLM's extras; others pass unread, as with vLLM."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from app.engine.contract.params import (
    MAX_LOGPROBS,
    MAX_SEED,
    MAX_SEQUENCES,
    MAX_STOP_STRINGS,
    Observe,
    SamplingParams,
)
from app.errors import BadRequest, NotSupported
from app.routes.schemas import (
    MAX_PROMPT_CHARACTERS,
    MAX_PROMPT_IDS,
    MAX_TOP_K,
    Integer,
    Sampling,
    StopString,
    limit_tokens,
    well_formed,
)

MAX_PROMPTS = 64
_NO_SEED = -1  # vLLM and llama.cpp take it for "any"

_TEXT_SCHEMA = {"type": "string", "maxLength": MAX_PROMPT_CHARACTERS}
_IDS_SCHEMA = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0, "maximum": MAX_SEED},
    "maxItems": MAX_PROMPT_IDS,
    "minItems": 1,
}
_PROMPT_SCHEMA = {
    "anyOf": [
        _TEXT_SCHEMA,
        _IDS_SCHEMA,
        *(
            {"type": "array", "items": item, "maxItems": MAX_PROMPTS, "minItems": 1}
            for item in (_TEXT_SCHEMA, _IDS_SCHEMA)
        ),
    ]
}

PromptItem = str | tuple[int, ...]


def _prompts(prompt: Any) -> list[PromptItem]:
    """One list of prompts from any of OpenAI's four spellings: text, texts, ids, lists of ids."""
    if isinstance(prompt, list) and prompt and not _is_id(prompt[0]):
        if len(prompt) > MAX_PROMPTS:
            raise ValueError(f"should hold at most {MAX_PROMPTS} prompts")
        return [_one_prompt(item) for item in prompt]
    return [_one_prompt(prompt)]


def _one_prompt(prompt: Any) -> PromptItem:
    if isinstance(prompt, str):
        if len(prompt) > MAX_PROMPT_CHARACTERS:
            raise ValueError(f"should have at most {MAX_PROMPT_CHARACTERS:,} characters")
        return str(well_formed(prompt))
    if isinstance(prompt, list) and len(prompt) > MAX_PROMPT_IDS:
        raise ValueError(f"should hold at most {MAX_PROMPT_IDS:,} token ids")
    if isinstance(prompt, list) and all(map(_is_id, prompt)):
        if all(0 <= token_id <= MAX_SEED for token_id in prompt):
            return tuple(prompt)
        raise ValueError("should hold token ids of the vocabulary only")
    raise ValueError("should be a text, a list of texts, a list of token ids or a list of such lists")


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_or_more(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else stop


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: Annotated[bool, Field(strict=True)] = False


class OpenAICompletionRequest(Sampling):
    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(strict=True, max_length=200)] | None = None
    prompt: Annotated[list[str | tuple[int, ...]], BeforeValidator(_prompts), WithJsonSchema(_PROMPT_SCHEMA)]
    max_tokens: Annotated[Integer, Field(ge=0)] = 16
    top_k: Annotated[Integer, Field(ge=-1, le=MAX_TOP_K)] = 0
    n: Annotated[Integer, Field(ge=1, le=MAX_SEQUENCES)] = 1
    best_of: Annotated[Integer, Field(ge=1, le=MAX_SEQUENCES)] | None = None
    stop: Annotated[list[StopString], Field(max_length=MAX_STOP_STRINGS), BeforeValidator(_one_or_more)] = []
    logprobs: Annotated[Integer, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    echo: Annotated[bool, Field(strict=True)] = False
    stream: Annotated[bool, Field(strict=True)] = False
    stream_options: StreamOptions = StreamOptions()
    seed: Annotated[Integer, Field(ge=-(2**63), lt=2**63)] | None = None
    add_special_tokens: Annotated[bool, Field(strict=True)] = True
    suffix: Annotated[str, Field(strict=True)] = ""
    logit_bias: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _null_means_default(cls, fields: Any) -> Any:
        """OpenAI's clients may write null for any field they leave alone."""
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if value is not None}
        return fields

    def params(self, most_tokens: int) -> SamplingParams:
        limit_tokens(self.max_tokens, most_tokens)
        if self.best_of not in (None, self.n):
            raise NotSupported(f"best_of is {self.best_of}; it has to equal n, which is {self.n}", "best_of")
        if self.suffix:
            raise NotSupported("suffix is not supported: this model reads from left to right", "suffix")
        if self.logit_bias:
            raise NotSupported("logit_bias is not supported; leave it out", "logit_bias")
        if self.max_tokens == 0 and not self.echo:
            raise BadRequest("max_tokens is 0: at least 1, or 0 together with echo", "max_tokens")
        if self.n * len(self.prompt) > 2 * MAX_PROMPTS:
            raise BadRequest(f"n times the number of prompts is more than {2 * MAX_PROMPTS}", "n")
        return SamplingParams(
            **self.model_dump(include=set(Sampling.model_fields) - {"seed"}),
            seed=None if self.seed in (None, _NO_SEED) else self.seed % (MAX_SEED + 1),
            top_k=max(0, self.top_k),
            n=self.n,
            max_tokens=self.max_tokens,
            stop=tuple(self.stop),
            logprobs=self.logprobs or 0,
            entropy=False,  # OpenAI's reply has no place for it
        )

    def observe(self) -> Observe:
        """Of the prompt, what the reply tells again."""
        return Observe(scores_from=0 if self.echo and self.logprobs is not None else None)
