"""Does the model know this text by heart? Greedy recitation, teacher-forced bits, and where recall begins.

"Extractable" follows Carlini et al. 2021 (Extracting Training Data from Large Language Models) and 2023
(Quantifying Memorization Across Neural Language Models): a text is k-extractable when its first k tokens
make greedy decoding write the rest word for word. Biderman et al. 2023 (Emergent and Predictable
Memorization) count 32 tokens of prefix and the next 32.
"""

import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from app.engine.contract.outputs import FinishReason, Score, Step
from app.engine.contract.params import SamplingParams
from app.errors import BadRequest, ContextOverflow
from app.experiments.experiment import ExperimentRequest, Laboratory, Part, Progress, TokenView
from app.pages.regurgitation.alignment import Stretch, align, exact_run, runs_by_prefix, tokens_in_common
from app.pages.regurgitation.word_swap import swap_words
from app.tokenization.tokenizer import opening

LONGEST_TEXT = 20_000  # characters
MOST_TOKENS = 1024
MOST_PREFIX = 128
TOLD_EVERY = 4  # tokens between two pieces of news about the progress
PIECE = 32  # tokens of prefix, and tokens to recite, of the 32 + 32 definition

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Prefix = Annotated[int, Field(ge=1, le=MOST_PREFIX)]
Length = Annotated[int, Field(ge=1, le=256)]


class ReciteRequest(ExperimentRequest):
    """Give the first `prefix` tokens of a text, or (`swapped`) of the text with its long words swapped."""

    text: Text
    prefix: Prefix = 32
    length: Length = 96  # most tokens to recite
    swapped: bool = False


class SweepRequest(ExperimentRequest):
    """Every prefix from 1 to `longest` tokens, `steps` greedy steps each."""

    text: Text
    longest: Annotated[int, Field(ge=1, le=64)] = 64
    steps: Annotated[int, Field(ge=1, le=64)] = 48
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """The text as the model reads it, without the token that begins a document."""

    kind: ClassVar[str] = "passage"
    ids: tuple[int, ...]
    bytes: tuple[str, ...]  # hexadecimal


@dataclass(frozen=True, slots=True)
class Recall:
    """The model's opinion of every token, each told the original up to there (teacher forcing).

    `second_half_*` are means over the tokens from the middle on, when the model has seen what text it is.
    `extracted` of 32 tokens follow the first 32 exactly; None where the text has fewer than 64.
    """

    kind: ClassVar[str] = "recall"
    bits: tuple[float | None, ...]  # -log2 p; None for a first token with nothing before it
    ranks: tuple[int | None, ...]
    instead: tuple[str, ...]  # bytes of the likeliest token where it is another one, else ""
    mean_bits: float
    second_half_bits: float
    second_half_probability: float
    second_half_rank: float
    extracted: int | None


@dataclass(frozen=True, slots=True)
class Written(Progress):
    """One more recited token."""

    kind: ClassVar[str] = "written"
    token: TokenView


@dataclass(frozen=True, slots=True)
class Recital:
    """What the model wrote after the prefix, beside the `total` tokens that follow there in the original.

    Stretches count from the end of the prefix. `equal` counts tokens in stretches that agree.
    """

    kind: ClassVar[str] = "recital"
    prefix: int
    ids: tuple[int, ...]
    bytes: tuple[str, ...]
    run: int
    equal: int
    total: int
    stretches: tuple[Stretch, ...]
    finish_reason: FinishReason | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """The exact run after each prefix of 1, 2, 3 ... tokens, and the longest run possible there."""

    kind: ClassVar[str] = "sweep"
    steps: int
    runs: tuple[int, ...]
    possible: tuple[int, ...]


async def recite(laboratory: Laboratory, request: ReciteRequest) -> AsyncGenerator[Part, None]:
    """The passage, what the model thinks of it, its recitation token by token, and how they align."""
    ids = read(laboratory, _text(request), request.prefix)
    views = laboratory.view(ids)
    yield Passage(ids, tuple(view.bytes for view in views))
    yield recall(laboratory, await scores(laboratory, opening(laboratory.tokenizer), ids))
    original = ids[request.prefix : request.prefix + request.length]
    written: list[Step] = []
    async with aclosing(
        greedy(laboratory, (*opening(laboratory.tokenizer), *ids[: request.prefix]), len(original))
    ) as steps:
        async for step in steps:
            written.append(step)
            (view,) = laboratory.view([step.token_id])
            yield Written(len(written), len(original), view)
            if len(written) % TOLD_EVERY == 0:
                yield Progress(len(written), len(original))
    yield recital(laboratory, request.prefix, original, written)


