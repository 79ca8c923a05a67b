"""What goes wrong stays with whom it went wrong for, and is said once. Promises 9, 11, 12 and 14."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.kit.program import Program, program
from tests.kit.proxy import Fault, faulty_proxy
from tests.kit.raw import half_body, half_head
from tests.kit.rounds import rounds
from tests.kit.stream import Reply, ask

SHORT = {"prompt": "Once", "max_tokens": 12, "ignore_eos": True}
LEAKS = (
    "Traceback", "Error(", "RuntimeError", "MemoryError", "DeviceLost", "/site-packages/", "app/", "told to",
)  # fmt: skip


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("failing"), "--ms-per-token", "1", "--fail-at", "23") as running:
        yield running


async def test_a_failing_step_is_one_clean_error_and_the_next_request_works(failing: Program):
    ends = []
    for _ in range(12):
        reply = await ask(failing.port, "/api/completions", SHORT | {"prompt": "a secret"})
        assert len(reply.terminal) == 1 and reply.ended
        ends.append(reply.terminal[0])
        if reply.terminal == ["error"]:
            assert reply.error["code"] == "internal" and reply.error["message"]
            assert not [leak for leak in (*LEAKS, "secret") if leak in str(reply.events[-1].data)]
    assert {"done", "error"} == set(ends)
    whole = [await ask(failing.port, "/v1/completions", SHORT) for _ in range(6)]
    assert {reply.status for reply in whole} == {200, 500}
    for reply in whole:
        if reply.status == 500:
            assert not [leak for leak in LEAKS if leak in reply.body.decode()]
    assert "secret" not in failing.output()


@pytest.fixture
def often_failing(tmp_path: Path) -> Iterator[Program]:
    """A pass that reads and writes is tried again in halves, so that fewer fail than are told to."""
    with program(tmp_path, "--ms-per-token", "1", "--fail-at", "8") as running:
        yield running


async def test_streams_under_random_faults_never_end_silently_as_success(often_failing: Program, figure):
    """Steps that fail, and a line that is cut: `done` is seen if and only if every token came."""
    chance, count = random.Random(11), rounds(300, 1000)

    def fault(_: int) -> Fault:
        cut = chance.randrange(100, 6000) if chance.random() < 0.4 else None
        return Fault(cut_after=cut, pieces=chance.choice([None, 1, 7, 100]))

    gate = asyncio.Semaphore(25)

    async def student(port: int, number: int) -> Reply:
        async with gate:
            return await ask(port, "/api/completions", SHORT | {"seed": number}, client=f"s{number % 40}")

    async with faulty_proxy(often_failing.port, fault) as proxy:
        replies = await asyncio.gather(*(student(proxy.port, number) for number in range(count)))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    ends = {"done": 0, "error": 0, "cut off": 0}
    for reply in replies:
        assert len(reply.terminal) <= 1
        end = reply.terminal[0] if reply.terminal else "cut off"
        ends[end] += 1
        assert (end == "done") == (len(reply.tokens) == 12 and bool(reply.terminal) and end != "error")
        if not reply.terminal:
            assert not reply.ended
    figure(f"{count} streams under faults: {ends}")
    assert min(ends.values()) > count / 20
    often_failing.until(lambda metrics: metrics["pg_running"] == 0)


async def test_too_little_memory_is_contained(tmp_path: Path, figure):
    with program(tmp_path, "--ms-per-token", "1", "--oom-at", "10") as server:
        whole = {"prompt": "Once", "max_tokens": 5, "ignore_eos": True}
        replies = [await ask(server.port, "/v1/completions", whole) for _ in range(6)]
        refused = [reply for reply in replies if reply.status != 200]
        assert refused and len(refused) < 6
        for reply in refused:
            assert (reply.status, reply.error["code"]) == (503, "overloaded_memory")
            assert int(reply.headers["retry-after"]) > 0
            assert "MemoryError" not in reply.body.decode()
        streamed = [await ask(server.port, "/api/completions", whole) for _ in range(6)]
        errors = [reply.error["code"] for reply in streamed if reply.terminal == ["error"]]
        assert set(errors) == {"overloaded_memory"}
        assert replies[replies.index(refused[0]) + 1].status == 200
        assert server.get("/readyz").status_code == 200


async def test_a_lost_device_is_said_and_the_program_ends_for_its_supervisor(tmp_path: Path, figure):
    """Who runs, who waits and who comes late each hear it once; an exit code of 1 has it started again."""
    endless = {"prompt": "Once", "max_tokens": 900, "ignore_eos": True}
    with program(tmp_path, "--ms-per-token", "20", "--die-at", "60", slots=2) as server:
        asking = [
            asyncio.create_task(ask(server.port, "/api/completions", endless, client=f"s{number}"))
            for number in range(3)
        ]
        unready, late = 0.0, None
        async with asyncio.timeout(30):
            while server.process.poll() is None:
                with contextlib.suppress(OSError):  # nobody listens any more
                    ready = await ask(server.port, "/readyz")
                    if ready.status == 503 and not unready:
                        unready = time.monotonic()
                        late = await ask(server.port, "/v1/completions", SHORT)
                        assert ready.error["code"] == "model_not_ready"
                await asyncio.sleep(0.02)
        ended = time.monotonic()
        replies = await asyncio.gather(*asking)
        assert server.process.returncode == 1
        died = min(reply.events[-1].at for reply in replies)
    figure(f"a lost device: /readyz 503 after {unready - died:.2f} s, exit code 1 after {ended - died:.2f} s")
    assert unready and unready - died < 1
    assert ended - died < 5
    assert sorted(bool(reply.tokens) for reply in replies) == [False, True, True]
    for reply in replies:
        assert reply.terminal == ["error"] and reply.events[-1].name == "error" and reply.ended
        assert set(reply.error) == {"code", "message"} and reply.error["code"] == "model_not_ready"
        assert not [leak for leak in LEAKS if leak in str(reply.error)]
    assert late and (late.status, late.error["code"]) == (503, "model_not_ready")
    last = server.output().splitlines()[-1]
    assert last == "error: fake has lost the device it ran on; the server has to be started again"


HELD_UP = """
import time
from app.__main__ import main
from app.engine.serving.scheduler import Scheduler
from app.host import ModelHost

