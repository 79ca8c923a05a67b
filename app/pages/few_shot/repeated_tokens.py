"""Random tokens, twice: what a model can only predict by looking back.

Loss on the second copy against the first is the signature of induction heads (Olsson et al. 2022, "In-context
Learning and Induction Heads"). The control has as many tokens and repeats none.
"""

import random
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from math import fsum, log
from typing import ClassVar

from pydantic import Field

from app.engine.contract.params import MAX_SEED
from app.errors import BadRequest, ContextOverflow
from app.experiments.experiment import ExperimentRequest, Laboratory, Part, Progress, TokenView, together
from app.tokenization.tokenizer import Tokenizer, opening

_WORD = re.compile(rb" ?[A-Za-z]{2,12}")
_TRIES_PER_TOKEN = 400


class RepeatedTokensRequest(ExperimentRequest):
    """How many random tokens, and which."""

    length: int = Field(50, ge=4, le=200)
    seed: int = Field(0, ge=0, le=MAX_SEED)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The random tokens, and the others that stand in their place in the control's second half."""

    kind: ClassVar[str] = "drawn"
    tokens: tuple[TokenView, ...]
    others: tuple[TokenView, ...]


@dataclass(frozen=True, slots=True)
class Copies:
    """Surprise in bits of each token: in the first copy, in the second, and of other tokens in its place."""

    kind: ClassVar[str] = "copies"
    first: tuple[float, ...]
    second: tuple[float, ...]
    others: tuple[float, ...]
    first_mean: float
    second_mean: float  # without its first token, which nothing announces
    others_mean: float


async def repeated_tokens(
    laboratory: Laboratory, request: RepeatedTokensRequest
) -> AsyncGenerator[Part, None]:
    """Both copies from one pass, the control from another that shares its beginning."""
    engine, tokenizer = laboratory.engine, laboratory.tokenizer
    start = opening(tokenizer)
    if len(start) + 2 * request.length > engine.context_length:
        raise ContextOverflow(len(start) + 2 * request.length, engine.context_length, engine.name)
    drawn = draw_tokens(tokenizer, engine.vocabulary_size, 2 * request.length, request.seed)
    tokens, others = drawn[: request.length], drawn[request.length :]
    yield Drawn(laboratory.view(tokens), laboratory.view(others))
    yield Progress(0, 1)
    twice, once = await together(
        [
            _bits(laboratory, (*start, *tokens, *tokens), len(start)),
            _bits(laboratory, (*start, *tokens, *others), len(start) + request.length),
        ]
    )
    first, second = twice[: request.length], twice[request.length :]
    yield Copies(first, second, once, _mean(first[1:]), _mean(second[1:]), _mean(once[1:]))
    yield Progress(1, 1)


def draw_tokens(tokenizer: Tokenizer, vocabulary_size: int, count: int, seed: int) -> tuple[int, ...]:
    """Different tokens that are words or pieces of words; of a vocabulary without any, whatever has bytes."""
    if count > vocabulary_size // 2:
        raise BadRequest(f"length is too much for a vocabulary of {vocabulary_size:,}", param="length")
    dice = random.Random(seed)
    words: dict[int, None] = {}
    rest: dict[int, None] = {}
    for _ in range(_TRIES_PER_TOKEN * count):
        token_id = dice.randrange(vocabulary_size)
        if _WORD.fullmatch(tokenizer.token_bytes(token_id)):
            words[token_id] = None
        elif tokenizer.token_bytes(token_id) and not tokenizer.is_special(token_id):
            rest[token_id] = None
        if len(words) == count:
            break
    return tuple([*words, *rest][:count])


async def _bits(laboratory: Laboratory, token_ids: Sequence[int], start: int) -> tuple[float, ...]:
    """-log2 p of each token from `start` on; 0 for a text's very first, which nothing comes before."""
    scores = await laboratory.score(token_ids, start=start)
    return tuple(-(score.raw_logprob or 0.0) / log(2) for score in scores)


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
