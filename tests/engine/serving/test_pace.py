"""How much of a prompt is read beside those who write."""

import pytest

from app.engine.serving.pace import BUSY, IDLE, Pace


def paced(seconds_alone: float, seconds_a_token: float, *, passes: int = 20, free: int = 1) -> Pace:
    """Passes on a machine where a prompt token costs so much on top of what those who write cost."""
    pace = Pace(free)
    for _ in range(9):
        pace.passed(seconds_alone, wrote=True, tokens_read=0)
    for _ in range(passes):
        tokens = pace.budget(waiting=1, running=True)
        pace.passed(seconds_alone + tokens * seconds_a_token, wrote=True, tokens_read=tokens)
    return pace


def test_a_pass_is_no_more_than_so_much_slower():
    tokens = paced(0.1, 0.001).budget(waiting=1, running=True)
    assert abs(tokens - 0.5 * 0.1 / 0.001) <= 1  # half as long again


def test_one_slow_pass_does_not_change_what_is_usual():
    pace = paced(0.1, 0.001)
    pace.passed(3.0, wrote=True, tokens_read=0)
    before = pace.budget(waiting=1, running=True)
    pace.passed(0.1 + before * 0.001, wrote=True, tokens_read=before)
    assert pace.budget(waiting=1, running=True) == before


def test_it_stays_within_its_bounds():
    assert paced(0.01, 1.0).budget(waiting=1, running=True) == BUSY[0]
    assert paced(1.0, 1e-9).budget(waiting=1, running=True) == BUSY[1]


def test_what_costs_nothing_is_read_at_once():
    assert paced(0.01, 1.0, free=64).budget(waiting=1, running=True) == 64
    assert paced(0.01, 1.0, free=1_000).budget(waiting=1, running=True) == BUSY[1]


def test_who_runs_waits_a_little_for_each_who_waits():
    pace = paced(0.1, 0.005)
    alone = pace.budget(waiting=1, running=True)
    assert pace.budget(waiting=3, running=True) == 3 * alone
    assert pace.budget(waiting=1_000, running=True) == BUSY[1]


def test_nobody_to_wait_for_reads_at_full_speed():
    assert paced(0.01, 1.0).budget(waiting=1, running=False) == IDLE


def test_what_is_usual_follows_a_machine_that_has_become_slower():
    pace = paced(0.1, 0.005)
    quick = pace.budget(waiting=1, running=True)
    for _ in range(9):
        pace.passed(0.2, wrote=True, tokens_read=0)
    pace.passed(0.2 + quick * 0.005, wrote=True, tokens_read=quick)
    assert pace.budget(waiting=1, running=True) == pytest.approx(2 * quick, abs=2)


def test_of_a_pass_that_only_read_nothing_is_learnt():
    pace = paced(0.1, 0.005)
    before = pace.budget(waiting=1, running=True)
    pace.passed(9.0, wrote=False, tokens_read=4)
    assert pace.budget(waiting=1, running=True) == before


def test_a_prompt_that_costs_nothing_or_less_is_read_as_quickly_as_may_be():
    for seconds_a_token in (0.0, -0.001):
        assert paced(1.0, seconds_a_token).budget(waiting=1, running=True) == BUSY[1]
