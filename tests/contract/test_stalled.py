"""Fifty readers that never read: each holds little, none disturbs a neighbour. Promise 8."""

import asyncio
import json
from collections.abc import Iterator

import psutil
import pytest

from app import server
from app.engine.fake import FakeEngine
from app.engine.serving.threaded_engine import MAX_UNREAD
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.kit import raw
from tests.kit.rounds import rounds, within
from tests.kit.stream import Reply, ask
from tests.live import post, serve, wait_until
from tests.site import OneModel

STALLED = 50


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine(ByteTokenizer(), slots=60, queue=10, context_length=1024, ms_per_token=10)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def port(engine: FakeEngine) -> Iterator[int]:
    with serve(create_app(Settings(engine="fake"), OneModel(engine))) as port:
        yield port


async def neighbours(port: int) -> float:
    """95th percentile of the seconds between two tokens, over eight readers."""
    body = {"prompt": "Max", "max_tokens": 100, "ignore_eos": True}
    replies: list[Reply] = await asyncio.gather(
        *(ask(port, "/api/completions", body, client=f"n{number}") for number in range(8))
    )
    gaps = []
    for reply in replies:
        assert reply.terminal == ["done"]
        heard = [event.at for event in reply.events if event.name == "token"]
        gaps += [later - earlier for earlier, later in zip(heard, heard[1:], strict=False)]
    return sorted(gaps)[len(gaps) * 95 // 100]


async def test_fifty_stalled_readers_disturb_nobody(port: int, engine: FakeEngine, monkeypatch, figure):
    monkeypatch.setattr(server, "STALL_SECONDS", float(rounds(12, 20)))
    times = rounds(1, 3)  # the best of them: what else runs on the machine comes and goes
    alone = min([await neighbours(port) for _ in range(times)])
    memory = psutil.Process().memory_info().rss
    body = json.dumps({"prompt": "Once", "max_tokens": 900, "ignore_eos": True, "logprobs": 50}).encode()
    stalled = [
        raw.connect(port, post("/api/completions", body, f"X-Client: stalled-{number}"), receive_buffer=2048)
        for number in range(STALLED)
    ]
    wait_until(lambda: engine.stats().running == STALLED)
    while any(mailbox.unread < MAX_UNREAD - 1 for mailbox in engine._open.values()):
        await asyncio.sleep(0.1)  # until each is as far behind as it may be
    most = max(mailbox.unread for mailbox in engine._open.values())
    beside = min([await neighbours(port) for _ in range(times)])
    grown = psutil.Process().memory_info().rss - memory
    still = engine.stats().running
    wait_until(lambda: engine.stats().running == 0, 30)
    figure(
        f"{still} stalled readers, {most} events held each, {grown / 1e6:.0f} MB more; "
        f"p95 between tokens: alone {alone * 1000:.1f} ms, beside them {beside * 1000:.1f} ms"
    )
    assert still == STALLED and most <= MAX_UNREAD
    assert beside < 1.3 * alone + within(0.02, 0.0)
    assert grown < within(100e6, 50e6)  # this process is the readers' too
    assert all(map(raw.is_closed, stalled))
    for each in stalled:
        each.close()
