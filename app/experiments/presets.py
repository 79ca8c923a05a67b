"""Presets are data: one file a behaviour, and beside it what was measured on a model.

`presets/<behaviour>.json` is written by hand: what to run and what to say about it.
`presets/measured/<model>/<behaviour>.json` is written by `python -m app presets --measure`: the parts each
preset gave, in exact mode.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from app.experiments.catalog import EXPERIMENTS
from app.experiments.experiment import Experiment, Laboratory, Part, Progress

FOLDER = Path(__file__).parent / "presets"


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
    """What a behaviour's presets gave on one model."""

    model: str
    measured_on: str  # ISO date
    results: dict[str, list[dict[str, Any]]]  # preset id -> its parts


@cache
def read_presets(behaviour: str) -> tuple[Preset, ...]:
    """The presets of a behaviour, in the order they are shown; none where the file is not there."""
    file = FOLDER / f"{behaviour}.json"
    if not file.is_file():
        return ()
    return tuple(Preset(**entry) for entry in json.loads(file.read_text(encoding="utf-8")))


@cache
def read_measurement(behaviour: str, model: str) -> Measurement | None:
    """What was measured on this model, if it was."""
    file = FOLDER / "measured" / model / f"{behaviour}.json"
    if not file.is_file():
        return None
    return Measurement(**json.loads(file.read_text(encoding="utf-8")))


async def measure(
    behaviour: str, laboratory: Callable[[str | None], Laboratory], model: str
) -> AsyncIterator[str]:
    """Run every preset and write the file; yields the id of each preset when it is done.

    `laboratory` gives the one for an experiment's own model; None stands for `model`.
    """
    results = {}
    for preset in read_presets(behaviour):
        experiment = EXPERIMENTS[preset.experiment]
        results[preset.id] = await run_preset(experiment, preset, laboratory(experiment.model))
        yield preset.id
    file = FOLDER / "measured" / model / f"{behaviour}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    measurement = Measurement(model, date.today().isoformat(), results)
    file.write_text(json.dumps(asdict(measurement), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    read_measurement.cache_clear()


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
