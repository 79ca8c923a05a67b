"""What many readers cost: the queue, the memory, and a text of 32 KB through the tokenizer."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from app.bench.endpoint import Endpoint
from app.bench.event_stream import Stream
from app.bench.load import PROMPTS, Load
from app.bench.passage import passage, passage_of
from app.bench.percentiles import median_of, percentile
from app.bench.recording import Read
from app.bench.results import Memory, Mixed, Queueing, Tokenizing
from app.bench.streams import run_round
from app.bench.turns import turns
from app.paths import STATIC
from app.tokenization.registry import Encodings

TEXT_BYTES = 32 * 1024
_ENCODING = "gpt2"
_QUEUED_TOKENS = 16
_QUEUE_SECONDS = 6.0  # once a length has had this long, it gets no further round
_TOKENIZE_REPEATS = 15
_LOOK_EVERY = 0.25  # seconds
_AT_ONCE = 8  # of the mixed requests
_REST_SECONDS = 2.0  # longer than an idle engine waits before it gives memory back

Gauge = Callable[[], int]  # resident memory in bytes


async def queueing(endpoint: Endpoint, load: Load, slots: int, repeats: int) -> Queueing:
    """As many requests as places, twice and three times as many, with few tokens each."""
    short = Load(min(load.tokens, _QUEUED_TOKENS), load.temperature, load.logprobs)
    await run_round(endpoint, Load(tokens=1), 3 * slots)  # connections, kernels
    points = []
    for times in (1, 2, 3):
        seen: list[float] = []
        for _ in turns(repeats, _QUEUE_SECONDS):
            each = await run_round(endpoint, short, times * slots)
            seen.append(percentile([stream.first_token for stream in each.streams], 95))
        points.append((times * slots, median_of(seen)))
    return Queueing(slots, tuple(points))


async def memory_under_load(
    endpoint: Endpoint, load: Load, streams: int, ready: int, gauge: Gauge, weights: int | None
) -> Memory:
    """The most the process holds while `streams` long streams run."""
    reads: list[list[Read]] = [[] for _ in range(streams)]
    bodies = [load.body(PROMPTS[i % len(PROMPTS)], endpoint.model) for i in range(streams)]
    tasks = [
        asyncio.create_task(endpoint.stream(body, each)) for body, each in zip(bodies, reads, strict=True)
    ]
    points = []
    try:
        while not all(task.done() for task in tasks) and not any(map(_has_failed, tasks)):
            points.append((sum(map(_events, reads)), gauge()))
            await asyncio.sleep(_LOOK_EVERY)
        await asyncio.gather(*tasks)  # they have ended, or one of them failed and says how
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    peak = max([held for _, held in points], default=ready)
    return Memory(weights, ready, streams, load.tokens, peak, tuple(points))


def _has_failed(task: asyncio.Task[Stream]) -> bool:
    return task.done() and task.exception() is not None


def _events(reads: list[Read]) -> int:
    """Tokens so far, near enough for a curve: one event each."""
    return sum(data.count(b"data:") for _, data in reads)


async def tokenizing(endpoint: Endpoint) -> Tokenizing:
    """End to end, in the binary form the page itself asks for; in turn with bare tiktoken."""
    text = passage_of(TEXT_BYTES)
    encoding = Encodings(STATIC / "vendor" / "encodings").get(_ENCODING)
    body = {"text": text, "encoding": _ENCODING}
    through, bare, count = [], [], 0
    for turn in range(_TOKENIZE_REPEATS + 2):
        seconds, reply = await endpoint.exchange("/api/tokenize", body, accept="application/octet-stream")
        started = time.perf_counter()
        token_ids = encoding.encode(text)
        ended = time.perf_counter()
        count = int.from_bytes(reply[:4], "little")
        assert count == len(token_ids), "the route and tiktoken cut alike"
        if turn >= 2:  # the first ones load the encoding
            through.append(seconds)
            bare.append(ended - started)
    return Tokenizing(len(text.encode()), count, median_of(through), median_of(bare))


async def mixed_requests(
    endpoint: Endpoint, gauge: Gauge, say: Callable[[str], None], counts: tuple[int, ...] = (100, 1_000)
) -> Mixed:
    """Completions long and short, left half-way, scored, tokenised: what a lesson asks, in a fixed order.

    What the process holds after so many, when it has rested.
    """
    kinds = (_short, _short, _several, _left, _next_token, _score, _tokenized)
    dice = random.Random(0)
    points: list[tuple[int, int]] = []
    done = 0
    for count in counts:
        while done < count:
            batch = min(_AT_ONCE, count - done)
            await asyncio.gather(*(dice.choice(kinds)(endpoint, dice) for _ in range(batch)))
            done += batch
        await asyncio.sleep(_REST_SECONDS)
        held = gauge()
        points.append((done, held))
        say(f"{done:,} mixed requests: {held / 1e6:,.0f} MB")
    return Mixed(tuple(points))


Request = Callable[[Endpoint, random.Random], Awaitable[object]]


def _prompt(dice: random.Random) -> str:
    text = passage()
    start = dice.randrange(len(text) - 600)
    return text[start : start + dice.randrange(20, 600)]


async def _short(endpoint: Endpoint, dice: random.Random) -> None:
    load = Load(tokens=dice.randrange(1, 24))
    await endpoint.stream(load.body(_prompt(dice), endpoint.model))


async def _several(endpoint: Endpoint, dice: random.Random) -> None:
    await endpoint.stream(Load(tokens=8).body(_prompt(dice), endpoint.model, n=4))


async def _left(endpoint: Endpoint, dice: random.Random) -> None:
    """A closed tab."""
    with suppress(TimeoutError):
        await asyncio.wait_for(endpoint.stream(Load(tokens=64).body(_prompt(dice), endpoint.model)), 0.3)


async def _next_token(endpoint: Endpoint, dice: random.Random) -> None:
    await endpoint.request("POST", "/api/next-token", json={"prompt": _prompt(dice)})


async def _score(endpoint: Endpoint, dice: random.Random) -> None:
    await endpoint.request("POST", "/api/score", json={"prompt": _prompt(dice)})


async def _tokenized(endpoint: Endpoint, dice: random.Random) -> None:
    await endpoint.request("POST", "/api/tokenize", json={"text": _prompt(dice)})
