"""The model that answers, and the one being fetched or loaded to take its place.

Everything slow happens on a background thread; the site is up from the first second. A model that runs is
let go only when the next one is ready, and closed only when its last reader has ended or run out of time. A
further switch does not wait for that: there may be no room for a third.
"""

import gc
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

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
from app.model_pool import Lease, Loaded, ModelPool, Opener
from app.paths import MODELS, STATIC
from app.settings import Settings
from app.tokenization.registry import Encodings, load_model_tokenizer
from app.tokenization.tokenizer import Tokenizer

_log = logging.getLogger(__name__)
_LAST_WORDS_SECONDS = 2.0  # after its deadline, for a request to say that its time was up
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


@dataclass(frozen=True, slots=True)
class _Task:
    """What is under way, for the status line."""

    name: str
    title: str
    stage: str
    fraction: float | None
    message: str


class ModelHost:
    """Holds a lease on the site's model. `open_model` is how a model is had; tests bring their own."""

    def __init__(self, settings: Settings, open_model: Opener | None = None) -> None:
        self.settings = settings
        self.encodings = Encodings(STATIC / "vendor" / "encodings")
        self._catalog = read_catalog(MODELS)
        self._cores = CoreWatch(None if settings.threads == "auto" else settings.threads)
        self._first = self._resolve_first(settings)
        self._pool = ModelPool(
            open_model or (self._open_fake if settings.engine == "fake" else self._open_local),
            budget=_budget(settings),
            assumed=4 if settings.exact or settings.dtype == "float32" else 2,
        )
        self._loading = threading.Lock()  # one at a time: each is measured by the memory of the whole process
        self._lock = threading.Lock()
        self._site: Lease | None = None
        self._task: _Task | None = None
        self._error: dict[str, str] | None = None
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

    @asynccontextmanager
    async def lease(self, name: str | None = None) -> AsyncIterator[Loaded]:
        """The site's model, or another one that is on this machine, for as long as a request reads from it.

        Raises ModelNotReady where the site has none yet, ModelUnavailable where the other cannot be had.
        """
        lease = self._take(name)
        try:
            yield await lease.ready()
        finally:
            self._pool.give_back(lease)

    def state(self) -> dict[str, Any]:
        """The answer of GET /api/models."""
        with self._lock:
            loaded = self._site.wait() if self._site else None
            task, error = self._task, self._error
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
        self._cores.stop()
        self._pool.close(reason)
        with self._lock:
            self._site = None
            threads = [thread for thread in self._threads if thread is not threading.current_thread()]
        for thread in threads:
            thread.join(timeout=10)

    def _ready(self) -> Loaded:
        site, task, error = self._site, self._task, self._error
        if site:
            return site.wait()
        if task:
            percent = f" ({task.fraction:.0%})" if task.fraction is not None else ""
            raise ModelNotReady(f"the model is not ready yet: {task.message}{percent}")
        raise ModelNotReady(error["message"] if error else "the model is not ready yet: starting")

    def _take(self, name: str | None) -> Lease:
        with self._lock:  # until the lease is there, the site's model stays
            own = self._ready().manifest
            if name is None or name == own.name or self.settings.engine == "fake":
                return self._pool.take(own)
        manifest = self._catalog[name]
        if not store.have(manifest, self.settings.weights_dir):
            raise ModelUnavailable(
                "{model} is not on this machine; `python -m app fetch {name}` gets it",
                model=manifest.title,
                name=name,
            )
        return self._pool.take(manifest)

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
            if self._task or (self._site and self._site.manifest.name == manifest.name):
                return
            self._error = None
            self._task = _Task(manifest.name, manifest.title, "load", None, f"loading {manifest.title}")
            thread = threading.Thread(target=self._switch, args=(manifest,), name="load-model", daemon=True)
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _switch(self, manifest: Manifest) -> None:
        """On its own thread: have the new model, put it in the old one's place, let the old one go."""

        def progress(stage: str, fraction: float | None, message: str) -> None:
            self._task = _Task(manifest.name, manifest.title, stage, fraction, message)

        try:
            self._pool.close_retired()
            lease = self._pool.take(manifest, progress)
            tokenizer = lease.wait().tokenizer
        except PlaygroundError as error:
            self._fail(manifest, error)
            return
        with self._lock:
            if self._pool.closed.is_set():
                return  # the site is closing, and the pool with it
            old, self._site, self._task = self._site, lease, None
            if tokenizer.kind == "model":
                self.encodings.register(manifest.name, tokenizer)
            if old:
                self._pool.retire(old)
        if old:
            self._pool.close_retired(self.settings.deadline_seconds + _LAST_WORDS_SECONDS)
            self._forget_encoding(old.manifest.name)

    def _fail(self, manifest: Manifest, error: PlaygroundError) -> None:
        if self._pool.closed.is_set():
            return  # the site is closing: no page is left to tell
        message = error.message
        with self._lock:
            if self._site:
                message += f". {self._site.manifest.title} stays loaded"
            self._error = {"code": error.code, "message": message}
            self._task = None
        _log.warning("%s: %s", manifest.name, message)

    def _forget_encoding(self, name: str) -> None:
        with self._lock:
            if self._site and self._site.manifest.name != name:
                self.encodings.forget(name)

    def _describe(self, manifest: Manifest, loaded: Loaded | None) -> dict[str, Any]:
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
        with self._loading, _no_garbage_collection():
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


def _budget(settings: Settings) -> int:
    """Bytes that the weights of all loaded models may take."""
    if settings.model_memory == "auto":
        return int(psutil.virtual_memory().total * 3 / 4)
    return settings.model_memory


def _json(task: _Task) -> dict[str, Any]:
    fraction = None if task.fraction is None else round(min(max(task.fraction, 0.0), 1.0), 4)
    return {
        "name": task.name,
        "title": task.title,
        "stage": task.stage,
        "fraction": fraction,
        "message": task.message,
    }
