"""An assistant is a document that has been begun: one question bare, in a costume, and instruction-tuned.

`dressed` and `instructed` continue the one document the model sees; `costume_shift` forces the same answer
on the model with and without the costume and measures what the costume changed, token by token. After Lin et
al. 2023, "The Unlocking Spell on Base LLMs" (ICLR 2024), who compare a base model with its tuned sibling;
here it is one model in two contexts.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.outputs import FinishReason, Step
from app.engine.contract.params import SamplingParams
from app.errors import ContextOverflow
from app.experiments.experiment import Laboratory, Part, Progress, together
from app.pages.assistant import costume as dress
from app.pages.assistant.costume import Piece
from app.pages.assistant.parts import (
    Answer,
    Answers,
    Asked,
    Document,
    DressedRequest,
    InstructedRequest,
    Mover,
    Shift,
    ShiftRequest,
    Side,
    Written,
)

MOVERS = 6
CHUNK = 8  # positions whose whole distributions are in memory at a time
IM_START, IM_END = "<|im_start|>", "<|im_end|>"

FloatArray = NDArray[np.float32]


async def dressed(laboratory: Laboratory, request: DressedRequest) -> AsyncGenerator[Part, None]:
    """The document in its costume and what follows it; then, as the control, the bare question's."""
    documents = [_dressed_document(laboratory, request)]
    if request.bare:
        documents.append(_bare_document(laboratory, request.question, request.max_tokens))
    for document in documents:
        yield document
    total = len(documents) * request.max_tokens
    for index, document in enumerate(documents):
        stop = request.stop if document.side == "dressed" else ""
        stopping = bool(stop) and request.stop_on
        before = index * request.max_tokens
        async with aclosing(_continue(laboratory, request, document, stop, stopping, before, total)) as parts:
            async for part in parts:
                yield part


async def instructed(laboratory: Laboratory, request: InstructedRequest) -> AsyncGenerator[Part, None]:
    """The same question to a model that was tuned on conversations, in the format it was tuned on."""
    document = _instructed_document(laboratory, request)
    yield document
    total = request.max_tokens
    async with aclosing(_continue(laboratory, request, document, IM_END, False, 0, total)) as parts:
        async for part in parts:
            yield part


async def costume_shift(laboratory: Laboratory, request: ShiftRequest) -> AsyncGenerator[Part, None]:
    """For each costume, each token of the answer: how far the costume moved the distribution before it."""
    forced = tuple(laboratory.tokenizer.encode(request.answer))
    bare = laboratory.encode(request.question)
    contexts = [
        laboratory.encode(dress.document_text(dress.build(dress.cut_template(each), [], request.question)))
        for each in request.templates
    ]
    for context in (bare, *contexts):
        limit = laboratory.engine.context_length
        if len(context) + len(forced) > limit:
            raise ContextOverflow(len(context) + len(forced), limit, laboratory.engine.name)
    total = len(contexts) * len(forced)
    yield Progress(0, total)
    for index, context in enumerate(contexts):
        for first in range(0, len(forced), CHUNK):
            last = min(first + CHUNK, len(forced))
            dressed_rows, bare_rows = await together(
                [_before(laboratory, each, forced, first, last) for each in (context, bare)]
            )
            chunk = forced[first:last]
            for place, shift in enumerate(await asyncio.to_thread(_shifts, dressed_rows, bare_rows, chunk)):
                yield _told(laboratory, index, first + place, chunk[place], shift)
            yield Progress(index * len(forced) + last, total)


def kl_bits(dressed_rows: FloatArray, bare_rows: FloatArray) -> NDArray[np.float64]:
    """KL(dressed || bare) of each row in bits: the sum of p log2(p / q) over the whole vocabulary.

    Rows are log-probabilities (T, V). It is how many bits more than needed a token drawn from the dressed
    distribution costs one who expects the bare one.
    """
    p, q = dressed_rows.astype(np.float64), np.maximum(bare_rows.astype(np.float64), -700.0)
    weights = np.exp(p)
    moved = np.where(weights > 0, p - q, 0.0)
    bits: NDArray[np.float64] = np.maximum(0.0, np.einsum("tv,tv->t", weights, moved) / math.log(2))
    return bits