Scheduler._admit = lambda scheduler: 1 / 0
ModelHost.close = lambda host, reason=None: time.sleep(60)
main()
"""


async def test_where_the_engines_thread_ends_the_program_does_whatever_holds_it_up(tmp_path: Path, figure):
    with program(tmp_path, altered=HELD_UP) as server:
        reply = await ask(server.port, "/v1/completions", SHORT)
        died = time.monotonic()
        assert (reply.status, reply.error["code"]) == (503, "model_not_ready")
        assert await asyncio.to_thread(server.process.wait, 20) == 1
        seconds = time.monotonic() - died
        figure(f"the engine's thread ended and the rest was held up: exit code 1 after {seconds:.2f} s")
        assert seconds < 5


async def test_a_hung_model_ends_everybody_at_the_deadline(tmp_path: Path):
    with program(tmp_path, "--hang-at", "8", deadline_seconds=1, hang_seconds=6, slots=2) as server:
        started = time.monotonic()
        replies = await asyncio.gather(
            *(ask(server.port, "/api/completions", SHORT, client=f"s{i}") for i in range(4))
        )
        assert time.monotonic() - started < 5
        for reply in replies:
            assert reply.terminal == ["done"]
            assert set(reply.events[-1].data["finish_reasons"]) == {"timeout"}
        assert server.get("/livez").status_code == 200
        server.until(lambda metrics: metrics["pg_running"] == metrics["pg_waiting"] == 0)
        metrics = server.metrics()
        assert metrics["pg_requests_total[timeout]"] == metrics["pg_accepted_total"] == 4
        again = await ask(server.port, "/api/completions", SHORT | {"max_tokens": 2})
        assert again.terminal == ["done"] and len(again.tokens) == 2


def test_three_hundred_half_requests_hold_nobody_up(failing: Program, figure):
    slow = [half_head(failing.port) for _ in range(150)] + [half_body(failing.port) for _ in range(150)]
    waits = []
    for _ in range(100):
        started = time.monotonic()
        assert failing.get("/livez").status_code == 200
        waits.append(time.monotonic() - started)
    assert failing.get("/").status_code == 200
    metrics = failing.metrics()
    assert metrics["pg_running"] == metrics["pg_waiting"] == 0  # half a request has no place
    figure(f"/livez beside 300 half requests: p99 {sorted(waits)[98] * 1000:.0f} ms")
    assert sorted(waits)[98] < 1.0  # 0.3 s where nothing else runs
    for each in slow:
        each.close()


async def test_nobody_on_this_machine_can_invent_an_address(failing: Program):
    """Else each guess at the secret would be the first of its address."""
    guesses = [
        await ask(
            failing.port, "/api/status", headers={"X-Teacher": "guess", "X-Forwarded-For": f"10.0.0.{n}"}
        )
        for n in range(11)
    ]
    assert [reply.status for reply in guesses] == [401] * 10 + [429]


def test_a_class_may_open_more_files_than_a_program_is_given(tmp_path: Path):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with program(tmp_path) as server:
            given = psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert given == (min(hard, 8192), hard)
