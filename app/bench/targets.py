"""What this project wants to reach, next to what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from app.bench.plan import COMPANY
from app.bench.results import Beside, Level, Results, ServerUnderLoad

_SLACK = 1.15  # a server cannot be this much faster than its own model: something else ran meanwhile
_DISTURBED = "disturbed: the model alone was slower than in the server; run it again on a quiet machine"
_NO_COMPANY = "needs --only company"
IN_THE_BROWSER = "measured in the browser tests"


class Reading(NamedTuple):
    """`value` is held against the target; `measured` says what it was made from."""

    value: float
    measured: str


class Missing(NamedTuple):
    """Why there is no value."""

    why: str


@dataclass(frozen=True, slots=True)
class Target:
    """`first` is to be reached at once, `goal` later; None where performance asks for only one of them."""

    what: str
    first: float
    goal: float | None
    read: Callable[[Results], Reading | Missing]
    at_least: bool = False  # else at most
    unit: str = "x"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table, in words."""

    what: str
    measured: str
    value: float | None
    shown: str
    first: str
    goal: str
    verdict: str  # "goal reached", "reached", "MISSED", or why there is none


def verdicts(results: Results) -> list[Verdict]:
    return [_judge(target, target.read(results)) for target in TARGETS]


def _judge(target: Target, reading: Reading | Missing) -> Verdict:
    sign = "≥" if target.at_least else "≤"
    first = f"{sign} {_number(target.first, target.unit)}"
    goal = "" if target.goal is None else _number(target.goal, target.unit)
    if isinstance(reading, Missing):
        return Verdict(target.what, "", None, "", first, goal, reading.why)
    if target.goal is not None and _meets(reading.value, target.goal, target.at_least):
        verdict = "goal reached"
    elif _meets(reading.value, target.first, target.at_least):
        verdict = "reached"
    else:
        verdict = "MISSED"
    shown = _number(reading.value, target.unit)
    return Verdict(target.what, reading.measured, reading.value, shown, first, goal, verdict)


def _meets(value: float, wanted: float, at_least: bool) -> bool:
    return value >= wanted if at_least else value <= wanted


def _number(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f}"
    return f"{value:.4f} nats" if unit == "nats" else f"{value:.3g} {unit}".rstrip()


def _levels(results: Results, streams: int) -> tuple[Level, Level, ServerUnderLoad] | Missing:
    """Ours and llama-server's at so many streams."""
    other = next((server for server in results.others if server.kind == "llama-server"), None)
    if other is None:
        return Missing("needs --against a llama-server")
    ours, theirs = results.ours.at(streams) if results.ours else None, other.at(streams)
    if ours is None or theirs is None:
        return Missing(f"needs {streams} streams on both")
    return ours, theirs, other


def _throughput(streams: int) -> Callable[[Results], Reading | Missing]:
    def read(results: Results) -> Reading | Missing:
        levels = _levels(results, streams)
        if isinstance(levels, Missing):
            return levels
        ours, theirs = levels[0].tokens_per_second, levels[1].tokens_per_second
        return Reading(ours / theirs, f"{ours:.1f} and {theirs:.1f} tokens/s")

    return read


def _kept(phase: str, *streams: int) -> Callable[[Results], Reading | Missing]:
    """Tokens/s of this server in that phase against quiet, at the number of streams where it kept least."""

    def read(results: Results) -> Reading | Missing:
        found = [_beside_and_quiet(results, phase, count) for count in streams]
        pairs = [pair for pair in found if pair]
        if len(pairs) < len(found):
            return _why(results, COMPANY, _NO_COMPANY)
        speeds = [(then.tokens_per_second, quiet.tokens_per_second) for then, quiet in pairs]
        then, quiet = min(speeds, key=lambda speed: speed[0] / speed[1])
        return Reading(then / quiet, f"{then:.1f} and {quiet:.1f} tokens/s")

    return read


