"""What every engine offers, whether it runs here, elsewhere, or from a script."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.outputs import EngineStats, Event, RequestStatus, Score
from app.engine.contract.params import GenerationRequest
from app.errors import PlaygroundError


class Vocabulary(Protocol):
    """The little an engine must know of a tokenizer."""

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def eos_token_ids(self) -> frozenset[int]: ...

    def token_bytes(self, token_id: int) -> bytes: ...


class Engine(Protocol):
    """Tokens in, tokens out. Everything refusable is refused by `check`, before a stream opens."""

    @property
    def name(self) -> str: ...

    @property
    def context_length(self) -> int:
        """Most tokens of one document, prompt and continuation together."""

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def description(self) -> dict[str, str]:
        """What runs, for the status line: `device`, `dtype`, `mode`, `numerics`.

        `numerics` is "same" where what is said of a text depends on nothing but the text, and "varies" where
        rounding depends on how many others are computed together with it.
        """

    @property
    def memory_bytes(self) -> int:
        """What the weights take, measured when they were loaded; 0 where nothing was measured."""

    def check(self, request: GenerationRequest) -> None:
        """Raise BadRequest, ContextOverflow or QueueFull where `generate` would refuse."""

    def check_alive(self) -> None:
        """Raise ModelNotReady where nothing will be answered any more."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        """Queued, then PromptScores where asked for, Steps of up to n sequences, then Done.

        Close the generator (`aclosing`) to cancel: the slot is free within one step.
        """

    async def score(
        self, token_ids: Sequence[int], *, start: int = 0, top: int = 0, client: str = ""
    ) -> list[Score]:
        """The model's opinion of each token of a text from index `start` on, over the whole vocabulary."""

    async def next_token(self, token_ids: Sequence[int], *, client: str = "") -> NDArray[np.float32]:
        """Log-probabilities of the next token, shape (V,), natural logarithm."""

    async def distributions(
        self, token_ids: Sequence[int], *, start: int, client: str = ""
    ) -> NDArray[np.float32]:
        """Log-probabilities of the token after each position from `start` on, shape (T, V)."""

    def stats(self) -> EngineStats: ...

    def requests(self) -> list[RequestStatus]:
        """Everything under way: what runs first, then the line in its order."""

    def close(self, reason: PlaygroundError | None = None) -> None:
        """End every running request, telling its reader why, and free the model."""
