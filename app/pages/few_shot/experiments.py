"""Learning from the page in front of it: the probability of the right answer against the number of examples.

Brown et al. 2020, "Language Models are Few-Shot Learners"; the controls follow Min et al. 2022, "Rethinking
the Role of Demonstrations". Answers are teacher-forced: log p(answer) is the sum of the log-probabilities of
all its tokens, each given everything before it.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import exp, fsum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.engine.contract.params import MAX_SEED, SamplingParams
from app.errors import ContextOverflow
from app.experiments.experiment import (
    Continuation,
    ExperimentRequest,
    Laboratory,
    Part,
    Progress,
    TokenView,
    together,
)
from app.pages.few_shot.prompt import Control, Layout, Row, controlled, is_right, row_texts
from app.tokenization.tokenizer import opening

MAX_ROWS = 32
MAX_QUERIES = 8
MAX_OPTIONS = 8
MAX_SCORES = 2_000  # passes of one experiment
ANSWER_SLACK = 3  # tokens a greedy answer may be longer than the longest expected one

Text = Annotated[str, Field(min_length=1, max_length=200)]
Pair = Annotated[tuple[Text, Text], Field(strict=False)]
Affix = Annotated[str, Field(max_length=100)]
Line = Literal["true", "shuffled", "format", "random", "order"]


class FewShotRequest(ExperimentRequest):
    """Rows of examples, questions held out from them, and how both are written."""

    rows: list[Pair] = Field(max_length=MAX_ROWS)
    queries: list[Pair] = Field(min_length=1, max_length=MAX_QUERIES)
    input_prefix: Affix = ""
    separator: Affix = ": "
    output_prefix: Affix = ""
    row_separator: str = Field("\n", min_length=1, max_length=32)
    shots: list[Annotated[int, Field(ge=0, le=MAX_ROWS)]] = Field([], max_length=MAX_ROWS + 1)  # []: all
    controls: list[Control] = Field([], max_length=4)
    options: list[Text] = Field([], max_length=MAX_OPTIONS)  # what an answer is weighed against
    seed: int = Field(0, ge=0, le=MAX_SEED)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.shots and max(self.shots) > len(self.rows):
            raise ValueError(f"shots go up to {max(self.shots)}, but there are {len(self.rows)} rows")
        if sorted(set(self.shots)) != self.shots:
            raise ValueError("shots must rise")
        if len(set(self.controls)) != len(self.controls):
            raise ValueError("each control may be named once")
        if self.scores > MAX_SCORES:
            raise ValueError(f"that is {self.scores:,} passes; at most {MAX_SCORES:,} run in one experiment")
        return self

    @property
    def layout(self) -> Layout:
        return Layout(self.input_prefix, self.separator, self.output_prefix, self.row_separator)

    @property
    def all_shots(self) -> list[int]:
        return self.shots or list(range(len(self.rows) + 1))

    @property
    def scores(self) -> int:
        """How many teacher-forced passes and greedy answers this is."""
        lines = 1 + len(self.controls)
        return lines * len(self.all_shots) * len(self.queries) * (2 + len(self.options))


@dataclass(frozen=True, slots=True)
class Questions:
    """The held-out questions. A prompt is a line's first texts, joined, and a question's `prompt`."""

    kind: ClassVar[str] = "questions"
    prompts: tuple[str, ...]
    answers: tuple[str, ...]  # with the spaces that belong to them
    answer_tokens: tuple[tuple[TokenView, ...], ...]
    bos: bool  # whether a beginning-of-text token stands before the prompt


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one line: the true ones, or a control's."""

    kind: ClassVar[str] = "examples"
    line: Line
    rows: tuple[Row, ...]
    texts: tuple[str, ...]  # each row as it stands in the prompt


@dataclass(frozen=True, slots=True)
class OnePass:
    """log p of each example's own answer given the examples before it: the whole curve from one pass."""

    kind: ClassVar[str] = "one_pass"
    line: Line
    dropped: int  # oldest rows that the window had no room for
    logprobs: tuple[float, ...]  # nats, of the rows that are left


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model makes of one question. `share` is against the listed options; None without any."""

    token_logprobs: tuple[float, ...]
    logprob: float  # nats, their sum
    share: float | None
    greedy: str
    right: bool
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line: every question after `shots` examples."""

    kind: ClassVar[str] = "point"
    line: Line
    shots: int
    dropped: int
    answers: tuple[Answer, ...]
    logprob: float  # nats, the mean over the questions
    probability: float  # the mean over the questions
    right: int