def rank_of(logprobs: FloatArray, token_id: int) -> int:
    """1 for the likeliest token."""
    return int(np.count_nonzero(logprobs > logprobs[token_id])) + 1


Shifted = tuple[float, float, float, int, int, int, int, list[tuple[int, float, float]]]


def _shifts(dressed_rows: FloatArray, bare_rows: FloatArray, forced: Sequence[int]) -> list[Shifted]:
    """Per token: KL, log-probability and rank in both, the dressed favourite and its bare rank, movers."""
    shifts: list[Shifted] = []
    for p, q, token_id, bits in zip(
        dressed_rows, bare_rows, forced, kl_bits(dressed_rows, bare_rows), strict=True
    ):
        change = np.abs(np.exp(p) - np.exp(q))
        best = sorted(np.argpartition(-change, MOVERS)[:MOVERS], key=lambda i: -change[i])
        movers = [(int(i), float(np.exp(p[i])), float(np.exp(q[i]))) for i in best]
        favourite = int(np.argmax(p))
        chances = float(p[token_id]), float(q[token_id])
        ranks = rank_of(p, token_id), rank_of(q, token_id)
        shifts.append((float(bits), *chances, *ranks, favourite, rank_of(q, favourite), movers))
    return shifts


def _told(laboratory: Laboratory, costume: int, index: int, token_id: int, shift: Shifted) -> Shift:
    bits, logprob, bare_logprob, rank, bare_rank, favourite, favourite_rank, movers = shift
    token, best = laboratory.view([token_id, favourite])
    views = laboratory.view([i for i, _, _ in movers])
    moved = tuple(Mover(view, p, q) for view, (_, p, q) in zip(views, movers, strict=True))
    return Shift(
        costume, index, token, bits, logprob, bare_logprob, rank, bare_rank, best, favourite_rank, moved
    )


async def _before(
    laboratory: Laboratory, context: Sequence[int], forced: Sequence[int], first: int, last: int
) -> FloatArray:
    """The distributions that the forced tokens first..last were drawn from, (last - first, V)."""
    token_ids = (*context, *forced[: last - 1])
    return await laboratory.distributions(token_ids, start=len(context) + first - 1)


def _dressed_document(laboratory: Laboratory, request: DressedRequest) -> Document:
    """The document with its header pinned; the oldest turns go where the window has no room for all."""
    cut = dress.cut_template(request.template)
    turns = [(turn.question, turn.answer) for turn in request.turns]
    injected = dress.typed_marks(cut, request.stop, request.question)
    limit = laboratory.engine.context_length - request.max_tokens
    for dropped in range(len(turns) + 1):
        pieces = dress.build(cut, turns[dropped:], request.question)
        token_ids = laboratory.encode(dress.document_text(pieces))
        if len(token_ids) <= limit:
            return _document(laboratory, "dressed", pieces, token_ids, dropped, injected)
    raise ContextOverflow(len(token_ids), limit, laboratory.engine.name)


def _bare_document(laboratory: Laboratory, question: str, reserve: int) -> Document:
    pieces = dress.build(dress.cut_template(dress.BARE), [], question)
    token_ids = laboratory.encode(dress.document_text(pieces))
    limit = laboratory.engine.context_length - reserve
    if len(token_ids) > limit:
        raise ContextOverflow(len(token_ids), limit, laboratory.engine.name)
    return _document(laboratory, "bare", pieces, token_ids)


