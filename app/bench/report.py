"""What was measured, as tables of words: in colour on a terminal, in plain columns elsewhere, as a page."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import rich.table
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.text import Text

from app.bench import company
from app.bench.classroom import RULE, Classroom, classroom
from app.bench.curves import charts
from app.bench.growth import Growth, growths
from app.bench.results import Beside, Level, Results, StepBudget
from app.bench.targets import Verdict, megabytes, seconds, verdicts
from app.paths import TEMPLATES

_TOO_SHORT = 1e-4  # seconds: what came in one packet has no gap worth a ratio
_COLOURS = {"goal reached": "green", "reached": "green", "MISSED": "bold red"}
_ANY_WIDTH = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()  # columns that are aligned on the right


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader sees, whichever way it is shown."""

    results: Results
    tables: tuple[Table, ...]
    verdicts: tuple[Verdict, ...]
    growths: tuple[Growth, ...]
    classroom: Classroom | None
    notes: tuple[str, ...]


def report(results: Results, slots: int) -> Report:
    rows = tuple(verdicts(results))
    growth = tuple(growths(results, slots))
    levels = results.ours.levels if results.ours else []
    tables = [_machine(results), _load(results), _company(results), _others(results)]
    if results.step:
        tables.append(_step(results.step))
    tables += [_targets(rows), _growth(growth)]
    return Report(
        results=results,
        tables=tuple(table for table in tables if table.rows),
        verdicts=rows,
        growths=growth,
        classroom=classroom(levels),
        notes=tuple(_notes(results)),
    )


