"""How much of a prompt is read in one forward pass."""

import statistics
from collections import deque

IDLE = 512  # tokens, while no sequence waits for its next token
BUSY = (4, 128)  # at least and at most, while one waits: its stream must not stutter
SLOWER = 0.5  # how much longer a token may take, aimed at, while a prompt is read beside it


class Pace:
    """Learns from the passes before how many prompt tokens make a pass no more than `SLOWER`.

    Never fewer than `free`, as many as take no longer than one.
    """

    def __init__(self, free: int = 1) -> None:
        self._least = min(BUSY[1], max(BUSY[0], free))
        self._alone: deque[float] = deque(maxlen=9)  # seconds of the last passes that read nothing
        self._tokens = self._least

    def budget(self, *, waiting: int, running: bool) -> int:
        """Prompt tokens to read in the next pass; each waiting prompt slows running sequences a little."""
        return min(BUSY[1], self._tokens * waiting) if running else IDLE

    def passed(self, seconds: float, *, wrote: bool, tokens_read: int) -> None:
        """One forward pass took so long; `tokens_read` counts padding, too."""
        if not tokens_read:
            self._alone.append(seconds)
        elif wrote and self._alone:
            usual = statistics.median(self._alone)
            fitting = tokens_read * SLOWER * usual / max(seconds - usual, 1e-6)
            self._tokens = int(min(BUSY[1], max(self._least, fitting)))
