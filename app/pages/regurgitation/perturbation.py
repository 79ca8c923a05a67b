"""One word of the prefix changed: does the recitation survive it?"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from app.engine.contract.outputs import Step
from app.errors import BadRequest
from app.experiments.experiment import ExperimentRequest, Laboratory, Part, Progress
from app.pages.regurgitation.alignment import runs_by_prefix
from app.pages.regurgitation.experiments import (
    LONGEST_TEXT,
    TOLD_EVERY,
    Length,
    Prefix,
    Text,
    Written,
    bits_of,
    greedy,
    mean_bits,
    read,
    recital,
    scores,
)
from app.tokenization.tokenizer import opening


class PerturbRequest(ExperimentRequest):
    """Characters `start` to `end` of the first `prefix` tokens' text give way to `replacement`."""

    text: Text
    prefix: Prefix = 32
    start: Annotated[int, Field(ge=0, le=LONGEST_TEXT)]
    end: Annotated[int, Field(ge=0, le=LONGEST_TEXT)]
    replacement: Annotated[str, Field(max_length=200)]
    length: Length = 48


@dataclass(frozen=True, slots=True)
class Opening:
    """One form of the prefix and what the model then thinks of the rest of the original."""

    kind: ClassVar[str] = "opening"
    changed: bool
    ids: tuple[int, ...]  # of the prefix
    bytes: tuple[str, ...]
    bits: tuple[float | None, ...]  # of the rest, told the original up to each token
    mean_bits: float
    run: int  # tokens of the rest that greedy decoding gives back exactly
    total: int


async def perturb(laboratory: Laboratory, request: PerturbRequest) -> AsyncGenerator[Part, None]:
    """The prefix as it stands, the changed one, and what the model recites after the change."""
    ids = read(laboratory, request.text, request.prefix)
    prefix, rest = ids[: request.prefix], ids[request.prefix : request.prefix + request.length]
    changed = tuple(laboratory.tokenizer.encode(_changed(laboratory, prefix, request)))
    start = opening(laboratory.tokenizer, empty=not changed)
    if not changed and not start:
        raise BadRequest("nothing of the prefix is left; at least one token is needed", param="replacement")
    yield await _opening(laboratory, prefix, rest, changed=False)
    yield await _opening(laboratory, changed, rest, changed=True)
    written: list[Step] = []
    async with aclosing(greedy(laboratory, (*start, *changed), len(rest))) as steps:
        async for step in steps:
            written.append(step)
            (view,) = laboratory.view([step.token_id])
            yield Written(len(written), len(rest), view)
            if len(written) % TOLD_EVERY == 0:
                yield Progress(len(written), len(rest))
    yield recital(laboratory, len(changed), rest, written)


def _changed(laboratory: Laboratory, prefix: Sequence[int], request: PerturbRequest) -> str:
    try:
        text = b"".join(map(laboratory.tokenizer.token_bytes, prefix)).decode()
    except UnicodeDecodeError as error:
        raise BadRequest(
            "the prefix ends in the middle of a character; take one token more", param="prefix"
        ) from error
    if not request.start < request.end <= len(text):
        raise BadRequest(
            f"characters {request.start} to {request.end} are not in the prefix of {len(text):,} characters",
            param="start",
        )
    return text[: request.start] + request.replacement + text[request.end :]


async def _opening(
    laboratory: Laboratory, prefix: Sequence[int], rest: Sequence[int], *, changed: bool
) -> Opening:
    start = opening(laboratory.tokenizer, empty=not prefix)
    found = await scores(laboratory, (*start, *prefix), rest)
    ranks = [None, *(score.rank for score in found)]  # as if one token came before the rest
    return Opening(
        changed,
        tuple(prefix),
        tuple(view.bytes for view in laboratory.view(prefix)),
        tuple(map(bits_of, found)),
        mean_bits(found),
        runs_by_prefix(ranks, 1, len(rest))[0],
        len(rest),
    )
