"""A lesson of some seconds on the scripted engine; `python -m tests.lesson` holds a long one. Promise 39."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit.program import program
from tests.lesson.student import Tally
from tests.lesson.swarm import Report, hold_lesson


async def test_a_short_lesson_ends_well(tmp_path: Path, figure):
    with program(tmp_path, "--ms-per-token", "5", slots=8, queue=60) as server:
        report = await hold_lesson(
            server, students=40, seconds=6, think=(0.5, 2.0), max_tokens=12, reload_seconds=30
        )
    for what, value in report.lines():
        figure(f"{what}: {value}")
    tally = report.tally
    assert report.faults(same=True, left_over=5) == [], (report.lines(), tally.missing)
    assert tally.accepted > 50 and tally.compared > 50
    assert tally.reloads > 0 and tally.files > 50 * tally.reloads


GOOD = Report(
    tally=Tally(accepted=1000, complete=1000, compared=1000), seconds=600, first_token_p50=0.1, first_token_p95=0.2,
    memory_start=0, memory_end=0, memory_slope=0.2, files=0, threads=0,
    books={"pg_accepted_total": 0, "pg_running": 0, "pg_waiting": 0}
    | {f"pg_requests_total[{each}]": 0 for each in ("finished", "cancelled", "failed", "timeout")},
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"memory_slope": 1.1}, "memory slope after warm-up"),
        ({"memory_slope": 9.0, "seconds": 60}, None),  # all warm-up
        ({"files": 4}, "open files and threads, end minus start"),
        ({"threads": 4}, "open files and threads, end minus start"),
        ({"files": -9}, None),
        ({"tally": replace(GOOD.tally, complete=994)}, "of them complete"),
        ({"tally": replace(GOOD.tally, changed=1)}, "streams unlike the same alone"),
        ({"tally": replace(GOOD.tally, crosstalk=1)}, "tokens of somebody else"),
        ({"tally": replace(GOOD.tally, server_errors=1)}, "answers 5xx"),
        ({"tally": replace(GOOD.tally, missing=["/static/js/app.js: 404"])}, "reloads"),
        ({"books": GOOD.books | {"pg_running": 1}}, "books agree"),
    ],
)
def test_a_lesson_that_went_wrong_says_what(change: dict, fault: str | None):
    report = replace(GOOD, **change)
    assert report.faults(same=True) == ([] if fault is None else [fault])
    assert {fault} <= {what for what, _ in report.lines()} | {None}


def test_an_engine_whose_numbers_vary_may_answer_many_a_little_differently():
    assert replace(GOOD, tally=replace(GOOD.tally, changed=1)).faults(same=False) == []
