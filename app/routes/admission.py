"""Places in the server: a request holds one from before its text is read until its reply is over."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from app.engine.contract.params import TEACHER
from app.errors import ClientLimit, QueueFull, ShuttingDown

TAB, ADDRESS = "tab ", "address "  # how a client's name begins, so that no tab can call itself an address
_FIRST_GUESS = 5.0  # seconds a request takes, until some have been seen
_LONGEST_WAIT = 60  # seconds; a refusal names no longer wait


class Admission:
    """Requests under way, and the places left. The teacher always finds one place more."""

    def __init__(self, slots: int, queue: int, per_client: int) -> None:
        self._slots = slots
        self._places = slots + queue
        self._per_client = per_client
        self._held: Counter[str] = Counter()
        self._typical_seconds = _FIRST_GUESS
        self._closed = False

    @property
    def held(self) -> int:
        return self._held.total()

    def close(self) -> None:
        """Refuse every new request; those under way may finish."""
        self._closed = True

    def check_open(self) -> None:
        if self._closed:
            raise ShuttingDown("the server is being stopped")

    @contextmanager
    def place(self, client: str, count: int = 1) -> Iterator[None]:
        """`count` places. Raises ShuttingDown, QueueFull or ClientLimit where one would be too many."""
        self.check_open()
        if self.held + count > self._places + (client == TEACHER):
            waiting = max(0, self.held - self._slots)
            raise QueueFull(
                f"{waiting:,} requests are waiting; there is no room for {count:,} more", self._retry_after()
            )
        if self._held[client] + count > (limit := self._limit(client)):
            raise ClientLimit(
                f"{limit:,} requests of yours may be under way; this would be more",
                math.ceil(self._typical_seconds),
            )
        started = monotonic()
        self._held[client] += count
        try:
            yield
        finally:
            self._held[client] -= count
            if not self._held[client]:
                del self._held[client]
            self._typical_seconds += (monotonic() - started - self._typical_seconds) / 10

    def _limit(self, client: str) -> int:
        """A tab has a few; tools that name no tab share half of all places per address."""
        if client == TEACHER:
            return self._places
        return max(self._per_client, self._places // 2) if client.startswith(ADDRESS) else self._per_client

    def _retry_after(self) -> int:
        line_seconds = self._typical_seconds * self.held / self._slots
        return min(_LONGEST_WAIT, max(1, math.ceil(line_seconds / 2)))
