"""The model that answers, and the one being fetched or loaded to take its place.

Everything slow happens on a background thread; the site is up from the first second. A model that runs is
let go only when the next one is ready, and closed only when its last stream has ended. A further switch does
not wait for that: there may be no room for a third.
"""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.checkpoints import store
from app.checkpoints.manifests import (
    FACTS,
    NOT_PUBLISHED,
    HubSource,
    Manifest,
    PathSource,
    folder_manifest,
    read_catalog,
)
from app.engine.contract.interface import Engine
from app.engine.contract.params import JOBS_AT_ONCE
from app.engine.serving.cores import CoreWatch
from app.errors import ModelNotReady, ModelUnavailable, NotFound, NotSupported, PlaygroundError
from app.paths import MODELS, STATIC
from app.settings import Settings
from app.tokenization.registry import Encodings, load_model_tokenizer
from app.tokenization.tokenizer import Tokenizer

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2  # at whether a request still reads from a switched-off model
_IDLE_LOOKS = 10  # in a row without a request: an experiment pauses between its questions
_FAKE = Manifest(
    name="fake",
    title="Scripted engine",
    kind="base",
    licence="MIT",
    licence_url="",
    context_length=1024,
    parameters=0,
    layers=0,
    width=0,
    heads=0,
    vocabulary=50_257,
    tokens_read=NOT_PUBLISHED,
    data="a short script; there is no model behind it",
    cut_off=NOT_PUBLISHED,
    source=PathSource(Path()),
    note="Made-up probabilities over GPT-2's vocabulary, to look at the pages with.",
    fact_sources=dict.fromkeys(FACTS, "app/engine/fake.py"),
)

Opener = Callable[[Manifest, store.Progress, threading.Event], tuple[Engine, Tokenizer]]


@dataclass(frozen=True, slots=True)
class _Loaded:
    manifest: Manifest
    engine: Engine
    tokenizer: Tokenizer


@dataclass(frozen=True, slots=True)
class _Task:
    """What is under way, for the status line."""

    name: str
    title: str
    stage: str
    fraction: float | None
    message: str


