"""How many cores others use, how many they are left, and that the engine follows."""

import math
import subprocess
import sys
import threading
from collections import namedtuple

import pytest

from app.engine.contract.outputs import Cores
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.fake import ScriptedRunner
from app.engine.serving import cores
from app.engine.serving.cores import CoreWatch, Look, busy_seconds, left_to_others, used_by_others
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from tests.engine.conftest import ByteVocabulary

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal")
VOCABULARY = ByteVocabulary()


def watch_of(count: int, threads: int | None = None) -> CoreWatch:
    watch = CoreWatch(threads)
    watch.count = count
    return watch


def company(watch: CoreWatch, others: float, looks: int = 4) -> None:
    """So many looks, a quarter of a second apart, while other programs use so many cores."""
    last = watch._looks[-1] if watch._looks else Look(0.0, 0.0, 0.0)
    for number in range(1, looks + 1):
        later = 0.25 * number
        watch.look(Look(last.at + later, last.used + (others + 0.5) * later, last.own + 0.5 * later))


def test_what_this_process_does_is_not_others():
    assert used_by_others([Look(10.0, 50.0, 20.0), Look(10.5, 51.0, 20.25)]) == 1.5
    assert used_by_others([Look(10.0, 50.0, 20.0), Look(10.5, 51.0, 21.0)]) == 0.0


def test_clocks_that_stand_still_or_go_back_are_no_company():
    assert used_by_others([Look(10.0, 50.0, 20.0)]) == 0.0
    assert used_by_others([Look(10.0, 50.0, 20.0), Look(10.5, 50.2, 20.3)]) == 0.0


def test_waiting_for_a_disk_and_another_machines_time_are_no_use_of_a_core():
    assert busy_seconds([Times(1, 2, 4, 8, 16, 32, 64, 128)] * 2) == 2 * (1 + 2 + 4 + 32 + 64)
    assert busy_seconds([namedtuple("Windows", "user system idle")(1, 2, 4)]) == 3


@pytest.mark.parametrize(
    ("others", "left"),
    [(0.0, 0), (0.3, 0), (0.39, 0), (0.41, 1), (1.0, 1), (1.3, 1), (1.41, 2), (7.9, 8)],
)
def test_programs_that_use_nearly_half_a_core_are_left_one(others: float, left: int):
    assert left_to_others(others, before=0) == left


@pytest.mark.parametrize(
    ("others", "before", "left"),
    [(1.0, 1, 1), (0.35, 1, 1), (0.29, 1, 0), (0.0, 3, 0), (1.31, 2, 2), (1.29, 2, 1), (0.4, 3, 1)],
)
def test_a_core_is_taken_back_only_when_it_is_clearly_free(others: float, before: int, left: int):
    assert left_to_others(others, before) == left


def test_a_use_about_the_threshold_changes_nothing_once_it_is_decided():
    for before in (0, 1):
        left, seen = before, set()
        for number in range(100):
            left = left_to_others(0.35 + 0.04 * math.sin(number), left)
            seen.add(left)
        assert seen == {before}


def test_the_model_leaves_cores_while_others_use_them():
    watch = watch_of(2)
    assert watch.threads(2) == 2
    company(watch, 1.0, looks=3)
    assert watch.threads(2) == 1
    company(watch, 2.0)
    assert watch.threads(2) == 1  # never none
    company(watch, 0.1, looks=3)  # the looks of half a second, and nothing of what was before
    assert watch.threads(2) == 2


def test_cores_that_the_model_would_not_use_are_not_missed():
    watch = watch_of(8)
    company(watch, 3.0)
    assert (watch.threads(4), watch.threads(8)) == (4, 5)
    assert not watch.told(4).crowded and watch.told(8).crowded
    assert watch.told(0) == Cores(count=8, others=pytest.approx(3.0), threads=0, crowded=False)  # on a GPU


def test_a_fixed_number_of_threads_stays():
    watch = watch_of(2, threads=2)
    company(watch, 1.0)
    assert watch.threads(2) == 2
    assert watch.told(2).crowded
    assert not watch_of(2, threads=1).told(2).crowded


@pytest.mark.timeout(30)
def test_a_busy_program_is_noticed_by_a_running_watch():
    watch, seen = CoreWatch(), threading.Event()
    look = watch.look

    def watched(each: Look) -> None:
        look(each)
        if watch.others > 0.2:
            seen.set()

    watch.look = watched
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        watch.start()
        try:
            assert seen.wait(20)
        finally:
            watch.stop()
            busy.kill()


def test_a_system_that_hides_its_clocks_is_taken_for_quiet(monkeypatch: pytest.MonkeyPatch, caplog):
    def hidden(percpu: bool) -> None:
        raise PermissionError

    monkeypatch.setattr(cores.psutil, "cpu_times", hidden)
    watch = watch_of(4)
    watch._watch()  # comes back
    assert (watch.others, watch.threads(4)) == (0.0, 4)
    assert "PermissionError" in caplog.text


class Recording(ScriptedRunner):
    """Notes what it is told, and by which thread."""

    most_threads = 4

    def __init__(self) -> None:
        super().__init__(VOCABULARY)
        self.told: list[tuple[int, str]] = []

    def use_threads(self, count: int) -> None:
        self.told.append((count, threading.current_thread().name))


@pytest.mark.parametrize("most", [4, 0])
async def test_the_engine_tells_its_runner_of_changes_alone_on_its_own_thread(most: int):
    watch, runner = watch_of(4), Recording()
    runner.most_threads = most
    engine = ThreadedEngine(
        runner, VOCABULARY, name="told", description={}, limits=EngineLimits(), cores=watch
    )

    async def write() -> None:
        request = GenerationRequest(tuple(b"Once upon"), SamplingParams(max_tokens=5))
        async for _ in engine.generate(request):
            pass

    try:
        await write()
        await write()
        company(watch, 1.2)
        await write()
        assert engine.stats().cores == Cores(4, pytest.approx(1.2), 3 if most else 0, crowded=bool(most))
        company(watch, 0.0)
        await write()
        name = "engine-told"
        assert runner.told == ([(4, name), (3, name), (4, name)] if most else [])
    finally:
        engine.close()