def _beside_and_quiet(results: Results, phase: str, streams: int) -> tuple[Beside, Beside] | None:
    then = results.beside(results.ours, phase, streams)
    quiet = results.beside(results.ours, "quiet", streams)
    return (then, quiet) if then and quiet and quiet.in_time else None


def _gap_beside_one(results: Results) -> Reading | Missing:
    pairs = [pair for count in (1, 8) if (pair := _beside_and_quiet(results, "beside one", count))]
    if len(pairs) < 2:
        return _why(results, COMPANY, _NO_COMPANY)
    gaps = [(then.gap_p95, quiet.gap_p95) for then, quiet in pairs]
    then, quiet = max(gaps, key=lambda gap: gap[0] / gap[1])
    return Reading(then / quiet, f"{seconds(then)} and {seconds(quiet)}")


def _beside_one_against_llama(results: Results) -> Reading | Missing:
    other = next((server for server in results.others if server.kind == "llama-server"), None)
    ours, theirs = (results.beside(server, "beside one", 8) for server in (results.ours, other))
    if ours is None or theirs is None:
        return _why(results, COMPANY, f"{_NO_COMPANY} and --against a llama-server")
    speeds = ours.tokens_per_second, theirs.tokens_per_second
    below = "" if theirs.in_time else "less than "
    return Reading(speeds[0] / speeds[1], f"{speeds[0]:.1f} and {below}{speeds[1]:.1f} tokens/s")


def _first_token_under_load(results: Results) -> Reading | Missing:
    levels = _levels(results, 32)
    if isinstance(levels, Missing):
        return levels
    ours, theirs = levels[0].first_token_p95, levels[1].first_token_p95
    return Reading(ours / theirs, f"{seconds(ours)} and {seconds(theirs)}")


def _against_bare(results: Results) -> Reading | Missing:
    ours = results.ours.at(32) if results.ours else None
    bare = dict(results.bare.tokens_per_second).get(32) if results.bare else None
    if ours is None or bare is None:
        return _why(results, "bare", "needs 32 streams and the bare forward pass")
    if ours.tokens_per_second > _SLACK * bare:
        return Missing(_DISTURBED)
    measured = f"{ours.tokens_per_second:.1f} and {bare:.1f} tokens/s"
    return Reading(ours.tokens_per_second / bare, measured)


def _divergence(results: Results) -> Reading | Missing:
    if (found := results.fidelity) is None:
        return _why(results, "fidelity")
    both = (
        f"{found.divergence:.4f} over {found.tokens:,} tokens, {found.stepwise_divergence:.4f} token by token"
    )
    return Reading(max(found.divergence, found.stepwise_divergence), both)


def _same_top(results: Results) -> Reading | Missing:
    if (found := results.fidelity) is None:
        return _why(results, "fidelity")
    less = 100 * (found.bfloat16_same_top - found.same_top)
    return Reading(max(0.0, less), f"{found.same_top:.1%}; bfloat16 keeps {found.bfloat16_same_top:.1%}")


def _first_token(results: Results) -> Reading | Missing:
    found, bare = results.first_token, results.bare_prefill
    if found is None or bare is None:
        return _why(results, "first-token")
    if bare.seconds > _SLACK * found.seconds:
        return Missing(_DISTURBED)
    measured = f"{seconds(found.seconds)} and {seconds(bare.seconds)}, {found.tokens} tokens"
    return Reading(found.seconds / bare.seconds, measured)


def _gap(results: Results) -> Reading | Missing:
    if (found := results.gap) is None:
        return _why(results, "gap")
    return Reading(
        found.during_p95 / found.before_p95, f"{seconds(found.during_p95)} and {seconds(found.before_p95)}"
    )


def _prefix(results: Results) -> Reading | Missing:
    if (found := results.prefix) is None:
        return _why(results, "prefix")
    return Reading(found.second / found.first, f"{seconds(found.second)} and {seconds(found.first)}")


def _universes(results: Results) -> Reading | Missing:
    if (found := results.universes) is None:
        return _why(results, "universes")
    return Reading(found.all / found.one, f"{seconds(found.all)} and {seconds(found.one)}")