async def few_shot(laboratory: Laboratory, request: FewShotRequest) -> AsyncGenerator[Part, None]:
    """The true line and its controls, one-pass curves first, then point by point."""
    bench = await asyncio.to_thread(_bench, laboratory, request)
    yield bench.questions()
    lines = [_examples(request, None), *(_examples(request, control) for control in request.controls)]
    for line in lines:
        yield line
    done, total = 0, len(lines) * len(request.all_shots)
    yield Progress(done, total)
    for line in lines:
        if line.rows:
            yield await bench.one_pass(line)
    for shots in request.all_shots:
        for point in await bench.points(lines, shots):
            yield point
        done += len(lines)
        yield Progress(done, total)


def _examples(request: FewShotRequest, control: Control | None) -> Examples:
    rows = controlled(request.rows, control, request.seed) if control else tuple(request.rows)
    return Examples(control or "true", rows, row_texts(rows, request.layout, control, request.seed))


def _bench(laboratory: Laboratory, request: FewShotRequest) -> "_Bench":
    """Raises ContextOverflow where even a question without examples is too long."""
    outputs = dict.fromkeys([*(expected for _, expected in request.queries), *request.options])
    encode, layout = laboratory.tokenizer.encode, request.layout
    bench = _Bench(laboratory, request, {output: tuple(encode(layout.answer(output))) for output in outputs})
    bench.windows([])
    return bench


