"""One virtual student, for as long as the lesson lasts."""

import asyncio
import random
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from app.engine.sampling import dice
from tests.kit.raw import connect
from tests.kit.stream import Reply, ask, request_bytes

PROMPTS = (
    "Once upon a time",
    "The capital of France is",
    "My favourite colour is",
    "It was a dark and stormy night",
    "The dog",
)
LEAVES, STALLS = 0.05, 0.02  # of all requests
RELOAD_SECONDS = 60.0
_FILES = re.compile(r'"(/static/[^"]+)"')  # of src, href and the import map's entries alike
_STALL_SECONDS = 40.0  # longer than the server waits


@dataclass(slots=True)
class Tally:
    """What all students saw."""

    accepted: int = 0  # requests let in that their student meant to read to the end
    complete: int = 0
    refused: int = 0
    left: int = 0
    stalled: int = 0
    reloads: int = 0
    files: int = 0  # that these reloads asked for
    missing: list[str] = field(default_factory=list)  # what a reload did not get
    server_errors: int = 0
    crosstalk: int = 0  # tokens that another request's dice have drawn
    changed: int = 0  # streams whose tokens are not those of the same request alone
    compared: int = 0
    tokens: int = 0
    first_tokens: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lesson:
    port: int
    ends: float
    think: tuple[float, float]
    max_tokens: int
    alone: dict[tuple[str, int], list[int]]  # (prompt, seed) -> tokens of a run with nobody else
    reload_seconds: float = RELOAD_SECONDS


def question(prompt: str, seed: int, max_tokens: int) -> dict[str, Any]:
    return {"prompt": prompt, "seed": seed, "max_tokens": max_tokens, "logprobs": 5, "ignore_eos": True}


async def student(number: int, lesson: Lesson, tally: Tally) -> None:
    chance = random.Random(number)
    client = f"{number:024x}"
    await asyncio.sleep(chance.uniform(0, lesson.think[1] / 2))
    reloads = time.monotonic() + chance.uniform(0, lesson.reload_seconds)
    while time.monotonic() < lesson.ends:
        if time.monotonic() > reloads:
            reloads += lesson.reload_seconds
            await reload(lesson.port, tally)
        what = chance.random()
        asked = chance.choice(list(lesson.alone))
        if what < STALLS:
            await _stall(lesson, client, asked, tally)
        elif what < STALLS + LEAVES:
            await _leave(lesson, client, asked, chance.randrange(1, 10), tally)
        else:
            await _read(lesson, client, asked, chance, tally)
        await asyncio.sleep(chance.uniform(*lesson.think))


async def _read(
    lesson: Lesson, client: str, asked: tuple[str, int], chance: random.Random, tally: Tally
) -> None:
    body = question(*asked, lesson.max_tokens)
    reply = await ask(lesson.port, "/api/completions", body, client=client, seconds=400)
    tally.server_errors += reply.status >= 500
    if reply.status != 200:
        tally.refused += 1
        wait = float(reply.headers.get("retry-after", 5))
        await asyncio.sleep(chance.uniform(0.5, 1.5) * min(wait, 20.0))  # and asks later, with jitter
        return
    tally.accepted += 1
    _check_dice(reply, asked[1], tally)
    if reply.terminal == ["done"]:
        tally.complete += 1
        tally.tokens += len(reply.tokens)
        tally.first_tokens.append(reply.first_token)
        tally.compared += 1
        tally.changed += reply.tokens != lesson.alone[asked]
    else:
        tally.failures.append(reply.error["code"] if reply.terminal else "cut off")


def _check_dice(reply: Reply, seed: int, tally: Tally) -> None:
    """A token tells its roll, and the roll names the seed and the place: nobody else's token passes."""
    for event in reply.events:
        if event.name == "token":
            expected = dice.roll(seed, event.data["sequence"], event.data["position"])
            tally.crosstalk += event.data["u"] != expected
        elif event.name == "queued":
            tally.crosstalk += event.data["seed"] != seed


async def _leave(lesson: Lesson, client: str, asked: tuple[str, int], after: int, tally: Tally) -> None:
    body = question(*asked, 200)
    await ask(
        lesson.port, "/api/completions", body, client=client, seconds=400,
        leave=lambda reply: len(reply.tokens) >= after,
    )  # fmt: skip
    tally.left += 1


async def _stall(lesson: Lesson, client: str, asked: tuple[str, int], tally: Tally) -> None:
    request = request_bytes("/api/completions", question(*asked, 200), {"X-Client": client})
    connection: socket.socket = await asyncio.to_thread(connect, lesson.port, request, 2048)
    tally.stalled += 1
    await asyncio.sleep(min(_STALL_SECONDS, max(1.0, lesson.ends - time.monotonic())))
    connection.close()


async def reload(port: int, tally: Tally) -> None:
    """What a browser fetches: the page, every file it links, and what its scripts then ask."""
    page = await ask(port, "/playground")
    files = sorted(set(_FILES.findall(page.body.decode())))
    for path in ("/playground", *files, "/api/models", "/api/class"):
        reply = page if path == "/playground" else await ask(port, path)
        tally.server_errors += reply.status >= 500
        if reply.status != 200:
            tally.missing.append(f"{path}: {reply.status}")
    tally.reloads += 1
    tally.files += len(files)
