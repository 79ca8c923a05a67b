"""The teacher is known by the secret that is printed at start, sent in the header `X-Teacher`."""

import secrets
import time
from collections import deque

from app.errors import TooManyGuesses, WrongSecret

MAX_GUESSES = 10  # wrong ones from one address
GUESS_SECONDS = 60.0  # within this time
_MAX_ADDRESSES = 1000
_TEACHERS_ONLY = "this is for the teacher: open the address that was printed at start"


class TeacherLane:
    """The secret, and a short memory of who guessed at it."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret or secrets.token_urlsafe(12)
        self._guesses: dict[str, deque[float]] = {}  # address -> when

    def check(self, given: str, address: str) -> None:
        """Raise WrongSecret, or TooManyGuesses after ten of them within a minute."""
        if not given:
            raise WrongSecret(_TEACHERS_ONLY)
        now = time.monotonic()
        guesses = self._guesses.get(address, deque())
        while guesses and now - guesses[0] > GUESS_SECONDS:
            guesses.popleft()
        if len(guesses) >= MAX_GUESSES:
            wait = round(GUESS_SECONDS - (now - guesses[0])) + 1
            raise TooManyGuesses("too many wrong secrets from this address; wait a minute", retry_after=wait)
        if not secrets.compare_digest(given.encode(), self.secret.encode()):
            self._remember(address, guesses, now)
            raise WrongSecret(_TEACHERS_ONLY)

    def _remember(self, address: str, guesses: deque[float], now: float) -> None:
        if len(self._guesses) >= _MAX_ADDRESSES:
            self._guesses = {}  # a thousand addresses guessing: there is no class of that size
        guesses.append(now)
        self._guesses[address] = guesses