def _tokenizing(results: Results) -> Reading | Missing:
    if (found := results.tokenize) is None:
        return _why(results, "tokenize")
    return Reading(found.through / found.bare, f"{seconds(found.through)} and {seconds(found.bare)}")


def _first_page(results: Results) -> Reading | Missing:
    if (found := results.startup) is None:
        return _why(results, "startup")
    return Reading(found.first_page, "")


def _ready(results: Results) -> Reading | Missing:
    if (found := results.startup) is None:
        return _why(results, "startup")
    return Reading(found.ready, "")


def _memory(results: Results) -> Reading | Missing:
    found = results.memory
    if found is None or not found.weights:
        return _why(results, "memory", "needs a model with weights")
    if (found.streams, found.tokens) != (32, 256):
        return Missing(f"needs 32 streams of 256 tokens; these were {found.streams} of {found.tokens}")
    measured = f"{megabytes(found.peak)} and {megabytes(found.weights)}"
    return Reading(found.peak / found.weights, measured)


def _browser(_: Results) -> Missing:
    return Missing(IN_THE_BROWSER)


def _why(results: Results, name: str, otherwise: str = "not measured") -> Missing:
    return Missing(results.skipped.get(name, otherwise))


def seconds(value: float) -> str:
    """Three digits or so: 12.3 ms, 123 ms, 1.23 s."""
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.1 else f"{value * 1000:.1f} ms"


def megabytes(value: float) -> str:
    return f"{value / 1e6:,.0f} MB"


TARGETS = (
    Target("32 streams, tokens/s against llama-server", 1.5, 2.5, _throughput(32), at_least=True),
    Target("32 streams against our own bare forward pass", 0.85, 0.95, _against_bare, at_least=True),
    Target("1 stream, tokens/s against llama-server (Q4_K_M)", 0.7, 1.5, _throughput(1), at_least=True),
    Target(
        "1 stream beside one busy program, tokens/s against quiet", 0.6, 0.7, _kept("beside one", 1), True
    ),
    Target(
        "8 streams beside one busy program, tokens/s against quiet", 0.6, 0.7, _kept("beside one", 8), True
    ),
    Target("gap beside one busy program, p95, against quiet", 3.0, 2.0, _gap_beside_one),
    Target("beside two busy programs, tokens/s against quiet", 0.4, None, _kept("beside two", 1, 8), True),
    Target("3 s after they ended, tokens/s against before", 0.95, None, _kept("afterwards", 1, 8), True),
    Target("8 streams beside one, tokens/s against llama-server", 0.9, None, _beside_one_against_llama, True),
    Target("mean KL of the default path to float32", 0.01, 0.004, _divergence, unit="nats"),
    Target("same top token, below what bfloat16 keeps", 2.0, 1.0, _same_top, unit="points"),
    Target("first token on an idle server against a bare prefill", 1.3, 1.1, _first_token),
    Target("first token at 32 streams, p95, against llama-server", 1.0, 0.7, _first_token_under_load),
    Target("gap while a 1,000-token prompt arrives, p95, against before", 2.0, 1.3, _gap),
    Target("second request on a shared 1,000-token prefix, first token", 0.2, 0.1, _prefix),
    Target("eight universes against one completion, wall time", 2.0, 1.5, _universes),
    Target("sampling page, recompute and paint per slider event, p95", 16, 8, _browser, unit="ms"),
    Target("that page's probabilities against transformers' warpers", 1e-6, None, _browser, unit=""),
    Target("tokenising 32 KB against bare tiktoken, end to end", 3.0, 1.5, _tokenizing),
    Target("10,000 tokens on the tokenizer page, paint", 300, 150, _browser, unit="ms"),
    Target("typing in it, p95 per key", 50, 16, _browser, unit="ms"),
    Target("process start to first page", 3.0, 1.5, _first_page, unit="s"),
    Target("process start to ready (weights converted)", 10.0, 5.0, _ready, unit="s"),
    Target("memory at 32 streams of 256 tokens against the weights", 3.5, 2.0, _memory),
)
