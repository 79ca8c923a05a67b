"""What a request asks of the engine: frozen values, their limits declared once."""

from dataclasses import dataclass

MAX_TEMPERATURE = 5.0
MAX_SEQUENCES = 32
MAX_LOGPROBS = 50
MAX_STOP_STRINGS = 4
MAX_STOP_CHARACTERS = 64
TEACHER = "teacher"  # the client whose requests go first; the routes give this name to the teacher alone
JOBS_AT_ONCE = 16  # engine requests of one experiment at a time; the engine's line has room for all
MAX_SEED = 2**53 - 1  # the largest integer JavaScript holds exactly


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen. The defaults change nothing: the model's own distribution."""

    temperature: float = 1.0  # 0 is greedy; 1 leaves the distribution alone
    top_k: int = 0  # 0 keeps every token
    top_p: float = 1.0  # 1 keeps every token
    min_p: float = 0.0  # 0 keeps every token
    repetition_penalty: float = 1.0  # 1 is off; Keskar et al. 2019, CTRL
    frequency_penalty: float = 0.0  # 0 is off; subtracted once per occurrence, as OpenAI defines it
    presence_penalty: float = 0.0  # 0 is off; subtracted once per distinct token
    seed: int | None = None  # None: the engine draws one, and says which
    n: int = 1  # sequences sharing one prefill
    max_tokens: int = 64  # most tokens per sequence
    stop: tuple[str, ...] = ()  # text is cut before the first of these
    logprobs: int = 0  # likeliest alternatives reported with each token
    ignore_eos: bool = False  # go on after an end-of-text token
    entropy: bool = True  # tell each step's, which takes a pass over the whole vocabulary

    @property
    def has_penalties(self) -> bool:
        return self.repetition_penalty != 1.0 or self.frequency_penalty != 0.0 or self.presence_penalty != 0.0


@dataclass(frozen=True, slots=True)
class Observe:
    """What is told of the prompt itself. What comes before may come from the cache."""

    scores_from: int | None = None  # index of the first of the prompt's tokens to be scored
    distributions_from: int | None = None  # first position whose whole distribution is wanted

    def first_position(self, length: int) -> int:
        """The first position whose logits are wanted, of a prompt of `length` tokens: at least the last."""
        wanted = length - 1
        if self.scores_from is not None:
            wanted = min(wanted, max(0, self.scores_from - 1))  # a token is scored one position before it
        if self.distributions_from is not None:
            wanted = min(wanted, self.distributions_from)
        return wanted


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt and what to do with it. `client` groups requests for fairness; it identifies no person."""

    prompt_token_ids: tuple[int, ...]
    params: SamplingParams
    client: str = ""
    observe: Observe = Observe()
