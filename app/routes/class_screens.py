"""What every screen shows: the curtain, a note about content, words to blur. And who is here to see it."""

from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.logs import described
from app.routes.schemas import well_formed

MAX_BLURRED = 200
MAX_BLURRED_CHARACTERS = 64
HERE_SECONDS = 15.0  # a page that nobody steers asks every 10 seconds at the latest
MAX_HERE = 1000
STEERED_SECONDS = 600.0  # a phone may lie locked on the desk for so long
ASK_AGAIN = 5.0  # seconds; a page waits between this and twice this
ASK_AGAIN_STEERED = 0.4

Switch = Annotated[bool, Field(strict=True)]
BlurredWord = Annotated[
    str, Field(strict=True, min_length=1, max_length=MAX_BLURRED_CHARACTERS), BeforeValidator(well_formed)
]
Blur = Annotated[tuple[BlurredWord, ...], Field(max_length=MAX_BLURRED)]


class Kept(BaseModel):
    """What outlasts the server: nothing that a student typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Switch = False
    blur: Blur = ()


class Screens:
    """The curtain ends with the server. Note and blurred words outlast it, in a small file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "class.json"
        self.curtain = False
        self.kept = _read(self._file)

    def keep(self, kept: Kept) -> None:
        """Where the disk takes nothing, the log says so, and the screens follow all the same."""
        self.kept = kept
        unfinished = self._file.with_suffix(".unfinished")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(kept.model_dump_json(), encoding="utf-8")
            unfinished.replace(self._file)
        except OSError as error:
            structlog.get_logger().warning("class_not_kept", file=str(self._file), **described(error))

    def shown(self) -> dict[str, Any]:
        return {"curtain": self.curtain, "note": self.kept.note, "blur": list(self.kept.blur)}


def _read(file: Path) -> Kept:
    try:
        return Kept.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Kept()
    except (OSError, ValidationError) as error:
        structlog.get_logger().warning("class_not_read", file=str(file), **described(error))
        return Kept()


class Attendance:
    """Which tabs looked lately, and whether a teacher did; in memory only."""

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}  # tab -> when, the longest ago first
        self._steered = -STEERED_SECONDS

    def look(self, tab: str) -> None:
        self._looked.pop(tab, None)
        self._looked[tab] = monotonic()
        self._forget()

    def steer(self) -> None:
        """The teacher's page is open: news must travel fast."""
        self._steered = monotonic()

    def present(self) -> int:
        self._forget()
        return len(self._looked)

    def ask_again_seconds(self) -> float:
        steered = monotonic() - self._steered < STEERED_SECONDS
        return ASK_AGAIN_STEERED if steered else ASK_AGAIN

    def _forget(self) -> None:
        gone = monotonic() - HERE_SECONDS
        while self._looked:
            tab, when = next(iter(self._looked.items()))
            if when > gone and len(self._looked) <= MAX_HERE:
                return
            del self._looked[tab]