def _instructed_document(laboratory: Laboratory, request: InstructedRequest) -> Document:
    """ChatML. Only the format's own marks are parsed as special tokens; a typed `<|im_end|>` stays text."""
    encode = laboratory.tokenizer.encode
    start, end = encode(IM_START, "parse"), encode(IM_END, "parse")
    system, question = Piece("header", request.system), Piece("question", request.question)
    token_ids: list[int] = []
    pieces: list[Piece] = []
    for name, said in (("system", system), ("user", question)):
        token_ids += [*start, *encode(f"{name}\n{said.text}"), *end, *encode("\n")]
        pieces += [Piece("mark", f"{IM_START}{name}\n"), said, Piece("mark", f"{IM_END}\n")]
    token_ids += [*start, *encode("assistant\n")]
    pieces.append(Piece("mark", f"{IM_START}assistant\n"))
    limit = laboratory.engine.context_length - request.max_tokens
    if len(token_ids) > limit:
        raise ContextOverflow(len(token_ids), limit, laboratory.engine.name)
    return _document(laboratory, "instructed", tuple(piece for piece in pieces if piece.text), token_ids)


def _document(
    laboratory: Laboratory,
    side: Side,
    pieces: tuple[Piece, ...],
    token_ids: Sequence[int],
    dropped: int = 0,
    injected: tuple[str, ...] = (),
) -> Document:
    text = dress.document_text(pieces)
    first = laboratory.tokenizer.bos_token_id
    bos = bool(token_ids) and token_ids[0] == first and side != "instructed"
    special = tuple(map(laboratory.tokenizer.is_special, token_ids))
    tokens, model = laboratory.view(token_ids), laboratory.engine.name
    return Document(side, model, text, pieces, tokens, special, bos, dropped, injected)


async def _continue(
    laboratory: Laboratory,
    request: Asked,
    document: Document,
    stop: str,
    stopping: bool,
    before: int,
    total: int,
) -> AsyncGenerator[Part, None]:
    """Each token the tries write, then the Answers. One engine request, one prefill.

    `before` of the `total` steps were made for another document.
    """
    prompt = tuple(token.id for token in document.tokens)
    params = SamplingParams(
        temperature=request.temperature,
        seed=request.seed,
        n=request.n,
        max_tokens=request.max_tokens,
        stop=(stop,) if stopping else (),
    )
    tries: list[list[Step]] = [[] for _ in range(request.n)]
    done = before
    async with aclosing(laboratory.steps(prompt, params)) as steps:
        async for step in steps:
            tries[step.sequence].append(step)
            (view,) = laboratory.view([step.token_id])
            reached = before + step.position - len(prompt) + 1
            yield Written(reached, total, document.side, step.sequence, view)
            if reached > done:
                done = reached
                yield Progress(done, total)
    answers = tuple(_answer(laboratory, request, steps, stop, stopping) for steps in tries)
    right = None if request.expected is None else sum(bool(answer.answered) for answer in answers)
    yield Answers(document.side, answers, right)
    yield Progress(before + request.max_tokens, total)


def _answer(
    laboratory: Laboratory, request: Asked, steps: Sequence[Step], stop: str, stopping: bool
) -> Answer:
    special = laboratory.tokenizer.is_special
    views = laboratory.view([step.token_id for step in steps])
    spoken = b"".join(bytes.fromhex(view.bytes) for view in views if not special(view.id))
    before, rest = dress.cut_at(spoken, stop) if stop else (spoken, None)
    own = before.decode("utf-8", "replace")
    reason = steps[-1].finish_reason if steps else None
    answered = None
    if request.expected is not None:
        answered = dress.is_answered(own, request.question, request.expected)
    return Answer(
        tokens=views,
        shown=own if stopping else spoken.decode("utf-8", "replace"),
        own=own,
        next_line=None if stopping or rest is None else _first_line(rest),
        finish_reason=reason,
        at_once=not own.strip() and (rest is not None or reason == FinishReason.END_OF_TEXT),
        answered=answered,
    )


def _first_line(written: bytes) -> str:
    return written.decode("utf-8", "replace").strip().partition("\n")[0]
