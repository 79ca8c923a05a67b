"""Places: who is let in, who is refused and how, who waits where. Promises 1 to 5."""

import asyncio
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kit.program import Program, program
from tests.kit.rounds import rounds, within
from tests.kit.stream import Reply, ask

LONG = {"prompt": "Once", "max_tokens": 400, "ignore_eos": True}
DASHES = ("-" * 256 + "a") * 127  # 32 KB that are 635 tokens: a long text that fits
TEXT = "The dog ran down to the harbour. " * 1000  # 7,000 tokens: too many for this engine


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Two slots, twenty places to wait."""
    folder = tmp_path_factory.mktemp("busy")
    with program(folder, "--ms-per-token", "15", slots=2, queue=20, per_client=2) as running:
        yield running


def idle(metrics: dict[str, float]) -> bool:
    return metrics["pg_running"] == metrics["pg_waiting"] == 0


def percentile(values: list[float], percent: float) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


async def fill(port: int, students: int, body: dict) -> list[asyncio.Task[Reply]]:
    """Students who hold a place, each with a tab of its own; all of them have been let in."""
    let_in = asyncio.Semaphore(0)

    def noticed(reply: Reply) -> bool:
        if reply.events and len(reply.events) == 1:
            let_in.release()
        return False

    tasks = [
        asyncio.create_task(ask(port, "/api/completions", body, client=f"fill-{i}", leave=noticed))
        for i in range(students)
    ]
    for _ in tasks:
        await asyncio.wait_for(let_in.acquire(), 10)
    return tasks


async def leave(tasks: list[asyncio.Task[Reply]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def two_hundred_at_once(busy: Program) -> list[float]:
    """The seconds each of those waited who were refused."""
    busy.until(idle)
    before = busy.metrics()
    all_refused = asyncio.Event()
    refused = 0

    def over(_: Reply) -> bool:
        return all_refused.is_set()

    async def student(number: int) -> Reply:
        nonlocal refused
        body = LONG | {"prompt": DASHES}
        reply = await ask(busy.port, "/api/completions", body, client=f"student-{number}", leave=over)
        if reply.status == 429:
            refused += 1
            if refused == 178:
                all_refused.set()
        return reply

    async with asyncio.timeout(60):
        replies = await asyncio.gather(*(student(number) for number in range(200)))
    turned_away = [reply for reply in replies if reply.status == 429]
    assert [reply.status for reply in replies].count(200) == 22
    assert len(turned_away) == 178
    for reply in turned_away:
        assert reply.error["code"] == "queue_full"
        assert 1 <= int(reply.headers["retry-after"]) <= 60
    busy.until(idle)
    after = busy.metrics()
    assert after["pg_requests_total[rejected]"] - before["pg_requests_total[rejected]"] == 178
    assert after["pg_accepted_total"] - before["pg_accepted_total"] == 22
    return [reply.seconds for reply in turned_away]


async def test_two_hundred_at_once_are_twenty_two_let_in_and_the_rest_refused_politely(busy: Program, figure):
    memory = busy.memory()
    bursts = [await two_hundred_at_once(busy) for _ in range(rounds(1, 20))]
    grown = busy.memory() - memory
    waits = sum(bursts, [])
    p50, p99 = percentile(waits, 50), percentile(waits, 99)
    worst = max(percentile(burst, 99) for burst in bursts)
    figure(
        f"{len(bursts)} times: refusal p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
        f"{worst * 1000:.0f} ms in the worst burst; {grown / 1e6:.0f} MB more"
    )
    assert p99 < within(1.0, 0.25)
    assert grown < 50e6


async def test_a_long_text_is_refused_before_it_is_tokenised(busy: Program):
    """With every place taken, a text that no model could read is a 429: nobody has looked at it."""
    busy.until(idle)
    tasks = await fill(busy.port, 22, LONG)
    reply = await ask(busy.port, "/api/completions", {"prompt": TEXT}, client="late")
    await leave(tasks)
    assert (reply.status, reply.error["code"]) == (429, "queue_full")
    busy.until(idle)
    reply = await ask(busy.port, "/api/completions", {"prompt": TEXT}, client="late")
    assert (reply.status, reply.error["code"]) == (422, "context_overflow")


async def test_a_waiting_student_sees_the_place_in_line_and_hears_of_it_again(busy: Program):
    busy.until(idle)
    tasks = await fill(busy.port, 2, LONG)
    waiting = [
        asyncio.create_task(
            ask(busy.port, "/api/completions", {"prompt": "Max", "max_tokens": 2}, client=f"w{i}")
        )
        for i in range(3)
    ]
    replies = await asyncio.gather(*waiting)
    await leave(tasks)
    for reply in replies:
        told = [event for event in reply.events if event.name == "queued"]
        places = [event.data["position"] for event in told]
        assert places[0] >= 1 and places[-1] == 0 and places == sorted(places, reverse=True)
        assert told[0].at - reply.sent < within(1.0, 0.5)
        gaps = [later.at - earlier.at for earlier, later in zip(told, told[1:], strict=False)]
        assert max(gaps) < within(6.0, 5.0)
        assert reply.terminal == ["done"]
    assert max(len([e for e in reply.events if e.name == "queued"]) for reply in replies) >= 3


async def test_one_tab_may_have_only_so_much_under_way(busy: Program):
    busy.until(idle)
    hog = [asyncio.create_task(ask(busy.port, "/api/completions", LONG, client="hog")) for _ in range(50)]
    done, under_way = await asyncio.wait(hog, timeout=3)
    assert len(under_way) == 2
    assert {(task.result().status, task.result().error["code"]) for task in done} == {(429, "client_limit")}
    other = await ask(
        busy.port,
        "/api/completions",
        {"prompt": "Max", "max_tokens": 1},
        client="other",
        leave=lambda r: bool(r.events),
    )
    assert other.status == 200
    await leave(list(under_way))


async def test_sixty_students_behind_one_address_are_served_alike(tmp_path: Path, figure):
    """Each asks again as soon as it has its answer, for the same few seconds; who is refused does as it is told.

    Invented forwarded addresses change nothing: nobody is told apart by them.
    """
    with program(tmp_path, "--ms-per-token", "5", slots=4, queue=60, per_client=2) as server:
        ends = time.monotonic() + rounds(8, 30)

        async def student(number: int) -> int:
            body = {"prompt": f"Student {number}", "max_tokens": 3, "ignore_eos": True}
            headers = {"X-Forwarded-For": f"10.0.0.{max(40, number)}"}  # forty of them the same
            tokens = 0
            while time.monotonic() < ends:
                reply = await ask(server.port, "/api/completions", body, client=f"s{number}", headers=headers)
                tokens += sum(event.name == "token" and event.at < ends for event in reply.events)
                if reply.status != 200:
                    await asyncio.sleep(float(reply.headers["retry-after"]))
            return tokens

        tokens = await asyncio.gather(*(student(number) for number in range(60)))
    jain = sum(tokens) ** 2 / (len(tokens) * sum(count * count for count in tokens))
    figure(f"60 students: {min(tokens)} to {max(tokens)} tokens each in the same time, Jain index {jain:.4f}")
    assert jain >= 0.95 and min(tokens) >= 8


async def test_an_invented_forwarded_address_is_no_way_round_the_limit_of_an_address(busy: Program):
    """Nobody is before this server, so nobody forwards: whoever names no tab is the address it comes from."""
    busy.until(idle)
    asked = [
        asyncio.create_task(
            ask(busy.port, "/api/completions", LONG, headers={"X-Forwarded-For": f"10.0.0.{number}"})
        )
        for number in range(22)
    ]
    done, under_way = await asyncio.wait(asked, timeout=3)
    await leave(list(under_way))
    assert len(under_way) == 11  # half of all places
    assert {(task.result().status, task.result().error["code"]) for task in done} == {(429, "client_limit")}


async def test_the_teacher_is_let_in_and_served_next_when_every_place_is_taken(busy: Program, figure):
    busy.until(idle)
    teacher = {"X-Teacher": busy.secret}
    shortly = {"prompt": "Max", "max_tokens": 2}

    async def demonstrate() -> list[Reply]:
        return [
            await ask(busy.port, "/api/completions", shortly, headers=teacher) for _ in range(rounds(3, 40))
        ]

    idle_replies = await demonstrate()
    tasks = await fill(busy.port, 22, LONG)
    replies = await demonstrate()
    late = await ask(busy.port, "/api/completions", shortly, client="late")
    assert late.status == 429  # every place was taken all the while
    for reply in replies:
        assert (reply.status, reply.terminal) == (200, ["done"])
        assert [event.data["position"] for event in reply.events if event.name == "queued"] == [0]
    at_rest = percentile([reply.first_token for reply in idle_replies], 95)
    beside = percentile([reply.first_token for reply in replies], 95)
    figure(
        f"the teacher's first token, p95 of {len(replies)}: {at_rest * 1000:.0f} ms idle, "
        f"{beside * 1000:.0f} ms with every place taken by streams of 6 s"
    )
    assert beside < 2 * at_rest + within(0.25, 0.005)
    status = busy.get("/api/status", **teacher).json()
    assert len(status["running"]) == 2 and len(status["waiting"]) >= 15
    assert {each["kind"] for each in status["running"]} == {"continue"}
    assert [each["position"] for each in status["waiting"]] == list(range(1, len(status["waiting"]) + 1))
    assert not any("fill" in each["client"] for each in status["running"] + status["waiting"])
    await leave(tasks)


async def test_a_hog_does_not_starve_the_class(busy: Program, figure):
    """Twenty light students at once, with and without a tab that sends fifty and then always has its two."""

    async def lesson() -> float:
        async def light(number: int) -> float:
            body = {"prompt": f"Light {number}", "max_tokens": 20, "ignore_eos": True}
            return (await ask(busy.port, "/api/completions", body, client=f"light-{number}")).first_token

        return percentile(list(await asyncio.gather(*(light(number) for number in range(20)))), 95)

    async def hog_once() -> None:
        await ask(busy.port, "/api/completions", LONG | {"max_tokens": 20}, client="hog")

    async def greedy(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await hog_once()
            await asyncio.sleep(0.05)

    busy.until(idle)
    alone = await lesson()
    stop = asyncio.Event()
    burst = [asyncio.create_task(hog_once()) for _ in range(50)]
    hogs = [asyncio.create_task(greedy(stop)) for _ in range(2)]
    with_hog = await lesson()
    stop.set()
    await asyncio.gather(*burst, *hogs)
    figure(f"light p95 first token: alone {alone * 1000:.0f} ms, beside a hog {with_hog * 1000:.0f} ms")
    assert with_hog < 2 * alone


def test_the_class_beside_a_full_house_still_gets_its_pages(busy: Program):
    with ThreadPoolExecutor(20) as class_:
        started = time.monotonic()
        codes = list(class_.map(lambda _: busy.get("/").status_code, range(20)))
    assert set(codes) == {200}
    assert time.monotonic() - started < 5
