"""The next job: clients take turns, however much each asks for, and the teacher's turn is always next."""

import time
from collections import deque
from collections.abc import Callable

from app.engine.contract.params import TEACHER
from app.engine.serving.job import Job

OVERTAKEN_SECONDS = 2.0  # a job that needs many slots is overtaken for so long by jobs that need few


class WaitingLine:
    """Jobs that wait for a slot, each client's own in the order they came."""

    def __init__(self) -> None:
        self._jobs: dict[str, deque[Job]] = {}  # client -> its jobs; the first client's turn is next

    def __len__(self) -> int:
        return sum(map(len, self._jobs.values()))

    def add(self, job: Job) -> None:
        self._jobs.setdefault(job.request.client, deque()).append(job)

    def first(self) -> Job:
        return self._jobs[self._next_client()][0]

    def next(self, fits: Callable[[Job], bool]) -> Job | None:
        """The first job in line, if there are slots for it. While there are too few, other clients' jobs use
        them, for a while; then slots that come free are kept for it. A client's jobs keep their order."""
        if not self._jobs:
            return None
        first = self.first()
        if fits(first):
            return first
        now = time.monotonic()
        first.blocked_at = first.blocked_at or now
        if now - first.blocked_at > OVERTAKEN_SECONDS:
            return None
        return next((jobs[0] for jobs in self._jobs.values() if fits(jobs[0])), None)

    def take(self, job: Job) -> None:
        """A client's first job leaves the line; the client's next turn comes after all others'."""
        jobs = self._jobs.pop(job.request.client)
        jobs.popleft()
        if jobs:
            self._jobs[job.request.client] = jobs

    def discard(self, job: Job) -> None:
        jobs = self._jobs.get(job.request.client, deque())
        if job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._jobs[job.request.client]

    def in_order(self) -> list[Job]:
        """All waiting jobs, in the order in which they will be taken."""
        teachers = list(self._jobs.get(TEACHER, ()))
        others = [list(jobs) for client, jobs in self._jobs.items() if client != TEACHER]
        longest = max(map(len, others), default=0)
        return teachers + [jobs[turn] for turn in range(longest) for jobs in others if turn < len(jobs)]

    def _next_client(self) -> str:
        return TEACHER if TEACHER in self._jobs else next(iter(self._jobs))
