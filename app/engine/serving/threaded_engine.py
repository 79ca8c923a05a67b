"""The one thread at a time that owns the model, and the coroutines that talk to it."""

import asyncio
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.interface import Vocabulary
from app.engine.contract.outputs import (
    Done,
    EngineStats,
    Event,
    FinishReason,
    PromptScores,
    RequestStatus,
    Score,
)
from app.engine.contract.params import MAX_SEED, TEACHER, GenerationRequest, Observe, SamplingParams
from app.engine.network.runner import DeviceLost, Runner
from app.engine.serving.brief_thread import on_a_brief_thread
from app.engine.serving.cores import CoreWatch
from app.engine.serving.freed_memory import give_back_freed_memory
from app.engine.serving.job import Delivered, Distributions, Job
from app.engine.serving.scheduler import Scheduler
from app.errors import (
    BadRequest,
    ContextOverflow,
    EngineDead,
    ModelNotReady,
    OutOfTime,
    PlaygroundError,
    QueueFull,
)

MAX_UNREAD = 96  # events of one request that wait for its reader
STUCK_SECONDS = 60.0  # a step that takes longer has hung
_GATHER_SECONDS = 0.001  # an idle engine starts so long after the latest arrival
_REST_SECONDS = 1.0  # an engine that was idle for so long gives memory and threads back
_CLOSE_SECONDS = 1.0  # a step that takes longer is not waited for
_LATE_SECONDS = 1.0  # after the deadline the engine says so itself; a hung one does not
MAX_DISTRIBUTIONS = 256  # whole distributions of one request: 256 * 262,144 * 4 bytes = 268 MB


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How much runs at once, how much may wait, and how long."""

    slots: int = 32
    queue: int = 200
    context_length: int = 1024  # tokens
    deadline_seconds: float = 300.0
    teacher_slots: int = 0  # beside `slots`, for the teacher alone


@dataclass(eq=False)
class _Mailbox:
    """Events on their way from the engine's thread to one coroutine."""

    loop: asyncio.AbstractEventLoop
    events: "asyncio.Queue[Delivered | None]" = field(default_factory=asyncio.Queue)
    sent: int = 0  # counted by the engine's thread
    taken: int = 0  # counted by the reader

    @property
    def unread(self) -> int:
        return self.sent - self.taken


