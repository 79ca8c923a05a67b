"""What one reader feels: first tokens, shared prefixes, eight universes, a stranger's long prompt."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.event_stream import Stream, read_stream
from app.bench.load import PROMPTS, Load
from app.bench.passage import FreshPrompts
from app.bench.percentiles import median_of, percentile
from app.bench.recording import Read, content
from app.bench.results import FirstToken, PrefillGap, Prefix, Universes
from app.bench.turns import SECONDS, turns

PROMPT_TOKENS = 128  # of a first question: a paragraph
PREFIX_TOKENS = 1_000
UNIVERSES = 8
_SUFFIX_TOKENS = 8
_LEAST_CONTEXT = 128  # tokens; below it there is no long prompt to speak of
_GAPS_BEFORE = 64
_ARRIVALS = 3  # long prompts that arrive while one stream runs
_RUNNING_TOKENS = 1_000  # of the stream that is watched; it is let go long before
_FEW = Load(tokens=2)


class NotMeasurable(Exception):
    """This model or this system has no such figure; the message says why."""


async def prefix(endpoint: Endpoint, fresh: FreshPrompts, repeats: int) -> Prefix:
    """The same long beginning twice, with different ends."""
    length = _long_prompt(endpoint, _SUFFIX_TOKENS + _FEW.tokens)
    first: list[float] = []
    second: list[float] = []
    for _ in turns(repeats):
        shared = fresh.take(length)
        for times in (first, second):
            stream = await endpoint.stream(_FEW.body(shared + fresh.take(_SUFFIX_TOKENS), endpoint.model))
            times.append(stream.first_token)
    return Prefix(length, median_of(first), median_of(second))


async def universes(endpoint: Endpoint, load: Load, slots: int, repeats: int) -> Universes:
    """One prompt continued once and eight times, in turn."""
    if slots < UNIVERSES:
        raise NotMeasurable(f"{UNIVERSES} continuations need {UNIVERSES} slots; there are {slots}")
    one, several = [], []
    for turn in turns(repeats):
        prompt = PROMPTS[turn % len(PROMPTS)]
        await endpoint.stream(_FEW.body(prompt, endpoint.model, n=UNIVERSES))  # kernels of this shape
        one.append(_wall(await endpoint.stream(load.body(prompt, endpoint.model))))
        several.append(_wall(await endpoint.stream(load.body(prompt, endpoint.model, n=UNIVERSES))))
    return Universes(UNIVERSES, load.tokens, median_of(one), median_of(several))


async def first_token(endpoint: Endpoint, fresh: FreshPrompts, repeats: int) -> FirstToken:
    """Time to the first token of a prompt that the server has not read before, while it does nothing else."""
    length = _long_prompt(endpoint, _FEW.tokens, PROMPT_TOKENS)
    await endpoint.stream(_FEW.body(fresh.take(length), endpoint.model))  # kernels of this shape
    times = []
    for _ in turns(2 * repeats + 1):
        times.append((await endpoint.stream(_FEW.body(fresh.take(length), endpoint.model))).first_token)
    return FirstToken(length, median_of(times))


async def prefill_gap(endpoint: Endpoint, fresh: FreshPrompts, most_tokens: int) -> PrefillGap:
    """Watch one stream alone, then let long prompts arrive beside it."""
    length = _long_prompt(endpoint, _FEW.tokens)
    room = _RUNNING_TOKENS if endpoint.context_length is None else endpoint.context_length - 32
    running = Load(tokens=min(_RUNNING_TOKENS, room, most_tokens))
    reads: list[Read] = []
    watched = asyncio.create_task(endpoint.stream(running.body(PROMPTS[0], endpoint.model), reads))
    visits: list[Stream] = []
    try:
        await _until_read(watched, reads, _GAPS_BEFORE + 1)
        for _ in turns(_ARRIVALS):
            visits.append(await endpoint.stream(_FEW.body(fresh.take(length), endpoint.model)))
            await _until_read(watched, reads, len(reads) + 4)
    finally:
        watched.cancel()
        with suppress(asyncio.CancelledError, ServerFailed):
            await watched
    before, during = split_gaps(read_stream(0.0, content(reads)[1]).arrivals, visits)
    if not before or not during:
        raise NotMeasurable("no token arrived while the long prompt was read: it was over too soon")
    return PrefillGap(length, percentile(before, 95), percentile(during, 95), len(during))


def split_gaps(arrivals: Sequence[float], visits: Sequence[Stream]) -> tuple[list[float], list[float]]:
    """The gaps before the first visit, and those that overlap the reading of a visitor's prompt."""
    gaps = list(pairwise(arrivals))
    before = [end - start for start, end in gaps if end <= visits[0].sent]
    during = [
        end - start
        for start, end in gaps
        if any(start < visit.arrivals[0] and end > visit.sent for visit in visits)
    ]
    return before, during


async def _until_read(watched: "asyncio.Task[Stream]", reads: list[Read], count: int) -> None:
    """Wait for so many reads, or for as long as a measurement may take."""
    end = time.perf_counter() + SECONDS
    while len(reads) < count and not watched.done() and time.perf_counter() < end:
        await asyncio.sleep(0.002)
    if watched.done():
        watched.result()  # raises what went wrong, if something did


def _long_prompt(endpoint: Endpoint, others: int, wanted: int = PREFIX_TOKENS) -> int:
    """How long a prompt may be, next to so many other tokens."""
    if endpoint.context_length is None:
        return wanted
    if endpoint.context_length < _LEAST_CONTEXT:
        raise NotMeasurable(f"the model reads only {endpoint.context_length} tokens")
    return min(wanted, endpoint.context_length - others)


def _wall(stream: Stream) -> float:
    return stream.arrivals[-1] - stream.sent
