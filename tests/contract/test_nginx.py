"""Through Debian's nginx, with the block that docs/classroom.md gives. Promise 40."""

import asyncio
import math
import time
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest

from tests.kit.nginx import nginx
from tests.kit.program import Program, program
from tests.kit.rounds import rounds
from tests.kit.stream import Reply, ask

NAME = "class.test"
PAGES = {"Host": NAME, "Origin": f"http://{NAME}"}  # what a browser sends that opened http://class.test
LONG = {"prompt": "Once", "max_tokens": 400, "ignore_eos": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("behind")
    with program(folder, "--ms-per-token", "20", slots=4, public_address=f"http://{NAME}") as running:
        yield running


@pytest.fixture(scope="module", params=[False, True], ids=["as in the docs", "proxy_pass alone"])
def port(request: pytest.FixtureRequest, server: Program, tmp_path_factory) -> Iterator[int]:
    with nginx(tmp_path_factory.mktemp("nginx") / "it", server.port, NAME, bare=request.param) as port:
        yield port


def gap_p95(reply: Reply) -> float:
    """Of the seconds between tokens."""
    times = [event.at for event in reply.events if event.name == "token"]
    gaps = sorted(after - before for before, after in pairwise(times))
    return gaps[math.ceil(len(gaps) * 0.95) - 1]


async def test_a_stream_flows_as_it_does_without(server: Program, port: int, figure):
    body = {**LONG, "max_tokens": rounds(60, 300), "seed": 618}
    direct = await ask(server.port, "/api/completions", body)
    through = await ask(port, "/api/completions", body, headers=PAGES)
    assert through.tokens == direct.tokens and through.terminal == direct.terminal == ["done"]
    figure(
        f"p95 between tokens {gap_p95(direct) * 1000:.1f} ms direct, {gap_p95(through) * 1000:.1f} ms through"
    )
    assert gap_p95(through) < gap_p95(direct) + 0.1
    assert through.first_token < direct.first_token + 0.1


async def test_closing_the_tab_reaches_the_model(server: Program, port: int, figure):
    slowest = 0.0
    for _ in range(rounds(3, 20)):
        server.until(lambda books: books["pg_running"] == 0)
        reply = await ask(
            port, "/api/completions", LONG, headers=PAGES, leave=lambda reply: len(reply.tokens) > 3
        )
        left = time.monotonic()
        assert reply.status == 200 and reply.terminal == []
        server.until(lambda books: books["pg_running"] == 0, 2)
        slowest = max(slowest, time.monotonic() - left)
    figure(f"place free within {slowest * 1000:.0f} ms at worst")
    assert slowest < 0.5


def test_this_sites_pages_may_post_and_no_others(port: int):
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for origin, status in ((f"http://{NAME}", 200), ("http://evil.test", 403), ("null", 403)):
            headers = {"Host": NAME, "Origin": origin}
            assert http.post("/api/next-token", json={"prompt": "x"}, headers=headers).status_code == status


async def test_many_students_come_through_at_once(server: Program, port: int):
    body = {**LONG, "max_tokens": 5}
    replies = await asyncio.gather(
        *(ask(port, "/api/completions", body, client=f"tab-{i}", headers=PAGES) for i in range(60))
    )
    assert [reply.terminal for reply in replies] == [["done"]] * 60


def test_what_the_settings_are_for(server: Program, tmp_path):
    """Long texts come through, and one machine's wrong guesses lock nobody else out."""
    with nginx(tmp_path / "it", server.port, NAME) as port:
        address = f"http://127.0.0.1:{port}"
        long_text = {"text": "词元" * 225_000, "encoding": "gpt2"}
        headers = {**PAGES, "Accept": "application/octet-stream"}
        reply = httpx.post(f"{address}/api/tokenize", json=long_text, headers=headers, timeout=30)
        assert (reply.status_code, reply.headers["x-characters"]) == (200, "450000")
        guesser = httpx.Client(base_url=address, transport=httpx.HTTPTransport(local_address="127.0.0.2"))
        with guesser:
            wrong = [guesser.get("/api/status", headers={**PAGES, "X-Teacher": "guess"}) for _ in range(11)]
        assert [reply.status_code for reply in wrong] == [401] * 10 + [429]
        teacher = {**PAGES, "X-Teacher": server.secret}
        assert httpx.get(f"{address}/api/status", headers=teacher).status_code == 200
