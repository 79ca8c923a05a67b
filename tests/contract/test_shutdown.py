"""SIGTERM drains and says goodbye; kill -9 is harmless. Promises 10 and 13."""

import asyncio
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from app.pages.presets import read_presets
from tests.kit.program import Program, program
from tests.kit.raw import connect, half_body, half_head
from tests.kit.rounds import rounds, within
from tests.kit.stream import Reply, ask

GRACE = 1.0
PATIENCE = within(5.0, 2.0)  # after the grace
ENDLESS = {"prompt": "Once", "max_tokens": 900, "ignore_eos": True}  # 18 s of 20 ms
EXPERIMENTS = {  # with the kind of part that comes when the model has begun; both take longer than the grace
    "universes": ({"prompt": "Once upon a time", "max_tokens": 64}, "opening"),
    "few-shot": (next(each.request for each in read_presets("few_shot")), "questions"),
}


async def begun(
    server: Program,
    body: dict,
    tokens: int = 0,
    *,
    path: str = "/api/completions",
    event: str = "",
    client: str = "",
) -> asyncio.Task[Reply]:
    """A stream that has written so many tokens already, or this event."""
    there = asyncio.Event()

    def look(reply: Reply) -> bool:
        if len(reply.tokens) >= tokens and (not event or event in (heard.name for heard in reply.events)):
            there.set()
        return False

    task = asyncio.create_task(ask(server.port, path, body, leave=look, client=client))
    await asyncio.wait_for(there.wait(), 20)
    return task


async def stop(server: Program, sig: int = signal.SIGTERM) -> tuple[int, float]:
    return await asyncio.to_thread(server.stop, sig)


@pytest.mark.parametrize("tokens", [0, 20])
async def test_a_running_stream_is_told_goodbye_within_the_grace(tmp_path: Path, tokens: int, figure):
    with program(tmp_path, "--ms-per-token", "20", shutdown_seconds=GRACE) as server:
        task = await begun(server, ENDLESS, tokens)
        code, seconds = await stop(server)
        reply = await task
    figure(f"SIGTERM after {tokens} tokens: exit code {code} after {seconds:.2f} s with {GRACE:g} s of grace")
    assert code == 0
    assert seconds < GRACE + PATIENCE
    assert reply.terminal == ["error"]
    assert reply.error["code"] == "shutdown"
    assert reply.ended


async def test_who_waits_in_the_queue_is_told_goodbye_too(tmp_path: Path, figure):
    with program(tmp_path, "--ms-per-token", "20", slots=1, queue=5, shutdown_seconds=GRACE) as server:
        tasks = [await begun(server, ENDLESS, 1, client="runs")]
        tasks += [await begun(server, ENDLESS, event="queued", client=f"waits-{i}") for i in range(3)]
        code, seconds = await stop(server)
        replies = await asyncio.gather(*tasks)
    figure(f"SIGTERM with one running and three waiting: exit code {code} after {seconds:.2f} s")
    assert code == 0
    assert seconds < GRACE + PATIENCE
    assert [bool(reply.tokens) for reply in replies] == [True, False, False, False]
    for reply in replies:
        assert reply.terminal == ["error"]
        assert reply.error["code"] == "shutdown"
        assert reply.ended


@pytest.mark.parametrize("name", EXPERIMENTS)
async def test_a_running_experiment_is_told_goodbye_too(tmp_path: Path, name: str, figure):
    body, part = EXPERIMENTS[name]
    with program(tmp_path, "--ms-per-token", "100", shutdown_seconds=GRACE) as server:
        task = await begun(server, body, path=f"/api/experiments/{name}", event=part)
        code, seconds = await stop(server)
        reply = await task
    parts = [heard.name for heard in reply.events]
    figure(f"SIGTERM while {name} runs: exit code {code} after {seconds:.2f} s, {len(parts)} events")
    assert code == 0
    assert seconds < GRACE + PATIENCE
    assert reply.terminal == ["error"]
    assert reply.error["code"] == "shutdown"
    assert parts[-1] == "error" and reply.ended


async def test_a_stream_that_ends_within_the_grace_is_whole_and_nobody_new_is_let_in(tmp_path: Path):
    with program(tmp_path, "--ms-per-token", "20", shutdown_seconds=10) as server:
        task = await begun(server, ENDLESS | {"max_tokens": 60}, 1)
        stopping = asyncio.create_task(stop(server))
        await asyncio.sleep(0.3)
        ready = await ask(server.port, "/readyz")
        assert (ready.status, ready.error["code"]) == (503, "shutdown")
        late = await ask(server.port, "/api/completions", ENDLESS)
        assert (late.status, late.error["code"]) == (503, "shutdown")
        assert (await ask(server.port, "/livez")).status == 200
        assert (await task).terminal == ["done"]
        code, seconds = await stopping
    assert code == 0
    assert seconds < 10 + PATIENCE


def test_idle_tabs_and_half_requests_do_not_delay_the_end(tmp_path: Path):
    with program(tmp_path, shutdown_seconds=GRACE) as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        tabs = [connect(server.port, b"") for _ in range(3)]
        kept_alive = connect(server.port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert kept_alive.recv(65536)
        halves = [half_head(server.port), half_body(server.port)]
        code, seconds = server.stop()
        for each in (*tabs, kept_alive, *halves):
            each.close()
    assert code == 0
    assert seconds < GRACE + PATIENCE
    assert not [child for child in family if child.is_running()]


async def test_a_second_interrupt_ends_it_at_once(tmp_path: Path):
    with program(tmp_path, "--ms-per-token", "20", shutdown_seconds=60) as server:
        task = await begun(server, ENDLESS, 1)
        server.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert server.process.poll() is None
        code, seconds = await stop(server, signal.SIGINT)
        await task
    assert code == 0
    assert seconds < PATIENCE  # 60 s of grace are cut short


async def test_a_hung_model_does_not_delay_the_end(tmp_path: Path):
    with program(tmp_path, "--hang-at", "5", shutdown_seconds=GRACE) as server:
        task = await begun(server, ENDLESS, 2)
        code, seconds = await stop(server)
        assert (await task).terminal != ["done"]
    assert code == 0
    assert seconds < GRACE + PATIENCE


async def test_killed_servers_leave_nothing_behind(tmp_path: Path, figure):
    """Each is killed under load; the next one starts on the same port and in the same folder."""
    starts = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for _ in range(rounds(3, 20)):
        started = time.monotonic()
        with program(tmp_path, "--ms-per-token", "5", "--port", str(port)) as server:
            starts.append(time.monotonic() - started)
            tasks = [await begun(server, ENDLESS, 1) for _ in range(3)]
            code, _ = await stop(server, signal.SIGKILL)
            replies = await asyncio.gather(*tasks)
        assert code == -signal.SIGKILL
        assert not any(reply.ended or reply.terminal for reply in replies)  # each is seen to be cut off
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["err", "out"]  # no lock, no temporary file
    again = max(starts[1:])
    figure(f"killed {len(starts)} times: ready {again:.1f} s after the next start at worst")
    assert again < within(15.0, 5.0)