def print_report(made: Report, out: TextIO | None = None) -> None:
    """To a terminal with colours and as wide as it is, to anything else as plain columns of any width."""
    console = Console(file=out or sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _ANY_WIDTH
    for table in made.tables:
        console.print(table.title, style="bold")
        console.print(_drawn(table))
    if made.classroom:
        lines = [made.classroom.sentence, RULE, made.classroom.thinking if made.classroom.at_once else ""]
        console.print("\n".join(filter(None, lines)))
    for note in made.notes:
        console.print(f"note: {note}")


def _drawn(table: Table) -> rich.table.Table:
    drawn = rich.table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, name in enumerate(table.columns):
        drawn.add_column(name, justify="right" if index in table.numbers else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    drawn.add_row()
    return drawn


def as_json(made: Report) -> dict[str, Any]:
    """Raw numbers, with the verdicts beside them."""
    return {
        "version": 1,
        **made.results.as_json(),
        "targets": [asdict(verdict) for verdict in made.verdicts],
        "growth": [growth._asdict() for growth in made.growths],
        "classroom": asdict(made.classroom) if made.classroom else None,
    }


def write_json(made: Report, file: Path) -> None:
    file.write_text(json.dumps(as_json(made), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_html(made: Report, file: Path) -> None:
    """One file that asks for nothing else; every word in it is escaped."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = env.get_template("bench.html")
    html = page.render(report=made, rule=RULE, charts=charts(made.results))
    file.write_text(html, encoding="utf-8")


def _machine(results: Results) -> Table:
    rows = [*results.machine.items(), *((name, str(value)) for name, value in results.settings.items())]
    rows += [("against", f"{server.label}, {server.url}, model {server.model}") for server in results.others]
    return Table("What ran", ("what", "which"), tuple(rows))


def _load(results: Results) -> Table:
    """Every server at every N, and the ratios under them."""
    ours = results.ours
    rows = []
    for streams in sorted({level.streams for server in results.servers for level in server.levels}):
        for server in results.servers:
            if level := server.at(streams):
                rows.append((str(streams), server.label, *_figures(level)))
        for other in results.others:
            mine, theirs = ours.at(streams) if ours else None, other.at(streams)
            if mine and theirs:
                rows.append((str(streams), f"  ratio to {other.label}", *_ratios(mine, theirs)))
    title = f"The load: {results.settings['tokens']} new tokens a stream, {results.settings['load']}"
    heads = ("tokens/s", "first p50", "first p95", "gap p50", "gap p95", "slowest tokens/s")
    return Table(title, ("streams", "server", *heads), tuple(rows), frozenset({0, 2, 3, 4, 5, 6, 7}))


def _figures(level: Level) -> tuple[str, ...]:
    times = (level.first_token_p50, level.first_token_p95, level.gap_p50, level.gap_p95)
    return (f"{level.tokens_per_second:.1f}", *map(seconds, times), f"{level.slowest_stream:.1f}")


def _ratios(ours: Level, theirs: Level) -> tuple[str, ...]:
    names = (
        "tokens_per_second", "first_token_p50", "first_token_p95", "gap_p50", "gap_p95", "slowest_stream"
    )  # fmt: skip
    pairs = [(getattr(ours, name), getattr(theirs, name)) for name in names]
    return tuple(f"x {mine / other:.2f}" if other > _TOO_SHORT else "" for mine, other in pairs)


def _company(results: Results) -> Table:
    """Every server beside busy programs: tokens/s, and the 95th percentile of the gaps."""
    rows = []
    for streams in company.STREAMS:
        for server in results.servers:
            found = [results.beside(server, phase, streams) for phase in company.PHASES]
            if any(found):
                cells = [_speed_and_gap(each) for each in found]
                rows.append((str(streams), server.label, *(cell for pair in cells for cell in pair)))
    heads = tuple(head for phase in company.PHASES for head in (f"{phase}, tokens/s", "gap p95"))
    title = "Beside programs that keep a core busy each"
    return Table(title, ("streams", "server", *heads), tuple(rows), frozenset({0, *range(2, 10)}))


def _speed_and_gap(found: Beside | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    below = "" if found.in_time else "< "
    return f"{below}{found.tokens_per_second:.1f}", seconds(found.gap_p95) if found.in_time else ""


def _others(results: Results) -> Table:
    """What the table of targets does not show of the further measurements."""
    rows = []
    if bare := results.bare:
        shown = ", ".join(f"{speed:.1f} at {batch}" for batch, speed in bare.tokens_per_second)
        rows.append((f"bare forward pass after {bare.context} tokens", f"{shown} tokens/s"))
    if memory := results.memory:
        rows.append(("memory when ready", megabytes(memory.ready)))
        rows.append((f"memory at {memory.streams} streams of {memory.tokens}", megabytes(memory.peak)))
    if mixed := results.long:
        rows += [(f"memory after {count:,} mixed requests", megabytes(held)) for count, held in mixed.points]
    if found := results.fidelity:
        text = f"{found.tokens:,} tokens of {found.text}"
        rows.append(("text of the fidelity rows", text))
        rows.append(("default path", _faith(found.divergence, found.same_top)))
        stepwise = _faith(found.stepwise_divergence, found.stepwise_same_top)
        rows.append((f"default path, token by token ({found.stepwise_tokens})", stepwise))
        rows.append(("transformers in bfloat16", _faith(found.bfloat16_divergence, found.bfloat16_same_top)))
    if gap := results.gap:
        rows.append(("gaps while long prompts arrived", f"{gap.gaps_during} of them"))
    rows += [(name, f"no figure: {why}") for name, why in results.skipped.items()]
    return Table("Also measured", ("what", "measured"), tuple(rows))


def _step(budget: StepBudget) -> Table:
    rows = tuple((part, *(f"{1000 * each:.1f}" for each in spent)) for part, spent in budget.seconds.items())
    heads = tuple(f"{batch} at once" for batch in budget.batches)
    return Table("One decode step, milliseconds", ("what", *heads), rows, frozenset({1, 2}))


def _faith(divergence: float, same_top: float) -> str:
    return f"mean KL to float32 {divergence:.4f} nats, same top token {same_top:.1%}"


def _targets(rows: Sequence[Verdict]) -> Table:
    return Table(
        "Targets",
        ("what", "measured", "value", "first", "goal", "verdict"),
        tuple((row.what, row.measured, row.shown, row.first, row.goal, row.verdict) for row in rows),
        frozenset({2}),
    )


def _growth(growth: Sequence[Growth]) -> Table:
    words = {True: "as expected", False: "NOT as expected", None: ""}
    rows = tuple((each.what, each.measured, words[each.as_expected]) for each in growth)
    return Table("How cost grows", ("what", "measured", "verdict"), rows)


def _notes(results: Results) -> list[str]:
    notes = []
    for server in results.servers:
        counted = {level.counted_by for level in server.levels} - {"usage"}
        if counted:
            notes.append(f"{server.label}: tokens counted by {', '.join(sorted(counted))}, not by usage")
        if early := sum(level.ended_early for level in server.levels):
            notes.append(f"{server.label}: {early} streams ended before the tokens asked for")
    notes += [f"failed: {failure}" for failure in results.failures]
    if results.interrupted:
        notes.append("stopped before the end: what is above was measured before")
    return notes