async def prefix_sweep(laboratory: Laboratory, request: SweepRequest) -> AsyncGenerator[Part, None]:
    """The exact run of every prefix, from one pass over the text (see `runs_by_prefix`)."""
    ids = read(laboratory, _text(request), 1)
    ranks = [score.rank for score in await scores(laboratory, opening(laboratory.tokenizer), ids)]
    runs = runs_by_prefix(ranks, request.longest, request.steps)
    possible = tuple(min(request.steps, len(ids) - prefix) for prefix in range(1, len(runs) + 1))
    yield Sweep(request.steps, runs, possible)


def _text(request: ReciteRequest | SweepRequest) -> str:
    return swap_words(request.text) if request.swapped else request.text


def read(laboratory: Laboratory, text: str, prefix: int) -> tuple[int, ...]:
    """The text's tokens; refuses what is too long to read or too short to leave something to recite."""
    ids = tuple(laboratory.tokenizer.encode(text))
    room = min(MOST_TOKENS, laboratory.engine.context_length - 2)
    if len(ids) > room:
        raise ContextOverflow(len(ids), room, laboratory.engine.name)
    if len(ids) <= prefix:
        raise BadRequest(
            "the text is {given} tokens; after a prefix of {prefix} nothing is left to recite",
            "text",
            given=len(ids),
            prefix=prefix,
        )
    return ids


async def scores(laboratory: Laboratory, before: Sequence[int], ids: Sequence[int]) -> list[Score]:
    """The model's opinion of each of `ids`, told `before` and then the originals."""
    found = await laboratory.score((*before, *ids), top=1)
    return found[len(before) :]


def recall(laboratory: Laboratory, found: Sequence[Score]) -> Recall:
    """What the scores of a whole passage amount to."""
    known = [score for score in found if score.raw_logprob is not None]
    half = [score for score in found[len(found) // 2 :] if score.raw_logprob is not None]
    bits = [bits_of(score) for score in found]
    return Recall(
        bits=tuple(bits),
        ranks=tuple(score.rank for score in found),
        instead=tuple(_instead(laboratory, score) for score in found),
        mean_bits=mean_bits(known),
        second_half_bits=mean_bits(half),
        second_half_probability=_mean([math.exp(score.raw_logprob or 0.0) for score in half]),
        second_half_rank=_mean([float(score.rank or 0) for score in half]),
        extracted=extracted([score.rank for score in found]),
    )


def extracted(ranks: Sequence[int | None]) -> int | None:
    """How many of the 32 tokens behind the first 32 greedy decoding gives back exactly; None if too few."""
    if len(ranks) < 2 * PIECE:
        return None
    return runs_by_prefix(ranks, PIECE, PIECE)[-1]


def bits_of(score: Score) -> float | None:
    """-log2 p."""
    return None if score.raw_logprob is None else max(0.0, -score.raw_logprob / math.log(2))


def mean_bits(found: Sequence[Score]) -> float:
    """Bits a token, over those that were scored."""
    return _mean([bits for score in found if (bits := bits_of(score)) is not None])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _instead(laboratory: Laboratory, score: Score) -> str:
    if score.rank in (None, 1) or not score.top:
        return ""
    return laboratory.tokenizer.token_bytes(score.top[0].token_id).hex()


async def greedy(laboratory: Laboratory, prompt: Sequence[int], length: int) -> AsyncGenerator[Step, None]:
    """The likeliest token, again and again."""
    async with aclosing(
        laboratory.steps(prompt, SamplingParams(temperature=0.0, max_tokens=length))
    ) as steps:
        async for step in steps:
            yield step


def recital(laboratory: Laboratory, prefix: int, original: Sequence[int], written: Sequence[Step]) -> Recital:
    """What was written, aligned to the original."""
    ids = tuple(step.token_id for step in written)
    stretches = align(original, ids)
    return Recital(
        prefix,
        ids,
        tuple(view.bytes for view in laboratory.view(ids)),
        exact_run(original, ids),
        tokens_in_common(stretches),
        len(original),
        stretches,
        written[-1].finish_reason if written else None,
    )
