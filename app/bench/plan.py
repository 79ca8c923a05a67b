"""What to measure, and on which model."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.bench.load import STREAMS, Load
from app.checkpoints import store
from app.checkpoints.manifests import folder_manifest, read_catalog
from app.errors import BadRequest, NotFound
from app.paths import MODELS
from app.settings import Settings

LONG = "long"  # mixed requests by the thousand: only when asked for
COMPANY = "company"  # beside busy programs, which everything else on this machine feels: only when asked for
MEASUREMENTS = (
    "startup", "streams", "prefix", "universes", "gap", "first-token", "tokenize", "queue", "memory", LONG,
    COMPANY, "bare", "step", "fidelity",
)  # fmt: skip
_ON_THE_MODEL = {"bare", "step", "fidelity"}  # these need no server
_MOST_STREAMS = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """`names` are the measurements to take; `against` the addresses of other servers."""

    names: frozenset[str]
    streams: tuple[int, ...] = STREAMS
    load: Load = Load()
    repeats: int = 3
    against: tuple[str, ...] = ()

    @property
    def needs_server(self) -> bool:
        return bool(self.names - _ON_THE_MODEL)

    @property
    def model_tasks(self) -> tuple[str, ...]:
        """What the model is asked after the server is gone."""
        tasks = {"first-token": "prefill", "step": "step", "fidelity": "fidelity"}
        return tuple(task for name, task in tasks.items() if name in self.names)


def chosen(only: Iterable[str], *, long: bool) -> frozenset[str]:
    """The measurements of `--only`, or all but those that are taken only when asked for."""
    names = frozenset(only) or frozenset(MEASUREMENTS) - {LONG, COMPANY}
    if unknown := sorted(names - set(MEASUREMENTS)):
        raise BadRequest(f"there is no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    return names | {LONG} if long else names


def stream_counts(text: str) -> tuple[int, ...]:
    """`1,4,8` as numbers, in order, each once."""
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = []
    if not counts or counts[0] < 1 or counts[-1] > _MOST_STREAMS:
        raise BadRequest(f"--streams takes numbers from 1 to {_MOST_STREAMS} with commas, like 1,4,16")
    return tuple(counts)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on the disk."""

    name: str
    folder: Path

    @property
    def weights_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.glob("*.safetensors"))


def model_files(settings: Settings, progress: store.Progress) -> ModelFiles | None:
    """The model of the settings, fetched if need be; None for the scripted engine."""
    if settings.engine == "fake":
        return None
    catalog = read_catalog(MODELS)
    folder = Path(settings.model).expanduser()
    if settings.model not in catalog and not folder.is_dir():
        raise NotFound(f"model {settings.model} is neither a folder nor one of {', '.join(catalog)}", "model")
    manifest = catalog.get(settings.model) or folder_manifest(folder)
    return ModelFiles(manifest.name, store.fetch(manifest, settings.weights_dir, progress))


def machine() -> dict[str, str]:
    """What the figures depend on; nothing that says whose machine it is."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return {
        "machine": f"{platform.system()} on {platform.machine()}, {cores} processor cores",
        "Python": platform.python_version(),
        "torch": _version("torch"),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
