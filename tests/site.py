"""A whole site around one engine, for tests: no weights, no background load; and how to ask it something."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.checkpoints.manifests import Manifest, folder_manifest
from app.checkpoints.store import Progress
from app.engine.contract.interface import Engine
from app.engine.fake import FakeEngine
from app.errors import ModelNotReady, NotFound
from app.model_pool import Loaded
from app.paths import STATIC
from app.tokenization.registry import Encodings
from tests.byte_tokenizer import ByteTokenizer

NAMELESS = folder_manifest(Path("nowhere"))


def browse(site: FastAPI) -> TestClient:
    """A client on this machine: it calls the site by a name that the site answers to."""
    return TestClient(site, base_url="http://localhost")


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
            raise ModelNotReady("gemma-3-270m is being fetched: 12%")
        return self._engine

    @property
    def tokenizer(self) -> Any:
        if self._engine is None:
            raise ModelNotReady("gemma-3-270m is being fetched: 12%")
        return self._tokenizer

    @asynccontextmanager
    async def lease(self, name: str | None = None) -> AsyncIterator[Loaded]:
        yield Loaded(NAMELESS, self.engine, self.tokenizer)

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


class _OwnTokenizer(ByteTokenizer):
    kind = "model"


class Loader:
    """What a ModelHost opens models with: scripted engines, as slowly and as badly as a test wants."""

    def __init__(self, ms_per_token: float = 0.0) -> None:
        self.ms_per_token = ms_per_token
        self.engines: dict[str, FakeEngine] = {}
        self.errors: dict[str, Exception] = {}
        self.asked_for: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def __call__(
        self, manifest: Manifest, progress: Progress, _: threading.Event
    ) -> tuple[FakeEngine, ByteTokenizer]:
        self.asked_for.append(manifest.name)
        progress("fetch", 0.25, "a quarter is here")
        self.waiting.set()
        assert self.gate.wait(10)
        if manifest.name in self.errors:
            raise self.errors[manifest.name]
        tokenizer = _OwnTokenizer()
        engine = FakeEngine(tokenizer, slots=4, queue=4, context_length=128, ms_per_token=self.ms_per_token)
        self.engines[manifest.name] = engine
        return engine, tokenizer
