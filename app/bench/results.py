"""What was measured: plain values, every time in seconds, every size in bytes."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Level:
    """N streams at once; each figure is the median over the rounds."""

    streams: int
    rounds: int
    tokens: int  # of one round, all streams together
    seconds: float  # of one round
    tokens_per_second: float  # all streams together
    first_token_p50: float
    first_token_p95: float
    gap_p50: float  # between arrivals of one stream
    gap_p95: float
    slowest_stream: float  # tokens per second of the slowest stream, after its first token
    counted_by: str  # what the number of tokens rests on
    ended_early: int  # streams with fewer tokens than asked for, in all rounds


@dataclass(eq=False)
class ServerUnderLoad:
    """One server and what it did at each N."""

    label: str  # for people
    url: str
    kind: str  # what it says it is: "llama-server", "vLLM" ...
    model: str  # what it calls its model
    levels: list[Level] = field(default_factory=list)

    def at(self, streams: int) -> Level | None:
        return next((level for level in self.levels if level.streams == streams), None)


@dataclass(frozen=True, slots=True)
class Beside:
    """One server while other programs are busy; each figure is the median over the rounds."""

    server: str  # its label
    phase: str  # "quiet", "beside one" or "beside two" busy programs, "afterwards"
    streams: int
    tokens_per_second: float  # all streams together
    gap_p95: float  # between arrivals of one stream
    in_time: bool = True  # False: a round was given up, and the figures are what it stayed below


@dataclass(frozen=True, slots=True)
class Startup:
    """From starting the process."""

    first_page: float
    ready: float


@dataclass(frozen=True, slots=True)
class Prefix:
    """Time to first token of two requests whose first `tokens` tokens are the same."""

    tokens: int
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Universes:
    """Wall time of one continuation and of `sequences` of one prompt."""

    sequences: int
    tokens: int
    one: float
    all: float


@dataclass(frozen=True, slots=True)
class PrefillGap:
    """Gaps of a running stream before and while prompts of `tokens` tokens arrive, 95th percentile."""

    tokens: int
    before_p95: float
    during_p95: float
    gaps_during: int  # how many gaps the second figure rests on


@dataclass(frozen=True, slots=True)
class FirstToken:
    """Time to first token of a prompt that the server has not read before, while it does nothing else."""

    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tokenizing:
    """A text to its tokens: one request on /api/tokenize, and one call of bare tiktoken."""

    bytes: int
    tokens: int
    through: float
    bare: float


@dataclass(frozen=True, slots=True)
class Queueing:
    """Time to first token, 95th percentile, with more requests at once than there are places."""

    slots: int
    points: tuple[tuple[int, float], ...]  # (requests at once, seconds)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of the server's process."""

    weights: int | None  # the model's files
    ready: int  # when it could answer
    streams: int
    tokens: int  # of each stream
    peak: int  # while they ran
    points: tuple[tuple[int, int], ...]  # (tokens received so far, bytes)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Resident memory after so many requests of all kinds."""

    points: tuple[tuple[int, int], ...]  # (requests, bytes)


@dataclass(frozen=True, slots=True)
class Bare:
    """Our own batched forward pass, without a server and without sampling."""

    context: int  # tokens before the one that is computed
    tokens_per_second: tuple[tuple[int, float], ...]  # (sequences at once, all of them together)


@dataclass(frozen=True, slots=True)
class StepBudget:
    """Where the time of one forward pass goes that gives each of `batches` sequences one more token."""

    batches: tuple[int, ...]
    seconds: dict[str, list[float]]  # of each part, for each batch


@dataclass(frozen=True, slots=True)
class BarePrefill:
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Against transformers in float32. Divergence in nats, agreement as a share of positions."""

    text: str
    tokens: int
    divergence: float  # mean KL(float32 || default path), prompts read as the server reads them
    same_top: float
    stepwise_tokens: int  # and token by token, as the server writes
    stepwise_divergence: float
    stepwise_same_top: float
    bfloat16_divergence: float  # transformers in bfloat16, on the same text
    bfloat16_same_top: float


@dataclass
class Results:
    """Everything measured so far; a field is None until it is measured."""

    machine: dict[str, str]
    settings: dict[str, Any]
    servers: list[ServerUnderLoad] = field(default_factory=list)  # ours is the first
    company: list[Beside] = field(default_factory=list)
    startup: Startup | None = None
    prefix: Prefix | None = None
    universes: Universes | None = None
    gap: PrefillGap | None = None
    first_token: FirstToken | None = None
    bare_prefill: BarePrefill | None = None
    tokenize: Tokenizing | None = None
    queue: Queueing | None = None
    memory: Memory | None = None
    long: Mixed | None = None
    bare: Bare | None = None
    step: StepBudget | None = None
    fidelity: Fidelity | None = None
    skipped: dict[str, str] = field(default_factory=dict)  # measurement -> why there is no figure
    failures: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def ours(self) -> ServerUnderLoad | None:
        return self.servers[0] if self.servers else None

    @property
    def others(self) -> list[ServerUnderLoad]:
        return self.servers[1:]

    def beside(self, server: ServerUnderLoad | None, phase: str, streams: int) -> Beside | None:
        label = server.label if server else ""
        wanted = (label, phase, streams)
        return next(
            (each for each in self.company if (each.server, each.phase, each.streams) == wanted), None
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
