"""Percentiles, medians and lines through points."""

import pytest

from app.bench.percentiles import median_of, percentile, straight_line
from app.bench.turns import turns


def test_the_middle_and_the_ends():
    assert percentile([3.0, 1.0, 2.0], 50) == median_of([3.0, 1.0, 2.0]) == 2.0
    assert (percentile([1.0, 2.0], 0), percentile([1.0, 2.0], 100)) == (1.0, 2.0)
    assert median_of([1.0, 2.0, 9.0, 10.0]) == 5.5


def test_a_line_through_points_has_a_slope_and_says_how_well_it_fits():
    assert straight_line([(0, 1), (1, 3), (2, 5)]) == pytest.approx((2.0, 1.0))
    assert straight_line([(0, 1), (1, 1), (2, 1)]) == (0.0, 1.0)
    assert straight_line([(0, 1), (1, 3)]) is None
    assert straight_line([(1, 1), (1, 2), (1, 3)]) is None


def test_turns_end_when_time_is_up_but_there_is_one():
    assert list(turns(3)) == [0, 1, 2]
    assert list(turns(3, seconds=-1.0)) == [0]
