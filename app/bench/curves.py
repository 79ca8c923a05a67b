"""Curves as coordinates: the template only writes them down as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bench.results import Level, Results

WIDTH, HEIGHT = 460, 260  # of the whole picture, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 40
_TICKS = 5  # about so many on an axis

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """`number` chooses colour and dashes, so that lines differ without colour too."""

    number: int
    label: str
    path: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


def nice_ticks(largest: float, count: int = _TICKS) -> list[float]:
    """0 and round steps of 1, 2 or 5 times a power of ten, the last one at or above `largest`."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return [step * i for i in range(math.ceil(largest / step - 1e-9) + 1)]


def chart(title: str, x_label: str, y_label: str, series: Mapping[str, Points]) -> Chart | None:
    """Both axes begin at zero; None where no line has two points."""
    series = {label: sorted(points) for label, points in series.items() if len(points) > 1}
    if not series:
        return None
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_marks, y_marks = nice_ticks(max(xs)), nice_ticks(max(ys))

    def x_of(value: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * value / x_marks[-1], 2)

    def y_of(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / y_marks[-1], 2)

    lines = tuple(
        Line(
            number,
            label,
            "M" + " L".join(f"{x_of(x)} {y_of(y)}" for x, y in points),
            tuple(Dot(x_of(x), y_of(y), f"{label}: {y:.4g} at {x:g}") for x, y in points),
        )
        for number, (label, points) in enumerate(series.items())
    )
    return Chart(
        title,
        x_label,
        y_label,
        tuple(Tick(x_of(value), f"{value:,g}") for value in x_marks),
        tuple(Tick(y_of(value), f"{value:,g}") for value in y_marks),
        lines,
    )


def charts(results: Results) -> list[Chart]:
    """Throughput, first token and gap over N for every server; the queue and the memory of ours."""

    def over_streams(value: str) -> dict[str, Points]:
        return {
            server.label: [(level.streams, _value(level, value)) for level in server.levels]
            for server in results.servers
        }

    throughput = over_streams("tokens_per_second")
    if results.bare:
        throughput["bare forward pass"] = results.bare.tokens_per_second
    queue = results.queue.points if results.queue else ()
    memory = [(tokens, held / 1e6) for tokens, held in results.memory.points] if results.memory else []
    drawn = [
        chart("All streams together", "streams at once", "tokens/s", throughput),
        chart("First token, median", "streams at once", "seconds", over_streams("first_token_p50")),
        chart("First token, 95th percentile", "streams at once", "seconds", over_streams("first_token_p95")),
        chart("Gap between tokens, 95th percentile", "streams at once", "seconds", over_streams("gap_p95")),
        chart("Waiting for a place", "requests at once", "first token p95, seconds", {"this server": queue}),
        chart("Memory", "tokens received", "MB", {"this server": memory}),
    ]
    return [each for each in drawn if each]


def _value(level: Level, name: str) -> float:
    return float(getattr(level, name))