class ThreadedEngine:
    """Continuous batching over any Runner; the local and the fake engine are both this."""

    def __init__(
        self,
        runner: Runner,
        vocabulary: Vocabulary,
        *,
        name: str,
        description: dict[str, str],
        limits: EngineLimits,
        cores: CoreWatch | None = None,
        memory_bytes: int = 0,
    ) -> None:
        self.name = name
        self.description = description
        self.memory_bytes = memory_bytes
        self.runner = runner  # its thread's own: others may use it while nothing runs, until it is closed
        self.context_length = limits.context_length
        self.vocabulary_size = runner.vocabulary_size
        self._limits = limits
        self._cores = cores
        self._most_threads = runner.most_threads
        self._threads = 0  # that the runner was told to use; 0 until then
        self._scheduler = Scheduler(
            runner,
            vocabulary,
            slots=limits.slots,
            context_length=limits.context_length,
            deadline_seconds=limits.deadline_seconds,
            teacher_slots=limits.teacher_slots,
        )
        self._arrivals: deque[Job] = deque()
        self._latest: Job | None = None  # of those that arrived
        self._stats = self._scheduler.stats()
        self._outbox: dict[asyncio.AbstractEventLoop, list[tuple[_Mailbox, Delivered]]] = {}
        self._wake = threading.Condition()
        self._open: dict[Job, _Mailbox] = {}  # accepted and not yet ended
        self._closing: PlaygroundError | None = None  # why, as soon as it is being closed
        self._step_began: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"keeper-of-{name}", daemon=True)
        self._thread.start()

    def check(self, request: GenerationRequest) -> None:
        prompt, params = request.prompt_token_ids, request.params
        if not prompt:
            raise BadRequest("the prompt has no tokens; at least 1 is needed", param="ids")
        room_needed = 1 if params.max_tokens else 0
        if len(prompt) + room_needed > self.context_length:
            raise ContextOverflow(len(prompt), self.context_length - room_needed, self.name)
        unknown = next((i for i in prompt if not 0 <= i < self.vocabulary_size), None)
        if unknown is not None:
            raise BadRequest(
                "token id {id} is not in the vocabulary; ids go from 0 to {last}",
                "ids",
                id=str(unknown),
                last=self.vocabulary_size - 1,
            )
        if params.n > self._limits.slots:
            raise BadRequest(
                "n is {n}; at most {limit} run at once", "n", n=params.n, limit=self._limits.slots
            )
        self.check_alive()
        if len(self._open) >= self._limits.slots + self._limits.queue + (request.client == TEACHER):
            raise QueueFull("{n} requests are waiting; try again in a moment", n=self._limits.queue)

    def check_alive(self) -> None:
        began = self._step_began
        if self._closing is not None:
            raise self._closing.again()
        if began is not None and time.monotonic() - began > STUCK_SECONDS:
            raise ModelNotReady(
                "{model} does not answer any more; the server has to be started again", model=self.name
            )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        async with aclosing(self._events(request)) as events:
            async for event in events:
                if not isinstance(event, Distributions | Exception):
                    yield event

    async def score(
        self, token_ids: Sequence[int], *, start: int = 0, top: int = 0, client: str = ""
    ) -> list[Score]:
        params = SamplingParams(max_tokens=0, logprobs=top)
        request = GenerationRequest(tuple(token_ids), params, client, Observe(scores_from=start))
        async with aclosing(self._events(request)) as events:
            async for event in events:
                if isinstance(event, PromptScores):
                    return list(event.scores)
        raise self._out_of_time()

    async def next_token(self, token_ids: Sequence[int], *, client: str = "") -> NDArray[np.float32]:
        rows = await self.distributions(token_ids, start=len(token_ids) - 1, client=client)
        last: NDArray[np.float32] = rows[0]
        return last

    async def distributions(
        self, token_ids: Sequence[int], *, start: int, client: str = ""
    ) -> NDArray[np.float32]:
        if len(token_ids) - start > MAX_DISTRIBUTIONS:
            raise BadRequest(
                f"{len(token_ids) - start:,} whole distributions were asked for; at most {MAX_DISTRIBUTIONS}"
            )
        observe = Observe(distributions_from=max(0, start))
        request = GenerationRequest(tuple(token_ids), SamplingParams(max_tokens=0), client, observe)
        async with aclosing(self._events(request)) as events:
            async for event in events:
                if isinstance(event, Distributions):
                    return event.logprobs
        raise self._out_of_time()

    def stats(self) -> EngineStats:
        """As of the last step: the engine's thread is not disturbed."""
        stats = self._stats if self._open else replace(self._stats, tokens_per_second=0.0)
        if self._cores is None:
            return stats
        return replace(stats, cores=self._cores.told(self._most_threads))

    def requests(self) -> list[RequestStatus]:
        return sorted((job.status() for job in list(self._open)), key=lambda status: status.position)

    @property
    def idle(self) -> bool:
        return not (self._arrivals or self._stats.running or self._stats.waiting)

    def close(self, reason: PlaygroundError | None = None) -> None:
        with self._wake:
            self._closing = self._closing or reason or ModelNotReady(f"{self.name} was closed")
            self._wake.notify()
        self._thread.join(_CLOSE_SECONDS)
        if self._thread.is_alive():  # it hangs, and cannot tell its readers
            for mailbox in list(self._open.values()):
                if not mailbox.loop.is_closed():
                    mailbox.loop.call_soon_threadsafe(mailbox.events.put_nowait, self._closing)

    async def _events(self, request: GenerationRequest) -> AsyncGenerator[Delivered, None]:
        self.check(request)
        seed = request.params.seed
        mailbox = _Mailbox(asyncio.get_running_loop())
        job = Job(
            request,
            secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
            lambda event: self._post(mailbox, event),
            held=lambda: mailbox.unread + request.params.n > MAX_UNREAD,
        )
        with self._wake:
            if self._closing is not None:  # since it was checked: no step takes the job in any more
                raise self._closing.again()
            self._open[job] = mailbox
            self._arrivals.append(job)
            self._latest = job
        mailbox.loop.call_later(_GATHER_SECONDS, self._awake_for, job)
        patience = self._limits.deadline_seconds + _LATE_SECONDS
        too_late = mailbox.loop.call_later(patience, mailbox.events.put_nowait, None)
        try:
            while True:
                event = await mailbox.events.get()
                mailbox.taken += 1
                if isinstance(event, PlaygroundError):
                    raise event.again(counted=True)
                if isinstance(event, Exception):
                    raise event
                event = event or job.done(FinishReason.TIMEOUT)
                yield event
                if isinstance(event, Done):
                    return
        finally:
            too_late.cancel()
            del self._open[job]
            job.cancelled = True  # the reader left, or everything was delivered

    def _awake_for(self, job: Job) -> None:
        """Wake the thread, unless a later job has arrived: simultaneous arrivals share one first step.

        An engine that runs takes `job` in with its next step, whatever happens here.
        """
        if job is self._latest or len(self._arrivals) >= self._limits.slots:
            with self._wake:
                self._wake.notify()

    def _out_of_time(self) -> PlaygroundError:
        return OutOfTime("{model} took longer than this server gives one request", model=self.name).again(
            counted=True
        )

    def _run(self) -> None:
        try:
            self._step_until_closed()
        except Exception as error:
            # what fails outside a forward pass has left the cache in an unknown state
            what = "lost the device it ran on" if isinstance(error, DeviceLost) else "failed"
            with self._wake:
                self._closing = EngineDead(f"{self.name} has {what}; the server has to be started again")
            logging.getLogger(__name__).error("the engine's thread ended: %s", type(error).__name__)
        assert self._closing is not None
        while self._arrivals:
            self._scheduler.submit(self._arrivals.popleft())
        self._scheduler.close(self._closing)
        self._stats = self._scheduler.stats()
        self._deliver()
        if not isinstance(self._closing, EngineDead):  # to free anything would ask the dead device
            del self.runner, self._scheduler  # what still refers to the engine keeps no weights

    def _step_until_closed(self) -> None:
        while not self._closing:
            on_a_brief_thread(self._step_until_rested, f"engine-{self.name}")
            with self._wake:
                self._wake.wait_for(self._has_work)

    def _step_until_rested(self) -> None:
        self._threads = 0
        while self._has_work_soon():
            self._step_began = time.monotonic()
            while self._arrivals:
                self._scheduler.submit(self._arrivals.popleft())
            self._choose_threads()
            self._scheduler.step()
            self._step_began = None
            self._stats = self._scheduler.stats()
            self._deliver()
        if not self._closing:
            give_back_freed_memory()

    def _choose_threads(self) -> None:
        """As many as other programs leave cores; the runner is told on this thread, and only of a change."""
        if self._cores is None or not self._most_threads:
            return
        threads = self._cores.threads(self._most_threads)
        if threads != self._threads:
            self._threads = threads
            self.runner.use_threads(threads)

    def _has_work_soon(self) -> bool:
        """False after a rest, and once it is being closed."""
        with self._wake:
            return self._wake.wait_for(self._has_work, _REST_SECONDS) and not self._closing

    def _has_work(self) -> bool:
        return bool(self._closing or self._arrivals) or not self._scheduler.idle

    def _post(self, mailbox: _Mailbox, event: Delivered) -> None:
        mailbox.sent += 1
        self._outbox.setdefault(mailbox.loop, []).append((mailbox, event))

    def _deliver(self) -> None:
        """Hand a step's events over: one wake-up per event loop, however many streams it serves."""
        outbox, self._outbox = self._outbox, {}
        for loop, events in outbox.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_put_all, events)


def _put_all(events: list[tuple[_Mailbox, Delivered]]) -> None:
    for mailbox, event in events:
        mailbox.events.put_nowait(event)
