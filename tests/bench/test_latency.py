"""Gaps and waits of streams that somebody else's prompt comes between."""

import pytest

from app.bench import capacity
from app.bench.event_stream import Stream
from app.bench.latency import split_gaps
from app.bench.load import Load
from app.bench.streams import Round


def stream(sent: float, *arrivals: float) -> Stream:
    return Stream(sent, arrivals, len(arrivals), "usage", complete=True)


def test_a_gap_counts_as_disturbed_where_it_overlaps_the_reading_of_a_prompt():
    visits = [stream(3.5, 5.25, 5.5), stream(8.5, 8.75)]
    before, during = split_gaps([0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0], visits)
    assert before == [1.0, 1.0, 1.0]
    # 3 to 5 straddles the first one's beginning, 5 to 6 its end, 8 to 9 the whole of the second
    assert during == [2.0, 1.0, 1.0]


def test_a_gap_that_ends_or_begins_with_a_visit_is_not_in_it():
    before, during = split_gaps([0.0, 1.0, 2.0, 3.0], [stream(1.0, 2.0)])
    assert (before, during) == ([1.0], [1.0])


async def test_the_wait_in_a_queue_is_that_of_the_slow_ones(monkeypatch: pytest.MonkeyPatch):
    """One of twenty waits ten times as long: a median would not see it."""

    async def round_of(endpoint, load, streams):
        return Round(tuple(stream(0.0, 10.0 if number % 20 == 0 else 1.0, 11.0) for number in range(streams)))

    monkeypatch.setattr(capacity, "run_round", round_of)
    found = await capacity.queueing(None, Load(tokens=4), slots=20, repeats=1)
    assert [streams for streams, _ in found.points] == [20, 40, 60]
    assert all(seconds > 1.4 for _, seconds in found.points)
