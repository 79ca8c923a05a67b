"""Many at once, on a running server."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.doctor import listen
from app.pages.presets import read_presets
from tests.event_stream import events
from tests.kit.program import program
from tests.kit.stream import ask
from tests.live import wait_until


@pytest.fixture(scope="module")
def ms_per_token() -> float:
    return 2.0


def ids(http: httpx.Client, prompt: str, seed: int) -> list[int]:
    body = {"prompt": prompt, "seed": seed, "max_tokens": 60, "temperature": 1.5}
    stream = events(http.post("/api/completions", json=body).text)
    assert [name for name, _ in stream if name in ("done", "error")] == ["done"]
    assert stream[-1][0] == "done"
    return [data["id"] for name, data in stream if name == "token"]


def test_eight_students_at_once_each_get_the_text_they_get_alone(http: httpx.Client, engine):
    questions = [
        (f"{name} said", seed)
        for seed, name in enumerate(("Ann", "Bo", "Chen", "Di", "Eve", "Fu", "Gil", "Ha"))
    ]
    alone = [ids(http, *question) for question in questions]
    with ThreadPoolExecutor(8) as students:
        together = list(students.map(lambda question: ids(http, *question), questions))
    assert together == alone
    assert len({tuple(text) for text in alone}) == 8
    wait_until(lambda: engine.stats().running == 0, 1)


def test_thirty_students_with_the_same_question_are_one_computation(http: httpx.Client, engine):
    question = {
        "prompt": "Our town lies on the river",
        "n": 4,
        "max_tokens": 12,
        "seed": 5,
        "temperature": 0.9,
    }
    before = engine.stats().tokens_total

    def ask(_: int) -> str:
        return http.post("/api/experiments/universes", json=question).text

    with ThreadPoolExecutor(30) as students:
        told = list(students.map(ask, range(30)))
    assert events(told[0])[-1][0] == "done"
    assert [events(one)[-2] for one in told] == [events(told[0])[-2]] * 30
    assert 0 < engine.stats().tokens_total - before <= 4 * 12


def test_long_texts_do_not_hold_up_the_others(http: httpx.Client, port: int):
    stop = threading.Event()
    body = json.dumps({"prompt": "never mind the gap " * 50_000})

    def paste() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as own:
            while not stop.is_set():
                own.post("/api/next-token", content=body, headers={"Content-Type": "application/json"})

    pasting = threading.Thread(target=paste)
    pasting.start()
    waits = []
    try:
        for _ in range(40):
            started = time.monotonic()
            assert http.get("/livez").status_code == 200
            waits.append(time.monotonic() - started)
            time.sleep(0.01)
    finally:
        stop.set()
        pasting.join()
    assert sorted(waits)[len(waits) * 9 // 10] < 0.25


def test_what_was_asked_leaves_no_trace(http: httpx.Client, capfd):
    canary = "xyzzy plugh"
    for path, fields in (
        ("/api/completions", {"max_tokens": 2}),
        ("/api/completions", {"temperature": 99}),
        ("/api/score", {}),
        ("/api/next-token", {}),
        ("/v1/completions", {"max_tokens": 2}),
    ):
        http.post(path, json={"prompt": canary} | fields)
    captured = capfd.readouterr()
    assert canary not in captured.out + captured.err + http.get("/metrics").text


def test_a_reply_is_not_held_back_for_an_acknowledgement():
    """asyncio turns Nagle's algorithm off only where the socket says that it is TCP: 40 ms a reply otherwise."""
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


async def test_experiments_of_many_questions_crowd_nobody_out(tmp_path: Path):
    """Two slots, twenty places: eight students ask two dozen questions each at once, and one more writes."""
    preset = next(preset for preset in read_presets("few_shot") if preset.id == "korean")
    with program(tmp_path, "--ms-per-token", "1", slots=2, queue=20) as server:
        work = [
            ask(
                server.port,
                "/api/experiments/few-shot",
                {**preset.request, "seed": seed},
                client=f"tab-{seed}",
            )
            for seed in range(8)
        ]
        work += [ask(server.port, "/api/completions", {"prompt": "Once", "max_tokens": 4}, client="writer")]
        replies = await asyncio.gather(*work)
        assert [reply.terminal for reply in replies] == [["done"]] * 9
        server.until(lambda books: books["pg_running"] == books["pg_waiting"] == 0)
