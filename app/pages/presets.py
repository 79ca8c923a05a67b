"""Presets are data: one file a page, and beside it what was measured on a model.

`app/pages/<page>/presets.json` is written by hand: what to run and what to say about it.
`app/pages/<page>/measured/<model>.json` is written by `python -m app presets --measure`: the parts that each
preset gave, in exact mode, a line each.
"""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from app.experiments.experiment import Experiment, Laboratory, OpenLaboratory, Part, Progress
from app.pages.experiments import EXPERIMENTS

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Preset:
    """One worked example: `request` is the body of `POST /api/experiments/<experiment>`."""

    id: str
    experiment: str
    title: str  # English; pages translate it
    request: dict[str, Any]
    note: dict[str, Any]  # whatever else its page shows: source, author, year, what to notice


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a page's presets gave on one model."""

    model: str
    measured_on: str  # ISO date
    results: dict[str, list[dict[str, Any]]]  # preset id -> its parts


def example_file(page: str) -> Path:
    """Where the example lies that the page opens with, before a model is loaded."""
    return FOLDER / page / "example.json"


@cache
def read_example(page: str) -> dict[str, Any]:
    """Empty where the page has none."""
    file = example_file(page)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


@cache
def read_presets(page: str) -> tuple[Preset, ...]:
    """The presets of a page, in the order they are shown; none where the file is not there."""
    file = FOLDER / page / "presets.json"
    if not file.is_file():
        return ()
    return tuple(Preset(**entry) for entry in json.loads(file.read_text(encoding="utf-8")))


@cache
def measured_models(page: str) -> tuple[str, ...]:
    """The models on which this page's presets were measured."""
    return tuple(sorted(file.stem for file in (FOLDER / page / "measured").glob("*.json")))


@cache
def read_measurement(page: str, model: str) -> Measurement | None:
    """What was measured on this model, if it was."""
    file = FOLDER / page / "measured" / f"{model}.json"
    if not file.is_file():
        return None
    return Measurement(**json.loads(file.read_text(encoding="utf-8")))


async def measure(page: str, laboratory: OpenLaboratory, model: str) -> AsyncIterator[str]:
    """Run every preset on `model` and write the file; yields the id of each preset when it is done."""
    results = {}
    for preset in read_presets(page):
        experiment = EXPERIMENTS[preset.experiment]
        results[preset.id] = await run_preset(experiment, preset, laboratory(experiment.model))
        yield preset.id
    file = FOLDER / page / "measured" / f"{model}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    measurement = Measurement(model, date.today().isoformat(), results)
    file.write_text(lines(measurement), encoding="utf-8")
    read_measurement.cache_clear()


def lines(measurement: Measurement) -> str:
    """The file's JSON: a line for each part, so that a difference shows which parts changed."""
    results = ",\n".join(
        f"{json.dumps(preset)}: [\n"
        + ",\n".join(json.dumps(part, ensure_ascii=False) for part in parts)
        + "\n]"
        for preset, parts in measurement.results.items()
    )
    head = f'"model": {json.dumps(measurement.model)},\n"measured_on": "{measurement.measured_on}",\n'
    return f'{{\n{head}"results": {{\n{results}\n}}\n}}\n'


async def run_preset(experiment: Experiment, preset: Preset, laboratory: Laboratory) -> list[dict[str, Any]]:
    """The parts of one preset as JSON, progress left out."""
    request = experiment.request.model_validate_json(json.dumps(preset.request))
    async with aclosing(experiment.run(laboratory, request)) as parts:
        return [part_json(part) async for part in parts if not isinstance(part, Progress)]


def part_json(part: Part) -> dict[str, Any]:
    """A part as pages and files hold it; numbers rounded to what they can mean."""
    return {"kind": part.kind, **_rounded(asdict(part))}  # type: ignore[call-overload]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
