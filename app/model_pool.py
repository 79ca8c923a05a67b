"""Loaded models, as many at once as their memory allows.

A lease keeps a model loaded. Where one more would exceed the budget, models without a lease are closed, the
least recently leased first. Where that is not enough, the new one is refused. Weights count: as assumed while
a model is loaded, as measured afterwards. Keys and values do not: each engine limits its own.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from app.checkpoints.manifests import Manifest
from app.checkpoints.store import Progress
from app.engine.contract.interface import Engine
from app.errors import ModelNotReady, ModelUnavailable, PlaygroundError
from app.tokenization.tokenizer import Tokenizer

_log = logging.getLogger(__name__)

# The event is set when the pool is closed: then to go on is of no use.
Opener = Callable[[Manifest, Progress, threading.Event], tuple[Engine, Tokenizer]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that answers."""

    manifest: Manifest
    engine: Engine
    tokenizer: Tokenizer


def _coming() -> "Future[Loaded]":
    """A result that no impatient reader can cancel for the others."""
    future: Future[Loaded] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(eq=False, slots=True)
class _Member:
    """A model that is loaded, or will be; the pool's lock guards what changes."""

    manifest: Manifest
    memory_bytes: int
    model: "Future[Loaded]" = field(default_factory=_coming)
    leases: "set[Lease]" = field(default_factory=set)
    retired: bool = False

    @property
    def is_idle(self) -> bool:
        return self.model.done() and not self.leases

    def close(self, reason: PlaygroundError | None = None) -> None:
        self.model.result().engine.close(reason)


@dataclass(frozen=True, eq=False, slots=True)
class Lease:
    """Keeps its model loaded until it is given back."""

    member: _Member

    @property
    def manifest(self) -> Manifest:
        return self.member.manifest

    def wait(self) -> Loaded:
        """The model, as soon as it is loaded. Raises ModelUnavailable where it cannot be, as `ready` does."""
        return self.member.model.result()

    async def ready(self) -> Loaded:
        """As `wait`, on the event loop."""
        if self.member.model.done():
            return self.member.model.result()
        return await asyncio.wrap_future(self.member.model)


class ModelPool:
    """Models by name. `budget` and `assumed` count bytes: of all weights together, of one parameter."""

    def __init__(self, open_model: Opener, budget: int, assumed: int) -> None:
        self._open = open_model
        self._budget = budget
        self._assumed = assumed
        self.closed = threading.Event()
        self._changed = threading.Condition()  # its lock guards everything below
        self._members: dict[str, _Member] = {}  # the least recently leased first
        self._measured: dict[str, int] = {}  # also of models that were closed
        self._reason: PlaygroundError | None = None  # why it was closed

    def take(self, manifest: Manifest, progress: Progress | None = None) -> Lease:
        """A lease on this model, which is loaded on a thread of its own where it is not there yet.

        Raises ModelUnavailable where there is no room.
        """
        with self._changed:
            if self._reason is not None:
                raise self._reason.again()
            member = self._members.pop(manifest.name, None) or self._begin(manifest, progress or _silently)
            self._members[manifest.name] = member  # the last of them: the most recently leased
            member.retired = False
            lease = Lease(member)
            member.leases.add(lease)
        return lease

    def give_back(self, lease: Lease) -> None:
        """A second time does nothing."""
        with self._changed:
            lease.member.leases.discard(lease)
            self._changed.notify_all()

    def retire(self, lease: Lease) -> None:
        """Give back, and mark the model for `close_retired`. A new lease takes the mark away."""
        with self._changed:
            lease.member.retired = True
            self.give_back(lease)

    def close_retired(self, patience: float = 0.0) -> None:
        """Wait at most so many seconds until no retired model is held, then close them all."""
        with self._changed:
            self._changed.wait_for(lambda: all(member.is_idle for member in self._retired()), patience)
            members = self._retired()
            self._forget(members)
        for member in members:
            member.close()

    def close(self, reason: PlaygroundError | None = None) -> None:
        """Close every model, telling readers why; what is being loaded is closed as soon as it is there."""
        with self._changed:
            self._reason = self._reason or reason or ModelNotReady("the models were closed")
            self.closed.set()
            members = [member for member in self._members.values() if member.model.done()]
            self._forget(members)
        for member in members:
            member.close(reason)

    def _retired(self) -> list[_Member]:
        return [member for member in self._members.values() if member.retired]

    def _forget(self, members: Iterable[_Member]) -> None:
        for member in members:
            del self._members[member.manifest.name]
        self._changed.notify_all()

    def _begin(self, manifest: Manifest, progress: Progress) -> _Member:
        needed = self._measured.get(manifest.name, manifest.parameters * self._assumed)
        outgoing = _to_close(list(self._members.values()), manifest.title, needed, self._budget)
        self._forget(outgoing)
        member = _Member(manifest, needed)
        threading.Thread(
            target=self._load, args=(member, outgoing, progress), name=f"load-{manifest.name}", daemon=True
        ).start()
        return member

    def _load(self, member: _Member, outgoing: list[_Member], progress: Progress) -> None:
        manifest = member.manifest
        while outgoing:
            outgoing.pop().close()
        try:
            engine, tokenizer = self._open(manifest, progress, self.closed)
        except Exception as error:
            with self._changed:
                self._forget([member])
            member.model.set_exception(_worded(manifest, error))
            return
        with self._changed:
            # no number format takes less than a byte a parameter: where less was measured, others freed some
            measured = max(engine.memory_bytes, manifest.parameters)
            member.memory_bytes = self._measured[manifest.name] = measured
            reason = self._reason
            if reason is None:
                member.model.set_result(Loaded(manifest, engine, tokenizer))
            else:
                self._forget([member])
        if reason is not None:
            engine.close(reason)
            member.model.set_exception(reason.again())


def _to_close(members: Sequence[_Member], title: str, needed: int, budget: int) -> list[_Member]:
    """The first idle members that, once closed, leave room in the budget for the `needed` bytes of a model.

    Raises ModelUnavailable, and names it by its `title`, where all of them do not.
    """
    taken = sum(member.memory_bytes for member in members)
    outgoing = []
    for member in members:
        if taken + needed <= budget:
            break
        if member.is_idle:
            outgoing.append(member)
            taken -= member.memory_bytes
    if taken + needed > budget:
        raise ModelUnavailable(
            "{model} takes about {needed} MB of memory; of {budget} MB for all models, {taken} MB are in use",
            model=title,
            needed=_megabytes(needed),
            budget=_megabytes(budget),
            taken=_megabytes(taken),
        )
    return outgoing


def _megabytes(count: int) -> int:
    return round(count / 1e6)


def _worded(manifest: Manifest, error: Exception) -> PlaygroundError:
    """Why a model could not be loaded."""
    if isinstance(error, PlaygroundError):
        return error
    if isinstance(error, MemoryError):
        return ModelUnavailable(f"{manifest.title} does not fit into this machine's memory")
    _log.error("loading %s failed", manifest.name, exc_info=error)
    first_line = (str(error).splitlines() or [""])[0][:200]
    return ModelUnavailable(f"{manifest.title} could not be loaded: {type(error).__name__}: {first_line}")


def _silently(stage: str, fraction: float | None, message: str) -> None:
    """A model beside the site's own has no progress bar."""
