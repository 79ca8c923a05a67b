"""Who is next: clients take turns, whatever each has asked for, and the teacher's turn is always next."""

from collections import deque

from app.engine.job import Job
from app.engine.params import TEACHER


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

    def take(self) -> Job:
        """The first of the line; its client's next turn comes after everybody else's."""
        client = self._next_client()
        jobs = self._jobs.pop(client)
        job = jobs.popleft()
        if jobs:
            self._jobs[client] = jobs
        return job

    def discard(self, job: Job) -> None:
        jobs = self._jobs.get(job.request.client, deque())
        if job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._jobs[job.request.client]

    def in_order(self) -> list[Job]:
        """Everyone who waits, in the order they will be taken."""
        teachers = list(self._jobs.get(TEACHER, ()))
        others = [list(jobs) for client, jobs in self._jobs.items() if client != TEACHER]
        longest = max(map(len, others), default=0)
        return teachers + [jobs[turn] for turn in range(longest) for jobs in others if turn < len(jobs)]

    def _next_client(self) -> str:
        return TEACHER if TEACHER in self._jobs else next(iter(self._jobs))
