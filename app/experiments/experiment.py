"""What every experiment is: a request, an engine, and parts of a result as they are computed.

A request is a frozen pydantic model with bounds on every field; a part is a frozen dataclass that names its
`kind`. Experiments know the engine's interface and the tokenizer, and nothing of the web.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from app.engine.contract.interface import Engine
from app.engine.contract.outputs import Done, FinishReason, Score, Step
from app.engine.contract.params import JOBS_AT_ONCE, GenerationRequest, SamplingParams
from app.errors import OutOfTime
from app.tokenization.tokenizer import Tokenizer, opening

T = TypeVar("T")


class ExperimentRequest(BaseModel):
    """Base of every experiment's request: nothing unknown, nothing coerced, hashable by its JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Part(Protocol):
    """A piece of a result, told as soon as it is known."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment is."""

    kind: ClassVar[str] = "progress"
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as pages show it: its id and its bytes in hexadecimal."""

    id: int
    bytes: str


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the model wrote after a prompt, token by token. Log-probabilities are the model's own, in nats."""

    sequence: int
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason | None


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What an experiment works with.

    Of what it asks of the engine a few run or wait there at once and the rest waits here, so that one
    experiment is no crowd. Raises OutOfTime where the engine stopped early: half an answer is no result.
    """

    engine: Engine
    tokenizer: Tokenizer
    client: str = ""
    _turnstile: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(JOBS_AT_ONCE), repr=False)

    def encode(self, text: str) -> tuple[int, ...]:
        """A whole document as the model reads it: BOS first where its own tokenizer puts one."""
        token_ids = self.tokenizer.encode(text)
        return (*opening(self.tokenizer, empty=not token_ids), *token_ids)

    def text(self, token_ids: Sequence[int]) -> str:
        """The text of tokens; half a character at an edge becomes U+FFFD."""
        return b"".join(map(self.tokenizer.token_bytes, token_ids)).decode("utf-8", "replace")

    def view(self, token_ids: Sequence[int]) -> tuple[TokenView, ...]:
        return tuple(TokenView(i, self.tokenizer.token_bytes(i).hex()) for i in token_ids)

    def place(self) -> int:
        """The place in line of what this one asked of the engine; 0 where some of it runs, or none waits."""
        positions = [each.position for each in self.engine.requests() if each.client == self.client]
        return min(positions, default=0)

    def check(self, token_ids: Sequence[int], params: SamplingParams) -> None:
        """Refuse what `steps` would refuse, before anything is computed."""
        self.engine.check(GenerationRequest(tuple(token_ids), params, self.client))

    async def steps(self, token_ids: Sequence[int], params: SamplingParams) -> AsyncGenerator[Step, None]:
        """Each token that is written after a prompt, of all `params.n` sequences, as they come."""
        request = GenerationRequest(tuple(token_ids), params, self.client)
        async with self._turnstile, aclosing(self.engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, Step):
                    yield event
                elif isinstance(event, Done) and FinishReason.TIMEOUT in event.finish_reasons:
                    raise OutOfTime(
                        "{model} took longer than this server gives one request", model=self.engine.name
                    )

    async def continue_text(
        self, token_ids: Sequence[int], params: SamplingParams
    ) -> tuple[Continuation, ...]:
        """All `params.n` continuations of a prompt, read once and written in one batch."""
        written: list[list[Step]] = [[] for _ in range(params.n)]
        async with aclosing(self.steps(token_ids, params)) as steps:
            async for step in steps:
                written[step.sequence].append(step)
        return tuple(_continuation(sequence, each) for sequence, each in enumerate(written))

    async def score(self, token_ids: Sequence[int], *, start: int = 0, top: int = 0) -> list[Score]:
        """As the engine's own."""
        async with self._turnstile:
            return await self.engine.score(token_ids, start=start, top=top, client=self.client)

    async def next_token(self, token_ids: Sequence[int]) -> NDArray[np.float32]:
        """As the engine's own, shape (V,)."""
        async with self._turnstile:
            return await self.engine.next_token(token_ids, client=self.client)

    async def distributions(self, token_ids: Sequence[int], *, start: int) -> NDArray[np.float32]:
        """As the engine's own, shape (T, V)."""
        async with self._turnstile:
            return await self.engine.distributions(token_ids, start=start, client=self.client)


class OpenLaboratory(Protocol):
    """The laboratory of a model, of the server's own where none is named.

    `exact` is float32. Otherwise the model computes as on a server by default: an example that shows what its
    page will show.
    """

    def __call__(self, model: str | None = None, *, exact: bool = True) -> Laboratory: ...


def _continuation(sequence: int, steps: Sequence[Step]) -> Continuation:
    return Continuation(
        sequence,
        tuple(step.token_id for step in steps),
        tuple(step.raw_logprob for step in steps),
        steps[-1].finish_reason if steps else None,
    )


async def together(work: Sequence[Awaitable[T]]) -> list[T]:
    """The result of each piece of work, in order; where one fails, the rest is cancelled."""
    done = [found async for found in side_by_side(work)]
    return [result for _, result in sorted(done, key=lambda found: found[0])]


async def side_by_side(work: Sequence[Awaitable[T]]) -> AsyncIterator[tuple[int, T]]:
    """(index, result) of each piece of work as it ends; leaving early cancels the rest."""

    async def numbered(index: int, piece: Awaitable[T]) -> tuple[int, T]:
        return index, await piece

    tasks = [asyncio.ensure_future(numbered(index, piece)) for index, piece in enumerate(work)]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Experiment:
    """An entry of the table in app/pages/experiments.py."""

    name: str
    request: type[ExperimentRequest]
    run: Callable[..., AsyncGenerator[Part, None]]  # (Laboratory, request) -> parts
    model: str | None = None  # the model it runs on; None is the loaded one
