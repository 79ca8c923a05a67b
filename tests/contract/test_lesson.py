"""A lesson of some seconds on the scripted engine; `python -m tests.lesson` holds a long one. Promise 39."""

from pathlib import Path

from tests.kit.program import program
from tests.lesson.swarm import hold_lesson


async def test_a_short_lesson_ends_well(tmp_path: Path, figure):
    with program(tmp_path, "--ms-per-token", "5", slots=8, queue=60) as server:
        report = await hold_lesson(server, students=40, seconds=6, think=(0.5, 2.0), max_tokens=12)
    for what, value in report.lines():
        figure(f"{what}: {value}")
    tally = report.tally
    assert tally.accepted > 50
    assert report.completion >= 0.995, tally.failures
    assert tally.crosstalk == tally.changed == tally.server_errors == 0
    assert tally.compared > 50
    assert report.books_agree
    assert abs(report.files) <= 5
