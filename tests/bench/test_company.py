"""Beside busy programs: who is measured when, who is given up, and that no program is left behind."""

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from app.bench import company as module
from app.bench import turns
from app.bench.company import busy_programs, company
from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.load import Load
from app.bench.results import Beside
from tests.bench.peer import peer
from tests.bench.test_command import run
from tests.live import serve, wait_until

PATIENCE = 2.0  # seconds
ROOT = Path(__file__).resolve().parents[2]
ORDER = [
    (phase, streams) for phase in ("quiet", "beside one", "beside two", "afterwards") for streams in (1, 8)
]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the waits that are for a real machine, and without the busy programs: the tests beside this one
    keep it busy as it is."""
    monkeypatch.setattr(turns, "_REST_SECONDS", 0)
    monkeypatch.setattr(module, "_SETTLE_SECONDS", dict.fromkeys(module.PHASES, 0.0))
    monkeypatch.setattr(module, "_LEAST_PATIENCE", PATIENCE)
    monkeypatch.setattr(module, "busy_programs", lambda _: busy_programs(0))


async def measured(*peers, failed: list[ServerFailed], repeats: int = 2) -> list[Beside]:
    """What is told of these servers, named a, b ..."""
    told: list[Beside] = []
    async with AsyncExitStack() as stack:
        servers = {}
        for name, port in zip("ab", peers, strict=False):
            servers[name] = await stack.enter_async_context(Endpoint(f"http://127.0.0.1:{port}", name))
            await servers[name].introduce()
        await company(servers, Load(tokens=6), repeats, failed.append, told.append)
    return told


async def test_every_server_is_measured_in_every_phase(at_once: None):
    failed: list[ServerFailed] = []
    with serve(peer()) as first, serve(peer()) as second:
        told = await measured(first, second, failed=failed)
    assert [(each.phase, each.streams) for each in told if each.server == "a"] == ORDER
    assert [each.server for each in told] == ["a", "b"] * len(ORDER)
    assert all(each.in_time and each.tokens_per_second > 0 and each.gap_p95 > 0 for each in told)
    assert failed == []


async def test_a_server_that_stalls_is_given_up_in_each_phase_and_holds_nobody_up(at_once: None):
    failed: list[ServerFailed] = []
    quiet = 2 * (1 + 8) + 1 + 8  # requests: two rounds of each and a warm-up of each
    site = peer(fault="stall", after=quiet)
    with serve(site) as stalls, serve(peer()) as works:
        told = await measured(stalls, works, failed=failed)
    assert [(each.server, each.in_time) for each in told[:4]] == [("a", True), ("b", True)] * 2
    later = [each for each in told[4:] if each.server == "a"]
    assert [each.in_time for each in later] == [False] * 6
    assert [each.tokens_per_second for each in later] == [6 / PATIENCE, 48 / PATIENCE] * 3  # at most
    assert all(each.in_time for each in told if each.server == "b")
    assert len(site.state.bodies) == quiet + 3 * (1 + 8)  # one round of each, no second one
    assert failed == []


async def test_a_server_that_fails_is_out(at_once: None):
    failed: list[ServerFailed] = []
    with serve(peer(fault="error", after=12)) as fails, serve(peer()) as works:
        told = await measured(fails, works, failed=failed, repeats=1)
    assert [each.server for each in told] == ["a", *"b" * len(ORDER)]
    assert len(failed) == 1


async def test_so_many_programs_are_busy_as_the_phase_says(at_once: None, monkeypatch: pytest.MonkeyPatch):
    counts: list[int] = []

    def counted(count: int):
        counts.append(count)
        return busy_programs(0)

    monkeypatch.setattr(module, "busy_programs", counted)
    with serve(peer()) as port:
        await measured(port, failed=[], repeats=1)
    assert counts == [0, 1, 2, 0]


def test_busy_programs_use_the_processor_and_end_with_the_block():
    with pytest.raises(KeyError), busy_programs(2) as programs:
        wait_until(lambda: all(used(each.pid) > 0.2 for each in programs), seconds=20)
        raise KeyError
    assert [each.poll() is not None for each in programs] == [True, True]


def used(pid: int) -> float:
    """Seconds of processor time."""
    return psutil.Process(pid).cpu_times().user


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_busy_programs_do_not_outlive_a_bench_that_is_killed():
    script = (
        "from app.bench.company import busy_programs\n"
        "with busy_programs(1) as programs:\n"
        "    print(programs[0].pid, flush=True)\n"
        "    input()\n"
    )
    bench = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    busy = psutil.Process(int(bench.stdout.readline()))
    bench.send_signal(signal.SIGKILL)
    bench.communicate()
    wait_until(lambda: not busy.is_running() or busy.status() == psutil.STATUS_ZOMBIE)


def test_the_command_measures_company_when_asked(tmp_path: Path):
    ran = run(tmp_path, "--engine", "fake", "--only", "company", "--tokens", "6", "--repeats", "1")
    assert ran.code == 0, ran.err
    assert [(each["phase"], each["streams"]) for each in ran.data["company"]] == ORDER
    assert {each["server"] for each in ran.data["company"]} == {"this server"}
    assert "Beside programs that keep a core busy each" in ran.out
    assert ran.data["servers"][0]["levels"] == []
