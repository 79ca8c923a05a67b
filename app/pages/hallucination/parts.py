"""What the universes' experiments are asked and what they tell."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.engine.contract.outputs import FinishReason
from app.engine.contract.params import MAX_SEED, MAX_SEQUENCES, MAX_TEMPERATURE
from app.experiments.experiment import ExperimentRequest, Progress, TokenView
from app.pages.hallucination.agreement import Agreement, Cut
from app.pages.hallucination.universe_tree import Branch

MAX_PROMPT = 4000  # characters

Prompt = Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)]
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Word = Annotated[str, Field(min_length=1, max_length=40)]


class Sampled(ExperimentRequest):
    """What all three ask: a prompt, and how its universes are drawn and cut."""

    prompt: Prompt
    n: int = Field(16, ge=4, le=MAX_SEQUENCES)
    seed: int = Field(618, ge=0, le=MAX_SEED)
    temperature: float = Field(0.7, ge=0.0, le=MAX_TEMPERATURE)
    max_tokens: int = Field(24, ge=1, le=64)
    cut: Cut = "clause"


class UniversesRequest(Sampled):
    """n universes of one prompt."""


class Evidence(ExperimentRequest):
    """A sentence in front of the prompt; whether it is true is the person's word."""

    text: Sentence
    label: Literal["true", "false", "unknown"] = "unknown"


class EvidenceRequest(Sampled):
    """The universes without evidence, with the first sentence, with the first two ..."""

    sentences: list[Evidence] = Field(min_length=1, max_length=6)


class OwnMistakeRequest(Sampled):
    """What follows on its own, and what follows words that were put in the model's mouth."""

    forced: Annotated[str, Field(min_length=1, max_length=200)]
    watch: list[Word] = Field(default_factory=list, max_length=6)


@dataclass(frozen=True, slots=True)
class FirstToken:
    """One of the likeliest first tokens; the probability is the one it is drawn with."""

    token: TokenView
    raw_logprob: float
    probability: float


@dataclass(frozen=True, slots=True)
class Opening:
    """The prompt as the model read it, and the exact distribution of the token that comes first."""

    kind: ClassVar[str] = "opening"
    side: str
    prompt: str
    tokens: tuple[TokenView, ...]
    entropy_bits: float  # at the temperature that was asked for
    model_entropy_bits: float  # the model's own, at temperature 1
    first: tuple[FirstToken, ...]
    others: float  # what all other tokens hold together


@dataclass(frozen=True, slots=True)
class Round(Progress):
    """Progress that is one more token in every universe that still writes."""

    kind: ClassVar[str] = "round"
    side: str
    tokens: tuple[tuple[int, str], ...]  # (universe, bytes)
    answers: tuple[tuple[int, str, str], ...]  # (universe, answer, key) that stand now


@dataclass(frozen=True, slots=True)
class Universe:
    """One continuation: the answer is its beginning, `answer_tokens` long."""

    sequence: int
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]  # as drawn, at the temperature that was asked for
    text: str
    answer: str
    answer_tokens: int
    finish_reason: FinishReason | None


@dataclass(frozen=True, slots=True)
class Mention:
    """How many universes contain a word."""

    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything about the universes of one prompt."""

    kind: ClassVar[str] = "outcome"
    side: str
    n: int
    temperature: float
    universes: tuple[Universe, ...]
    agreement: Agreement
    tree: tuple[Branch, ...]
    tree_bytes: tuple[str, ...]  # of each branch's token
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Forced:
    """The words put in the model's mouth, and what it thought of them."""

    kind: ClassVar[str] = "forced"
    tokens: tuple[TokenView, ...]
    raw_logprobs: tuple[float, ...]
    ranks: tuple[int, ...]
    probability: float  # of all of them in a row


@dataclass(frozen=True, slots=True)
class DrawnAnswer:
    """One universe's answer under some evidence."""

    sequence: int
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EvidenceStep:
    """The universes with the first `index` sentences in front of the prompt; same dice in every step."""

    kind: ClassVar[str] = "step"
    index: int
    sentence: str  # the one that is new here
    label: str
    prompt: str
    prompt_tokens: int
    entropy_bits: float
    model_entropy_bits: float
    answers: tuple[DrawnAnswer, ...]
    agreement: Agreement
