"""A request on its way through the engine, and the continuations it grows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.outputs import Done, Event, FinishReason, RequestStatus, Score
from app.engine.contract.params import GenerationRequest
from app.engine.serving.stopping_criteria import StoppingCriteria


@dataclass(frozen=True, slots=True)
class Distributions:
    """Whole next-token distributions, asked for by `Engine.distributions`."""

    logprobs: NDArray[np.float32]  # (T, V)


Delivered = Event | Distributions | Exception


@dataclass(eq=False)
class Job:
    """One request on its way. `cancelled` is set by its reader, from any thread.

    `held` says that its reader is far behind: its sequences then keep their slots and write nothing.
    """

    request: GenerationRequest
    seed: int
    deliver: Callable[[Delivered], None]
    held: Callable[[], bool] = lambda: False
    cancelled: bool = False
    prompt: NDArray[np.int32] = field(init=False)
    read: int = 0  # prompt tokens whose keys and values are there
    cached: int = 0
    scores: list[Score] = field(default_factory=list)
    logprobs: list[NDArray[np.float32]] = field(default_factory=list)
    sequences: list["Continuation"] = field(default_factory=list)
    position: int | None = None  # place in the line, as last told
    told_at: float = 0.0
    over: bool = False
    submitted_at: float = 0.0
    blocked_at: float = 0.0  # first in line, and there were too few slots
    admitted_at: float = 0.0
    decoding_at: float = 0.0

    def __post_init__(self) -> None:
        self.prompt = np.asarray(self.request.prompt_token_ids, np.int32)
        self.submitted_at = time.monotonic()

    @property
    def left(self) -> int:
        """Prompt tokens still to be read."""
        return len(self.prompt) - self.read

    @property
    def first_wanted(self) -> int:
        """The first position whose logits are asked for; the cache may answer for all before it."""
        return self.request.observe.first_position(len(self.prompt))

    @property
    def observed(self) -> bool:
        """More than the last position's logits are wanted: these take memory, so they are read apart."""
        return self.first_wanted < len(self.prompt) - 1

    @property
    def temperature(self) -> float | None:
        """Of what is drawn; None if nothing is."""
        return self.request.params.temperature if self.request.params.max_tokens else None

    @property
    def entropy(self) -> bool:
        """Whether the entropy of each step is reported."""
        return self.request.params.entropy or self.observed

    def done(self, unfinished: FinishReason) -> Done:
        """How it ended, as of now; `unfinished` is why, where a sequence has no reason of its own."""
        now = time.monotonic()
        admitted = self.admitted_at or now
        decoding = self.decoding_at or now
        return Done(
            finish_reasons=tuple(s.finish_reason or unfinished for s in self.sequences) or (unfinished,),
            seed=self.seed,
            prompt_tokens=len(self.prompt),
            completion_tokens=sum(sequence.generated for sequence in self.sequences),
            cached_tokens=self.cached,
            queue_seconds=admitted - self.submitted_at,
            prefill_seconds=max(0.0, decoding - admitted),
            decode_seconds=now - decoding,
        )

    @property
    def kind(self) -> str:
        if self.request.observe.distributions_from is not None:
            return "next-token"
        return "continue" if self.request.params.max_tokens else "score"

    def status(self) -> RequestStatus:
        """Read from any thread: nothing here changes."""
        return RequestStatus(
            client=self.request.client,
            kind=self.kind,
            position=0 if self.admitted_at else max(1, self.position or 1),
            tokens=sum(sequence.generated for sequence in list(self.sequences)),
            seconds=time.monotonic() - self.submitted_at,
        )

    @property
    def slots_needed(self) -> int:
        return max(1, self.request.params.n if self.request.params.max_tokens else 1)


@dataclass(eq=False)
class Continuation:
    """One continuation of a job's prompt."""

    job: Job
    index: int
    stopping: StoppingCriteria
    token_ids: NDArray[np.int32]  # (context_length,), filled up to `length`
    length: int
    generated: int = 0
    finish_reason: FinishReason | None = None

    def push(self, token_id: int) -> None:
        self.token_ids[self.length] = token_id
        self.length += 1
        self.generated += 1
