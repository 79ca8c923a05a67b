"""What the engine answers: frozen values."""

from dataclasses import dataclass, field
from enum import StrEnum


class FinishReason(StrEnum):
    """Why a sequence ended."""

    END_OF_TEXT = "end-of-text"
    STOP_STRING = "stop-string"
    LENGTH = "length"
    CONTEXT_FULL = "context-full"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One token the model could have written. Log-probabilities are natural logarithms."""

    token_id: int
    raw_logprob: float
    processed_logprob: float | None  # None: cut by the sampling parameters, probability 0


@dataclass(frozen=True, slots=True)
class Score:
    """What the model thought of one token that stands in a text. Rank 1 is the likeliest token."""

    token_id: int
    raw_logprob: float | None  # None for the very first token: nothing comes before it
    rank: int | None
    entropy_bits: float | None
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits; position 1 is next, 0 means it runs."""

    position: int
    seed: int


@dataclass(frozen=True, slots=True)
class PromptScores:
    """The scores of the prompt's own tokens, in order."""

    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One generated token.

    `raw_logprob` is the model's own, `processed_logprob` after penalties, temperature and truncation;
    `kept` tokens were left to choose from; `u` in [0, 1) is the roll of the dice.
    """

    sequence: int
    position: int  # index in the whole document, prompt included
    token_id: int
    raw_logprob: float
    processed_logprob: float
    rank: int
    entropy_bits: float | None  # None: not asked for
    u: float
    kept: int
    top: tuple[Alternative, ...] = ()
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The one terminal event: every sequence ended."""

    finish_reasons: tuple[FinishReason, ...]
    seed: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int  # prompt tokens whose keys and values were already there
    queue_seconds: float
    prefill_seconds: float
    decode_seconds: float


@dataclass(frozen=True, slots=True)
class Cores:
    """What this machine's cores do."""

    count: int
    others: float  # used by other programs, on average over the last half second
    threads: int  # that the model runs on; 0 where their number does not matter, as on a GPU
    crowded: bool  # whether other programs use cores on which the model would run


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot for the status line and the metrics."""

    running: int
    waiting: int
    slots: int
    tokens_total: int
    steps_total: int
    tokens_per_second: float
    kv_bytes: int
    accepted: int = 0  # requests taken in: those that ended, run and wait together
    requests: dict[str, int] = field(default_factory=dict)  # outcome -> count
    cores: Cores | None = None  # None: they are not watched


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """One request that runs (position 0) or waits, for the teacher's page."""

    client: str
    kind: str  # what is asked for: "continue", "next-token" or "score"
    position: int
    tokens: int  # written so far
    seconds: float  # since it was taken in


Event = Queued | PromptScores | Step | Done