class ModelHost:
    """Owns the engine of the site. `open_model` is how a model is had; tests bring their own."""

    def __init__(self, settings: Settings, open_model: Opener | None = None) -> None:
        self.settings = settings
        self.encodings = Encodings(STATIC / "vendor" / "encodings")
        self._open = open_model or (self._open_fake if settings.engine == "fake" else self._open_local)
        self._catalog = read_catalog(MODELS)
        self._cores = CoreWatch(None if settings.threads == "auto" else settings.threads)
        self._first = self._resolve_first(settings)
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._retiring: _Loaded | None = None  # switched off, with readers left
        self._beside: _Loaded | None = None
        self._beside_lock = asyncio.Lock()
        self._task: _Task | None = None
        self._error: dict[str, str] | None = None
        self._cancelled = threading.Event()
        self._switches = 0
        self._threads: list[threading.Thread] = []

    @property
    def engine(self) -> Engine:
        return self._ready().engine

    @property
    def tokenizer(self) -> Tokenizer:
        return self._ready().tokenizer

    def start(self) -> None:
        """Begin to load the model of the settings."""
        self._cores.start()
        self._begin(self._first)

    def load(self, name: str) -> None:
        """Begin to switch to another model; the running one answers until then."""
        manifest = self._catalog.get(name)
        if manifest is None:
            raise NotFound(
                f"there is no model of that name; there are {', '.join(self._catalog)}", param="name"
            )
        if self.settings.engine == "fake" and manifest is not _FAKE:
            raise NotSupported(
                "this site runs the scripted engine; start it without --engine fake to load a model",
                param="name",
            )
        self._begin(manifest)

    async def beside(self, name: str) -> tuple[Engine, Tokenizer]:
        """A second model, to be asked next to the loaded one; loaded when first asked for."""
        loaded = self._ready()
        if self.settings.engine == "fake" or loaded.manifest.name == name:
            return loaded.engine, loaded.tokenizer
        async with self._beside_lock:
            second = self._beside
            if second is None or second.manifest.name != name:
                manifest = self._catalog[name]
                if not store.have(manifest, self.settings.weights_dir):
                    raise ModelUnavailable(
                        "{model} is not on this machine; `python -m app fetch {name}` gets it",
                        model=manifest.title,
                        name=name,
                    )
                opened = await asyncio.to_thread(self._open, manifest, _silently, self._cancelled)
                second = self._beside = _Loaded(manifest, *opened)
        return second.engine, second.tokenizer

    def state(self) -> dict[str, Any]:
        """The answer of GET /api/models."""
        with self._lock:
            loaded, task, error = self._loaded, self._task, self._error
        state = "ready" if loaded else "loading" if task or not error else "failed"
        return {
            "loaded": self._describe(loaded.manifest, loaded) if loaded else None,
            "state": state,
            "engine": dict(loaded.engine.description) if loaded else None,
            "context_length": loaded.engine.context_length if loaded else None,
            "task": _json(task) if task else None,
            "error": error,
            "models": [self._describe(manifest, loaded) for manifest in self._catalog.values()],
        }

    def close(self, reason: PlaygroundError | None = None) -> None:
        """Stop what is under way, telling readers why, and free the models. A second call does nothing."""
        self._cancelled.set()
        self._cores.stop()
        with self._lock:
            models = [model for model in (self._loaded, self._retiring, self._beside) if model]
            self._loaded = self._retiring = self._beside = None
            threads = [thread for thread in self._threads if thread is not threading.current_thread()]
        for model in models:
            model.engine.close(reason)
        for thread in threads:
            thread.join(timeout=10)

    def _ready(self) -> _Loaded:
        loaded, task, error = self._loaded, self._task, self._error
        if loaded:
            return loaded
        if task:
            percent = f" ({task.fraction:.0%})" if task.fraction is not None else ""
            raise ModelNotReady(f"the model is not ready yet: {task.message}{percent}")
        raise ModelNotReady(error["message"] if error else "the model is not ready yet: starting")

    def _resolve_first(self, settings: Settings) -> Manifest:
        """The model to open with: a name of the catalog, or a folder."""
        if settings.engine == "fake":
            self._catalog = {_FAKE.name: _FAKE, **self._catalog}
            return _FAKE
        if settings.model in self._catalog:
            return self._catalog[settings.model]
        folder = Path(settings.model).expanduser()
        if not folder.is_dir():
            raise NotFound(
                f"model {settings.model} is neither a folder nor one of {', '.join(self._catalog)}",
                param="model",
            )
        manifest = folder_manifest(folder)
        if manifest.name in self._catalog:
            manifest = replace(manifest, name=f"{manifest.name}-folder")
        self._catalog = {manifest.name: manifest, **self._catalog}
        return manifest

    def _begin(self, manifest: Manifest) -> None:
        with self._lock:
            if self._task and self._task.name != manifest.name:
                raise ModelUnavailable(
                    "{model} is being loaded; wait until that has ended", model=self._task.title
                )
            if self._task or (self._loaded and self._loaded.manifest.name == manifest.name):
                return
            self._error = None
            self._switches += 1
            self._task = _Task(manifest.name, manifest.title, "load", None, f"loading {manifest.title}")
            thread = threading.Thread(target=self._switch, args=(manifest,), name="load-model", daemon=True)
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _switch(self, manifest: Manifest) -> None:
        """On its own thread: have the new model, put it in the old one's place, let the old one go."""

        def progress(stage: str, fraction: float | None, message: str) -> None:
            self._task = _Task(manifest.name, manifest.title, stage, fraction, message)

        try:
            engine, tokenizer = self._open(manifest, progress, self._cancelled)
        except PlaygroundError as error:
            self._fail(manifest, error.code, error.message)
        except MemoryError:
            self._fail(
                manifest, ModelUnavailable.code, f"{manifest.title} does not fit into this machine's memory"
            )
        except Exception as error:
            _log.exception("loading %s failed", manifest.name)
            first_line = (str(error).splitlines() or [""])[0][:200]
            message = f"{manifest.title} could not be loaded: {type(error).__name__}: {first_line}"
            self._fail(manifest, ModelUnavailable.code, message)
        else:
            with self._lock:
                old, self._loaded = self._loaded, _Loaded(manifest, engine, tokenizer)
                self._retiring, self._task, switch = old, None, self._switches
                if tokenizer.kind == "model":
                    self.encodings.register(manifest.name, tokenizer)
            if self._cancelled.is_set():
                self.close()
            elif old:
                self._retire(old, switch)

    def _fail(self, manifest: Manifest, code: str, message: str) -> None:
        if self._cancelled.is_set():
            return  # the site is closing: no page is left to tell
        with self._lock:
            if self._loaded:
                message += f". {self._loaded.manifest.title} stays loaded"
            self._error = {"code": code, "message": message}
            self._task = None
        _log.warning("%s: %s", manifest.name, message)

    def _retire(self, old: _Loaded, switch: int) -> None:
        """Close a model when no request asks it any more: at the latest when its requests run out of time."""
        idle = 0
        end = time.monotonic() + self.settings.deadline_seconds + _IDLE_LOOKS * _LOOK_SECONDS
        while idle < _IDLE_LOOKS and time.monotonic() < end and self._switches == switch:
            if self._cancelled.is_set():
                return  # the site is closing, and tells its readers why
            idle = 0 if old.engine.requests() else idle + 1
            time.sleep(_LOOK_SECONDS)
        old.engine.close()
        with self._lock:
            if self._retiring is old:
                self._retiring = None
            if self._loaded and self._loaded.manifest.name != old.manifest.name:
                self.encodings.forget(old.manifest.name)

    def _describe(self, manifest: Manifest, loaded: _Loaded | None) -> dict[str, Any]:
        """A model of the catalog as JSON. The scripted engine is there; everything else may be had or not."""
        on_disk = manifest is _FAKE or store.have(manifest, self.settings.weights_dir)
        is_loaded = bool(loaded and loaded.manifest.name == manifest.name)
        available = manifest is _FAKE if self.settings.engine == "fake" else True
        note = manifest.note
        if isinstance(manifest.source, HubSource) and not on_disk:
            note = (
                "Needs huggingface.co, and its terms accepted there."
                if manifest.source.gated
                else ("Needs huggingface.co.")
            )
        source = {"source": "built in"} if manifest is _FAKE else {}
        return (
            manifest.facts()
            | source
            | {"on_disk": on_disk or is_loaded, "available": available, "note": note}
        )

    def _open_local(
        self, manifest: Manifest, progress: store.Progress, cancelled: threading.Event
    ) -> tuple[Engine, Tokenizer]:
        folder = store.fetch(manifest, self.settings.weights_dir, progress, cancelled)
        with _no_garbage_collection():
            return self._load(folder, manifest, progress)

    def _load(self, folder: Path, manifest: Manifest, progress: store.Progress) -> tuple[Engine, Tokenizer]:
        progress("load", 0.1, f"loading {manifest.title}: the libraries")
        from app.engine import local  # imports torch: the reason why this happens here

        # after them, because it keeps the interpreter to itself for a second: the first page is out by then
        progress("load", 0.4, f"loading {manifest.title}: the tokenizer")
        tokenizer = load_model_tokenizer(folder, manifest.name)
        progress("load", 0.6, f"loading {manifest.title}: the weights")
        settings = self.settings
        engine = local.load(
            folder,
            name=manifest.name,
            tokenizer=tokenizer,
            device=settings.device,
            dtype=settings.dtype,
            exact=settings.exact,
            slots=settings.slots,
            queue=_waiting_jobs(settings),
            context_length=settings.context_length,
            deadline_seconds=settings.deadline_seconds,
            teacher_slots=1,
            cores=self._cores,
        )
        return engine, tokenizer

    def _open_fake(
        self, _: Manifest, progress: store.Progress, __: threading.Event
    ) -> tuple[Engine, Tokenizer]:
        progress("load", 0.5, "starting the scripted engine")
        from app.engine.fake import FakeEngine, Faults

        settings, tokenizer = self.settings, self.encodings.get("gpt2")
        engine = FakeEngine(
            tokenizer,
            slots=settings.slots,
            queue=_waiting_jobs(settings),
            context_length=min(settings.context_length, _FAKE.context_length),
            deadline_seconds=settings.deadline_seconds,
            teacher_slots=1,
            ms_per_token=settings.ms_per_token,
            faults=Faults(
                settings.fail_at,
                settings.oom_at,
                settings.hang_at,
                settings.hang_seconds,
                settings.die_at,
            ),
            cores=self._cores,
        )
        return engine, tokenizer


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """All that loading makes is kept, in millions of objects: to search them for garbage again and again
    while they come takes a fifth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _waiting_jobs(settings: Settings) -> int:
    """Length of the engine's line: every request that the web layer has admitted is accepted."""
    return (settings.slots + settings.queue) * JOBS_AT_ONCE - settings.slots


def _silently(stage: str, fraction: float | None, message: str) -> None:
    """A second model is not worth a progress bar: it is on disk, and small."""


def _json(task: _Task) -> dict[str, Any]:
    fraction = None if task.fraction is None else round(min(max(task.fraction, 0.0), 1.0), 4)
    return {
        "name": task.name,
        "title": task.title,
        "stage": task.stage,
        "fraction": fraction,
        "message": task.message,
    }
