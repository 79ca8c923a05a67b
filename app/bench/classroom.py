"""The one sentence a teacher reads: how many students this machine can host."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bench.results import Level

READING_SPEED = 5.0  # tokens per second: about as fast as one reads along
PATIENCE = 2.0  # seconds until the first token
THINK_SECONDS = 20.0  # between two runs of one student: reading what came, changing something

RULE = (
    f"The rule: the most streams at once, of those tried, at which the slowest still gets {READING_SPEED:g} "
    f"tokens a second, which is reading speed, and 95% see their first token within {PATIENCE:g} seconds."
)


@dataclass(frozen=True, slots=True)
class Classroom:
    """`at_once` streams meet the rule; `with_thinking` students share them if they pause between runs."""

    at_once: int
    is_limit: bool  # more were tried and did not meet the rule
    with_thinking: int
    factor: float

    @property
    def sentence(self) -> str:
        if self.at_once == 0:
            return (
                "This machine can host no student at reading speed on this model: choose a smaller model, "
                "or a faster machine."
            )
        students = "1 student" if self.at_once == 1 else f"{self.at_once} students"
        more = "" if self.is_limit else ", or more: this is the most that was tried"
        return f"This machine can host about {students} at once{more}."

    @property
    def thinking(self) -> str:
        return (
            f"If every student reads and thinks for {THINK_SECONDS:g} seconds between two runs, "
            f"{self.factor:.1f} times as many can share it: a class of about {self.with_thinking}."
        )


def classroom(levels: Sequence[Level]) -> Classroom | None:
    """None where no load was measured."""
    if not levels:
        return None
    best, is_limit = None, False
    for level in sorted(levels, key=lambda level: level.streams):
        if level.slowest_stream < READING_SPEED or level.first_token_p95 > PATIENCE:
            is_limit = True
            break
        best = level
    if best is None:
        return Classroom(0, True, 0, 1.0)
    factor = (best.seconds + THINK_SECONDS) / best.seconds
    return Classroom(best.streams, is_limit, int(best.streams * factor), factor)
