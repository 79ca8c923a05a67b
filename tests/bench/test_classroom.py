"""The sentence a teacher reads follows from the figures by its rule."""

import pytest

from app.bench.classroom import classroom
from tests.bench.examples import level


def test_the_most_streams_that_still_read_along():
    found = classroom([level(1), level(4), level(16, slowest_stream=4.9), level(8)])
    assert found.sentence == "This machine can host about 8 students at once."


def test_a_late_first_token_is_a_limit_too():
    assert classroom([level(1), level(4, first_token_p95=2.1), level(8)]).at_once == 1


def test_the_most_that_was_tried_is_not_a_limit():
    assert classroom([level(1), level(4)]).sentence.endswith(
        "4 students at once, or more: this is the most that was tried."
    )


def test_thinking_time_is_a_factor_of_its_own():
    found = classroom([level(4, seconds=5.0)])
    assert found.factor == pytest.approx(5.0)
    assert "a class of about 20" in found.thinking


def test_a_machine_that_is_too_slow_is_told_so():
    assert "no student" in classroom([level(1, slowest_stream=1.0)]).sentence
    assert classroom([]) is None
