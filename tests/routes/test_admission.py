"""Places, counted without a server."""

import pytest

from app.engine.contract.params import TEACHER
from app.errors import ClientLimit, QueueFull, ShuttingDown
from app.routes.admission import Admission

_HELD: list = []  # a place nobody refers to any more is given back


def hold(admission: Admission, *clients: str) -> list:
    places = [admission.place(client) for client in clients]
    for place in places:
        place.__enter__()
    _HELD.extend(places)
    return places


def test_every_place_is_taken_once_and_given_back():
    admission = Admission(slots=1, queue=1, per_client=2)
    places = hold(admission, "tab a", "tab b")
    with pytest.raises(QueueFull) as refused, admission.place("tab c"):
        pass
    assert 1 <= refused.value.retry_after <= 60
    places[0].__exit__(None, None, None)
    with admission.place("tab c"):
        assert admission.held == 2


def test_a_tab_has_its_few_and_an_address_half_of_all():
    admission = Admission(slots=10, queue=10, per_client=2)
    hold(admission, "tab a", "tab a")
    with pytest.raises(ClientLimit), admission.place("tab a"):
        pass
    hold(admission, *["address 10.0.0.1"] * 10)
    with pytest.raises(ClientLimit), admission.place("address 10.0.0.1"):
        pass
    with admission.place("tab b"):
        assert admission.held == 13


def test_a_request_of_many_prompts_takes_as_many_places():
    admission = Admission(slots=2, queue=2, per_client=3)
    with admission.place("tab a"), admission.place("tab a", 2):
        assert admission.held == 3
        with pytest.raises(ClientLimit), admission.place("tab a"):
            pass
        with pytest.raises(QueueFull), admission.place("tab b", 2):
            pass
        with admission.place("tab b"):
            assert admission.held == 4
    assert admission.held == 0


def test_the_teacher_finds_one_place_more():
    admission = Admission(slots=1, queue=1, per_client=1)
    hold(admission, "tab a", "tab b")
    with admission.place(TEACHER):
        assert admission.held == 3
        with pytest.raises(QueueFull), admission.place(TEACHER):
            pass


def test_nobody_comes_in_when_it_closes_and_who_is_in_may_stay():
    admission = Admission(slots=1, queue=1, per_client=1)
    (place,) = hold(admission, "tab a")
    admission.close()
    with pytest.raises(ShuttingDown), admission.place("tab b"):
        pass
    assert admission.held == 1
    place.__exit__(None, None, None)
    assert admission.held == 0


def test_how_long_to_wait_follows_from_how_long_it_takes(monkeypatch: pytest.MonkeyPatch):
    now = 0.0
    monkeypatch.setattr("app.routes.admission.monotonic", lambda: now)
    admission = Admission(slots=1, queue=9, per_client=10)
    for _ in range(100):
        with admission.place("tab a"):
            now += 2.0
    hold(admission, *(f"tab {number}" for number in range(10)))
    with pytest.raises(QueueFull) as refused, admission.place("tab late"):
        pass
    assert refused.value.retry_after in (10, 11)  # half a line of ten, two seconds each


def test_a_request_of_more_prompts_than_a_tab_may_have_is_refused_whole():
    admission = Admission(slots=10, queue=10, per_client=8)
    with pytest.raises(ClientLimit), admission.place("tab a", 9):
        pass
    assert admission.held == 0
    with admission.place("tab a", 8):
        assert admission.held == 8


def refusal(slots: int, queue: int) -> QueueFull:
    admission = Admission(slots, queue, per_client=1)
    hold(admission, *(f"tab {number}" for number in range(slots + queue)))
    with pytest.raises(QueueFull) as refused, admission.place("tab late", 2):
        pass
    return refused.value


def test_the_wait_is_half_of_a_line_shared_by_the_slots_and_a_minute_at_most():
    """Nobody has been served yet: a request takes 5 seconds, it is supposed."""
    assert [refusal(slots, queue).retry_after for slots, queue in ((1, 9), (5, 5), (10, 0), (1, 99))] == [
        25, 5, 3, 60,
    ]  # fmt: skip
    assert refusal(5, 3).message == "3 requests are waiting; there is no room for 2 more"
    with pytest.raises(QueueFull, match="^0 requests are waiting; there is no room for 9 more"):
        Admission(slots=5, queue=3, per_client=9).place("tab a", 9).__enter__()


def test_a_tab_that_has_its_few_is_told_how_long_one_takes():
    admission = Admission(slots=5, queue=5, per_client=1)
    hold(admission, "tab a")
    with pytest.raises(ClientLimit) as refused, admission.place("tab a"):
        pass
    assert refused.value.retry_after == 5
