"""The whole class at once, and what the server was like while it lasted."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from tests.kit.program import Program
from tests.kit.stream import ask
from tests.lesson.student import PROMPTS, RELOAD_SECONDS, Lesson, Tally, question, reload, student

SEEDS = 10  # questions: every prompt with each of them
WARM_UP = 0.3  # of the lesson, before memory is looked at
SLOPE = 1.0  # MB a minute
LONG_SECONDS = 300.0  # a shorter lesson is all warm-up
LEFT_OVER = 3  # open files and threads at the end


@dataclass(frozen=True, slots=True)
class Report:
    tally: Tally
    seconds: float
    first_token_p50: float
    first_token_p95: float
    memory_start: int
    memory_end: int
    memory_slope: float  # MB a minute, after the warm-up
    files: int  # more open at the end than at the beginning
    threads: int
    books: dict[str, float]

    @property
    def completion(self) -> float:
        return self.tally.complete / self.tally.accepted if self.tally.accepted else 0.0

    @property
    def books_agree(self) -> bool:
        ended = sum(
            self.books[f"pg_requests_total[{each}]"]
            for each in ("finished", "cancelled", "failed", "timeout")
        )
        return (
            self.books["pg_accepted_total"] == ended
            and not self.books["pg_running"] + self.books["pg_waiting"]
        )

    def lines(self) -> list[tuple[str, Any]]:
        tally = self.tally
        return [
            ("seconds", f"{self.seconds:.0f}"),
            ("requests let in, to be read to the end", tally.accepted),
            ("of them complete", f"{tally.complete} ({self.completion:.2%})"),
            ("how the others ended", ", ".join(sorted(set(tally.failures))) or "-"),
            ("refused politely", tally.refused),
            ("left, stalled", f"{tally.left}, {tally.stalled}"),
            ("reloads", f"{tally.reloads}, of {tally.files} files; {len(tally.missing)} missing"),
            ("answers 5xx", tally.server_errors),
            ("tokens of somebody else", tally.crosstalk),
            ("streams unlike the same alone", f"{tally.changed} of {tally.compared}"),
            ("tokens a second, of complete streams", f"{tally.tokens / self.seconds:.1f}"),
            ("first token, p50 and p95", f"{self.first_token_p50:.2f} s, {self.first_token_p95:.2f} s"),
            ("memory, start and end", f"{self.memory_start / 1e6:.0f} MB, {self.memory_end / 1e6:.0f} MB"),
            ("memory slope after warm-up", f"{self.memory_slope:+.2f} MB a minute"),
            ("open files and threads, end minus start", f"{self.files:+d}, {self.threads:+d}"),
            ("books agree", self.books_agree),
        ]

    def faults(self, *, same: bool, left_over: int = LEFT_OVER) -> list[str]:
        """What must not be, by the names above. `same`: the engine says the same to one and to many."""
        tally = self.tally
        kept = {
            "of them complete": self.completion >= 0.995,
            "reloads": not tally.missing,
            "answers 5xx": not tally.server_errors,
            "tokens of somebody else": not tally.crosstalk,
            "streams unlike the same alone": not (same and tally.changed),
            "memory slope after warm-up": self.seconds < LONG_SECONDS or self.memory_slope <= SLOPE,
            "open files and threads, end minus start": max(self.files, self.threads) <= left_over,
            "books agree": self.books_agree,
        }
        return [what for what, good in kept.items() if not good]


async def hold_lesson(
    server: Program,
    students: int,
    seconds: float,
    think: tuple[float, float],
    max_tokens: int,
    reload_seconds: float = RELOAD_SECONDS,
) -> Report:
    process = psutil.Process(server.process.pid)
    alone = {}
    for prompt in PROMPTS:
        for seed in range(SEEDS):
            reply = await ask(
                server.port, "/api/completions", question(prompt, seed, max_tokens), client="alone"
            )
            assert reply.terminal == ["done"], reply
            alone[prompt, seed] = reply.tokens
    await asyncio.gather(*(reload(server.port, Tally()) for _ in range(10)))  # what is made once is there
    await _settle(server, seconds)
    files, threads = process.num_fds(), process.num_threads()
    tally, started = Tally(), time.monotonic()
    lesson = Lesson(server.port, started + seconds, think, max_tokens, alone, reload_seconds)
    watching = asyncio.create_task(_watch(process, started))
    await asyncio.gather(*(student(number, lesson, tally) for number in range(students)))
    ended = time.monotonic() - started
    watching.cancel()
    memory = await asyncio.gather(watching, return_exceptions=True)
    samples = memory[0] if isinstance(memory[0], list) else []
    await asyncio.to_thread(server.until, lambda books: not books["pg_running"] + books["pg_waiting"], 60)
    await _settle(server, seconds)
    first = tally.first_tokens or [0.0]
    return Report(
        tally=tally,
        seconds=ended,
        first_token_p50=float(np.percentile(first, 50)),
        first_token_p95=float(np.percentile(first, 95)),
        memory_start=int(samples[0][1]) if samples else 0,
        memory_end=int(samples[-1][1]) if samples else 0,
        memory_slope=_slope(samples),
        files=process.num_fds() - files,
        threads=process.num_threads() - threads,
        books=server.metrics(),
    )


async def _settle(server: Program, seconds: float) -> None:
    """Connections are closed; and threads that idled for ten seconds end when the next file is read (anyio)."""
    await asyncio.sleep(11 if seconds >= LONG_SECONDS else 1)
    await ask(server.port, "/static/icon.svg")
    await asyncio.sleep(0.5)


async def _watch(process: psutil.Process, started: float) -> list[tuple[float, int]]:
    samples = []
    try:
        while True:
            samples.append((time.monotonic() - started, process.memory_info().rss))
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return samples


def _slope(samples: list[tuple[float, int]]) -> float:
    """Megabytes a minute, as the straight line through what was seen after the warm-up."""
    after = samples[int(len(samples) * WARM_UP) :]
    if len(after) < 2:
        return 0.0
    times, memory = np.array(after).T
    return float(np.polyfit(times / 60, memory / 1e6, 1)[0])
