"""`python -m app.bench.model_process JSON`: what is measured on the model itself.

A process of its own, so that torch is never loaded beside the clock of the load. Each line it prints is a
JSON object: a measurement when the server is gone; or, of the task "bare", one for each line it reads, which
says how many sequences to continue: so it takes turns with the servers.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.bench.passage import PASSAGE_NAME, passage
from app.bench.percentiles import median_of
from app.bench.results import BarePrefill, Fidelity, StepBudget
from app.errors import PlaygroundError
from app.tokenization.registry import load_model_tokenizer
from app.tokenization.tokenizer import Tokenizer, opening

if TYPE_CHECKING:
    from app.engine.serving.threaded_engine import ThreadedEngine

CONTEXT = 64  # tokens of each sequence in the bare forward pass
_STEPS = 16  # of a budget
_PREFILL_REPEATS = 7
FIDELITY_TOKENS = 2_000
_WINDOW = 250  # tokens of text read at once: whole distributions of 262,144 columns take 1 MB a token
_STEPWISE_FROM, _STEPWISE_TOKENS = 50, 200


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure, and on what."""

    folder: str
    name: str
    device: str
    dtype: str
    exact: bool
    slots: int
    context_length: int
    tasks: tuple[str, ...]  # of "bare", "prefill", "step", "fidelity"
    batches: tuple[int, ...]
    prompt_tokens: int
    passes: int = _STEPS  # of a round of "bare": as many as a stream has tokens, for it to last as long
    fidelity_tokens: int = FIDELITY_TOKENS

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    given = json.loads(sys.argv[1])
    order = Order(**(given | {"tasks": tuple(given["tasks"]), "batches": tuple(given["batches"])}))
    try:
        measure(order, _print, map(int, sys.stdin))
    except PlaygroundError as error:
        sys.exit(error.message)
    except MemoryError:
        sys.exit("this machine's memory is too small for it")


def measure(order: Order, tell: Callable[[str, Any], None], asked: Iterable[int] = ()) -> None:
    """Run the tasks on the path the server would take; `tell` hears of each as it is done.

    `asked` are the sequences of each round of "bare".
    """
    from app.engine import local
    from app.engine.network import bare

    tokenizer = load_model_tokenizer(Path(order.folder), order.name)
    engine = local.load(
        Path(order.folder),
        name=order.name,
        tokenizer=tokenizer,
        device=order.device,
        dtype=order.dtype,
        exact=order.exact,
        slots=order.slots,
        context_length=order.context_length,
    )
    try:
        runner = engine.runner
        if "prefill" in order.tasks:
            tokens = min(order.prompt_tokens, engine.context_length - 2)
            seconds = median_of(bare.prefill_seconds(runner, tokens, _PREFILL_REPEATS))
            tell("bare_prefill", BarePrefill(tokens, seconds))
        if "bare" in order.tasks:
            context = min(CONTEXT, engine.context_length - 2)
            tell("context", context)
            for streams in asked:
                seconds = sum(islice(bare.decode_seconds(runner, streams, context=context), order.passes))
                tell("tokens_per_second", streams * order.passes / seconds)
        if "step" in order.tasks:
            tell("step", _step_budget(order, runner, min(CONTEXT, engine.context_length - 2)))
        if "fidelity" in order.tasks:
            tell("fidelity", asyncio.run(_fidelity(order, engine, tokenizer)))
    finally:
        engine.close()


def _step_budget(order: Order, runner: Any, context: int) -> StepBudget:
    from app.engine.network import bare

    fitting = [each for each in order.batches if each <= order.slots] or [order.slots]
    batches = sorted({min(fitting), max(fitting)})
    found = [bare.step_parts(runner, batch, context=context, steps=_STEPS) for batch in batches]
    return StepBudget(tuple(batches), {part: [each[part] for each in found] for part in found[0]})


async def _fidelity(order: Order, engine: "ThreadedEngine", tokenizer: Tokenizer) -> Fidelity:
    """The default path and plain bfloat16 against plain float32, on the same positions."""
    from app.engine.network import bare

    exact = bare.PlainModel(Path(order.folder), "float32", order.device)
    plain = bare.PlainModel(Path(order.folder), "bfloat16", order.device)
    ours, theirs, stepwise = _Comparison(), _Comparison(), _Comparison()
    windows = _windows(tokenizer, min(_WINDOW, engine.context_length - 2), order.fidelity_tokens)
    for number, window in enumerate(windows):
        reference = exact.logprobs(window)
        ours.add(reference, await engine.distributions(window, start=0))
        theirs.add(reference, plain.logprobs(window))
        if number == 0:
            first = min(_STEPWISE_FROM, len(window) - 1)
            for end in range(first, min(first + _STEPWISE_TOKENS, len(window))):
                row = await engine.next_token(window[:end])
                stepwise.add(reference[end - 1 : end], row[None])
    return Fidelity(
        text=PASSAGE_NAME,
        tokens=ours.count,
        divergence=ours.divergence,
        same_top=ours.same_top,
        stepwise_tokens=stepwise.count,
        stepwise_divergence=stepwise.divergence,
        stepwise_same_top=stepwise.same_top,
        bfloat16_divergence=theirs.divergence,
        bfloat16_same_top=theirs.same_top,
    )


def _windows(tokenizer: Tokenizer, size: int, total: int) -> list[list[int]]:
    """The passage in pieces of at most `size` tokens, each begun as the model begins a text."""
    token_ids = tokenizer.encode(passage())[:total]
    start = opening(tokenizer)
    return [
        [*start, *token_ids[at : at + size]][:size]  # as many positions, each asking for the next token
        for at in range(0, len(token_ids), size)
    ]


class _Comparison:
    """Sums over positions; rows are log-probabilities (T, V)."""

    def __init__(self) -> None:
        self.count = 0
        self._divergence = 0.0
        self._same = 0

    def add(self, reference: Any, other: Any) -> None:
        from app.engine.network import bare

        self.count += len(reference)
        self._divergence += float(bare.divergences(reference, other).sum())
        self._same += int((reference.argmax(-1) == other.argmax(-1)).sum())

    @property
    def divergence(self) -> float:
        return self._divergence / max(1, self.count)

    @property
    def same_top(self) -> float:
        return self._same / max(1, self.count)


def _print(name: str, measurement: Any) -> None:
    values = measurement if isinstance(measurement, int | float) else asdict(measurement)
    sys.stdout.write(json.dumps({"name": name, "measurement": values}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
