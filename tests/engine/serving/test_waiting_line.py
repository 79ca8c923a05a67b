"""Fair turns, against a plain description of them."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from app.engine.contract.params import TEACHER, GenerationRequest, SamplingParams
from app.engine.serving import waiting_line as module
from app.engine.serving.job import Job
from app.engine.serving.waiting_line import WaitingLine

CLIENTS = ("Ann", "Bo", "Chen", TEACHER)


def job(client: str) -> Job:
    return Job(GenerationRequest((1,), SamplingParams(), client), 1, lambda event: None)


def line_of(*clients: str) -> tuple[WaitingLine, list[Job]]:
    line, jobs = WaitingLine(), [job(client) for client in clients]
    for each in jobs:
        line.add(each)
    return line, jobs


def take(line: WaitingLine) -> Job:
    first = line.first()
    line.take(first)
    return first


def taken(line: WaitingLine) -> list[str]:
    return [take(line).request.client for _ in range(len(line))]


def test_clients_take_turns_whatever_each_has_asked_for():
    assert taken(line_of("hog", "hog", "hog", "Ann", "Bo")[0]) == ["hog", "Ann", "Bo", "hog", "hog"]


def test_the_teacher_is_always_next():
    line, _ = line_of("Ann", "Bo", TEACHER, TEACHER)
    assert taken(line) == [TEACHER, TEACHER, "Ann", "Bo"]


def test_who_leaves_is_in_no_line():
    line, jobs = line_of("Ann", "Ann", "Bo")
    line.discard(jobs[0])
    line.discard(job("nobody"))
    assert line.in_order() == [jobs[1], jobs[2]]
    line.discard(jobs[1])
    assert taken(line) == ["Bo"]


def test_while_the_first_waits_for_slots_others_may_go_before_it_and_nobody_before_oneself(monkeypatch):
    line, jobs = line_of("Ann", "Ann", "Bo", "Chen", "Bo")
    assert line.next(lambda job: True) is jobs[0]
    assert line.next(lambda job: job is not jobs[0]) is jobs[2]
    assert line.next(lambda job: job is jobs[1]) is None
    line.take(jobs[2])
    assert line.in_order() == [jobs[0], jobs[3], jobs[4], jobs[1]]
    monkeypatch.setattr(module, "OVERTAKEN_SECONDS", -1.0)
    assert line.next(lambda job: job is not jobs[0]) is None
    assert line.next(lambda job: True) is jobs[0]


@given(st.lists(st.sampled_from(CLIENTS), max_size=30), st.data())
def test_the_line_shown_is_the_line_taken(clients: list[str], data: st.DataObject):
    line, jobs = line_of(*clients)
    for gone in data.draw(st.lists(st.sampled_from(jobs), max_size=5)) if jobs else ():
        line.discard(gone)
    shown = line.in_order()
    assert len(shown) == len(line)
    assert [take(line) for _ in range(len(line))] == shown
    for client in CLIENTS:  # each client's own in the order they came
        own = [each for each in shown if each.request.client == client]
        assert own == [each for each in jobs if each in own]


def test_others_go_before_one_who_needs_many_slots_for_two_seconds(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    line, jobs = line_of("Ann", "Bo")

    def small(job):
        return job is jobs[1]

    for at, next_job in ((100.0, jobs[1]), (101.0, jobs[1]), (102.0, jobs[1]), (102.1, None), (200.0, None)):
        clock.now = at
        assert line.next(small) is next_job
    assert line.next(lambda job: True) is jobs[0]
