"""What the assistant's experiments are asked and what they tell."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from app.engine.contract.outputs import FinishReason
from app.engine.contract.params import MAX_SEED, MAX_STOP_CHARACTERS, MAX_TEMPERATURE
from app.experiments.experiment import ExperimentRequest, Progress, TokenView
from app.pages.assistant.costume import Piece, cut_template

MAX_TRIES = 8
MAX_TURNS = 24
MAX_ANSWER = 128  # tokens

Side = Literal["dressed", "bare", "instructed"]


def _one_place(template: str) -> str:
    cut_template(template)
    return template


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("only blanks are not enough")
    return text


Question = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_not_blank)]
Template = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_one_place)]
Stop = Annotated[str, Field(min_length=1, max_length=MAX_STOP_CHARACTERS), AfterValidator(_not_blank)]


class Turn(ExperimentRequest):
    """A question that was asked before, and the answer the document holds for it."""

    question: Question
    answer: str = Field(max_length=2000)


class Asked(ExperimentRequest):
    """A question, and how its tries are drawn. `expected` is the right answer, where one is to be checked.

    Several ways to write it are told apart by "|": "4|four".
    """

    question: Question
    n: int = Field(8, ge=1, le=MAX_TRIES)
    seed: int = Field(618, ge=0, le=MAX_SEED)
    temperature: float = Field(0.5, ge=0.0, le=MAX_TEMPERATURE)
    max_tokens: int = Field(24, ge=1, le=MAX_ANSWER)
    expected: str | None = Field(None, min_length=1, max_length=40)


class DressedRequest(Asked):
    """The question in a costume; `bare` also asks it without one, with the same dice and settings."""

    template: Template
    stop: Stop
    stop_on: bool = True
    turns: list[Turn] = Field([], max_length=MAX_TURNS)
    bare: bool = True


class InstructedRequest(Asked):
    """The question to an instruction-tuned model."""

    system: str = Field("", max_length=2000)


class ShiftRequest(ExperimentRequest):
    """One answer, forced after the bare question and after the question in each costume."""

    question: Question
    answer: str = Field(min_length=1, max_length=400)
    templates: list[Template] = Field(min_length=1, max_length=5)


@dataclass(frozen=True, slots=True)
class Document:
    """All that the model is given. `text` is the document; with `bos` one more token leads it."""

    kind: ClassVar[str] = "document"
    side: Side
    model: str
    text: str
    pieces: tuple[Piece, ...]  # joined they are `text`
    tokens: tuple[TokenView, ...]
    special: tuple[bool, ...]  # of each token
    bos: bool
    dropped: int  # oldest turns that the window had no room for
    injected: tuple[str, ...]  # role words typed inside the question


@dataclass(frozen=True, slots=True)
class Written(Progress):
    """One more token of one try: news while it runs, not kept with what was measured."""

    kind: ClassVar[str] = "written"
    side: Side
    sequence: int
    token: TokenView


@dataclass(frozen=True, slots=True)
class Answer:
    """One try. `shown` is cut at the stop string where that is on, `own` always: the model's own turn."""

    tokens: tuple[TokenView, ...]
    shown: str
    own: str
    next_line: str | None  # what the model wrote for the human, with the stop string off
    finish_reason: FinishReason | None
    at_once: bool  # it predicted the stop before a word of an answer
    answered: bool | None  # by costume.is_answered; None without an expected answer


@dataclass(frozen=True, slots=True)
class Answers:
    """All tries of one side."""

    kind: ClassVar[str] = "answers"
    side: Side
    answers: tuple[Answer, ...]
    answered: int | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A token whose probability the costume changed."""

    token: TokenView
    dressed: float
    bare: float


@dataclass(frozen=True, slots=True)
class Shift:
    """What a costume changed before one token of the forced answer. Log-probabilities are in nats."""

    kind: ClassVar[str] = "shift"
    costume: int  # index into the request's templates
    index: int
    token: TokenView
    kl_bits: float  # KL(dressed || bare) over the whole vocabulary
    logprob: float
    bare_logprob: float
    rank: int
    bare_rank: int  # of the same token without the costume
    favourite: TokenView  # the likeliest token in the costume
    favourite_bare_rank: int  # 1: the costume changed nothing that matters here
    movers: tuple[Mover, ...]