@dataclass(frozen=True, slots=True)
class _Bench:
    """What tokenises many texts is no coroutine: it runs beside the event loop, on a thread."""

    laboratory: Laboratory
    request: FewShotRequest
    answer_ids: dict[str, tuple[int, ...]]  # of every expected answer and option

    def questions(self) -> Questions:
        layout, laboratory = self.request.layout, self.laboratory
        answers = tuple(layout.answer(expected) for _, expected in self.request.queries)
        return Questions(
            tuple(layout.question(given) for given, _ in self.request.queries),
            answers,
            tuple(laboratory.view(self.answer_ids[expected]) for _, expected in self.request.queries),
            bool(opening(laboratory.tokenizer)),
        )

    async def points(self, lines: Sequence[Examples], shots: int) -> list[Point]:
        """All lines side by side. Without an example they have the same prompt, and the same point."""
        if shots:
            return await together([self.point(line, shots) for line in lines])
        bare = await self.point(lines[0], shots)
        return [replace(bare, line=line.line) for line in lines]

    async def point(self, line: Examples, shots: int) -> Point:
        """All questions after the line's first `shots` rows, side by side."""
        windows = await asyncio.to_thread(self.windows, line.texts[:shots])
        dropped = max(dropped for _, dropped in windows)
        answers = await together(
            [
                self._answer(prompt, expected)
                for (prompt, _), (_, expected) in zip(windows, self.request.queries, strict=True)
            ]
        )
        count = len(answers)
        return Point(
            line.line,
            shots,
            dropped,
            tuple(answers),
            fsum(answer.logprob for answer in answers) / count,
            fsum(exp(answer.logprob) for answer in answers) / count,
            sum(answer.right for answer in answers),
        )

    async def one_pass(self, line: Examples) -> OnePass:
        """Read every row's answer in its place: a causal model has seen only the rows before it."""
        pieces = await asyncio.to_thread(self._pieces, line)
        limit = self.laboratory.engine.context_length
        dropped = 0
        while dropped < len(pieces) - 1 and sum(len(q) + len(a) for q, a in pieces[dropped:]) + 1 > limit:
            dropped += 1
        token_ids, ranges = packed(pieces[dropped:], opening(self.laboratory.tokenizer))
        start = ranges[0][0]
        scores = await self.laboratory.score(token_ids, start=start)
        logprobs = [score.raw_logprob or 0.0 for score in scores]
        sums = tuple(fsum(logprobs[first - start : end - start]) for first, end in ranges)
        return OnePass(line.line, dropped, sums)

    def _pieces(self, line: Examples) -> list[tuple[list[int], list[int]]]:
        """(tokens before the answer, tokens of the answer) of each row; a row begins by closing the last."""
        encode, layout, closing = self.laboratory.tokenizer.encode, self.request.layout, ""
        pieces = []
        for (_, output), text in zip(line.rows, line.texts, strict=True):
            whole = text.removesuffix(layout.row_separator)
            before = whole.removesuffix(output).rstrip(" ")
            pieces.append((encode(closing + before), encode(whole[len(before) :])))
            closing = layout.row_separator
        return pieces

    def windows(self, texts: Sequence[str]) -> list[tuple[tuple[int, ...], int]]:
        """Each question's prompt behind these rows: its ids, and how many of the oldest rows had to go."""
        return [self._window(texts, given) for given, _ in self.request.queries]

    def _window(self, texts: Sequence[str], given: str) -> tuple[tuple[int, ...], int]:
        question = self.request.layout.question(given)
        reserve = max(self._written, *map(len, self.answer_ids.values()))
        limit = self.laboratory.engine.context_length - reserve

        def prompt(dropped: int) -> tuple[int, ...]:
            return self.laboratory.encode("".join(texts[dropped:]) + question)

        dropped = 0
        if len(token_ids := prompt(0)) > limit and texts:
            counts = range(len(texts))
            dropped = bisect_left(counts, True, lo=1, key=lambda count: len(prompt(count)) <= limit)
            token_ids = prompt(dropped)
        if len(token_ids) > limit:
            raise ContextOverflow(len(token_ids), limit, self.laboratory.engine.name)
        return token_ids, dropped

    @property
    def _written(self) -> int:
        """Tokens a greedy answer may have."""
        return max(len(self.answer_ids[expected]) for _, expected in self.request.queries) + ANSWER_SLACK

    async def _answer(self, prompt: tuple[int, ...], expected: str) -> Answer:
        answer = self.answer_ids[expected]
        written = await self._greedy(prompt)
        if written.token_ids[: len(answer)] == answer:  # its own probabilities are the answer's
            logprobs = written.logprobs[: len(answer)]
        else:
            logprobs = await self._logprobs(prompt, answer)
        others = [self.answer_ids[option] for option in self.request.options if option != expected]
        weights = await together([self._logprobs(prompt, other) for other in others])
        logprob = fsum(logprobs)
        share = share_of(logprob, list(map(fsum, weights))) if self.request.options else None
        greedy = self._text(written.token_ids)
        return Answer(logprobs, logprob, share, greedy, is_right(greedy, expected), len(prompt))

    async def _logprobs(self, prompt: tuple[int, ...], answer: Sequence[int]) -> tuple[float, ...]:
        scores = await self.laboratory.score((*prompt, *answer), start=len(prompt))
        return tuple(score.raw_logprob or 0.0 for score in scores)

    async def _greedy(self, prompt: tuple[int, ...]) -> Continuation:
        """The likeliest continuation, token by token."""
        stop = (self.request.row_separator,)
        params = SamplingParams(temperature=0.0, seed=0, max_tokens=self._written, stop=stop)
        (written,) = await self.laboratory.continue_text(prompt, params)
        return written

    def _text(self, token_ids: Sequence[int]) -> str:
        """What was written, up to where a row ends."""
        special = self.laboratory.tokenizer.is_special
        text = self.laboratory.text([token_id for token_id in token_ids if not special(token_id)])
        return text.partition(self.request.row_separator)[0]


def packed(
    pieces: Sequence[tuple[Sequence[int], Sequence[int]]], start: Sequence[int]
) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """The whole document's ids, and where in it each answer stands, as (first, end)."""
    token_ids = [*start, *(i for before, answer in pieces for i in (*before, *answer))]
    lengths = accumulate((len(before) + len(answer) for before, answer in pieces), initial=len(start))
    ends = list(lengths)[1:]
    return tuple(token_ids), [(end - len(answer), end) for end, (_, answer) in zip(ends, pieces, strict=True)]


def share_of(logprob: float, others: Sequence[float]) -> float:
    """p / (p + the others' p), without leaving the logarithms before it must."""
    return 1 / (1 + fsum(exp(min(other - logprob, 700.0)) for other in others))
