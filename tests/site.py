"""A whole site around one engine, for tests: no weights, no background load."""

from typing import Any

from app.engine.interface import Engine
from app.errors import ModelNotReady, NotFound
from app.paths import STATIC
from app.tokenization.registry import Encodings
from tests.byte_tokenizer import ByteTokenizer


class OneModel:
    """A host whose one model is there from the start, or never."""

    def __init__(
        self, engine: Engine | None, tokenizer: Any = None, encodings: Encodings | None = None
    ) -> None:
        self._engine = engine
        self._tokenizer = tokenizer or ByteTokenizer()
        self.encodings = encodings or Encodings(STATIC / "vendor" / "encodings")
        self.asked_for: list[str] = []

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise ModelNotReady("gemma-3-270m is being fetched: 12 %")
        return self._engine

    @property
    def tokenizer(self) -> Any:
        if self._engine is None:
            raise ModelNotReady("gemma-3-270m is being fetched: 12 %")
        return self._tokenizer

    def state(self) -> dict[str, Any]:
        return {
            "loaded": None,
            "state": "ready" if self._engine else "loading",
            "engine": self._engine.description if self._engine else None,
            "context_length": self._engine.context_length if self._engine else None,
            "task": None,
            "error": None,
            "models": [],
        }

    def load(self, name: str) -> None:
        if name != "gpt2":
            raise NotFound("no such model", "name")
        self.asked_for.append(name)

    def start(self) -> None:
        """It is here already."""

    def close(self) -> None:
        """The engine belongs to the test."""
