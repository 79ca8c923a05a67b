"""Looks at this machine and says what stands in the way of a good lesson, and what to do about it."""

import errno
import importlib.metadata
import os
import platform
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from app import library_texts
from app.assets import ENCODINGS, ENTRIES, FONTS, is_filled
from app.checkpoints import store
from app.checkpoints.manifests import Manifest, PackageSource, read_catalog
from app.engine.network import cpu_features
from app.engine.serving.cores import measure_others
from app.pages.experiments import EXPERIMENTS
from app.paths import MODELS, STATIC
from app.settings import Settings

_MEASURE_SECONDS = 1.0
_QUIET_CORES = 0.3  # what an idle desktop uses now and then


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `level`: "ok", "note" (works, could be better) or "problem" (will not work)."""

    level: str
    what: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Everything worth knowing before a class comes in. Imports neither torch nor transformers."""
    manifest = read_catalog(MODELS).get(settings.model)
    return [
        _python(),
        _torch(),
        _vendored(),
        _weights(manifest, settings),
        *_second_models(settings),
        _disk(manifest, settings),
        _memory(manifest),
        _cores(),
        _company(),
        _bfloat16(),
        _port(settings),
    ]


def _python() -> Finding:
    return Finding("ok", f"Python {platform.python_version()}")


def _torch() -> Finding:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            "problem", "torch is not installed", "`pip install torch`, or start with --engine fake"
        )
    return Finding("ok", f"torch {version}")


def _vendored() -> Finding:
    vendor = STATIC / "vendor"
    needed = [vendor / f"{name}.js" for name in ENTRIES]
    needed += [vendor / "encodings" / f"{name}.json" for name in ENCODINGS]
    needed += [vendor / "fonts" / f"{name}-latin-wght-normal.woff2" for name in FONTS]
    if missing := [path.name for path in needed if not path.is_file()]:
        return Finding(
            "problem",
            f"{', '.join(missing)} missing from {vendor}",
            "run `python -m app.assets` in the checkout",
        )
    if not is_filled(STATIC):
        return Finding("note", "the browser libraries are of another version", "run `python -m app.assets`")
    if not library_texts.is_filled(vendor / "library"):
        return Finding("note", "the library of texts is not complete", "run `python -m app.assets` online")
    return Finding("ok", "browser libraries, fonts and tokenizer vocabularies are there")


def _weights(manifest: Manifest | None, settings: Settings) -> Finding:
    if manifest is None:
        is_folder = Path(settings.model).expanduser().is_dir()
        return Finding(
            "ok" if is_folder else "problem",
            f"model {settings.model} is a folder" if is_folder else f"there is no model {settings.model}",
            "" if is_folder else "choose one of `python -m app models`",
        )
    if store.have(manifest, settings.weights_dir):
        return Finding("ok", f"{manifest.title} is on disk in {settings.weights_dir}")
    return Finding(
        "note",
        f"{manifest.title} is not on disk yet",
        f"it comes with the first start; to have it now: `python -m app fetch {manifest.name}`",
    )


def _second_models(settings: Settings) -> list[Finding]:
    """One for each experiment that runs on a model of its own, which no start fetches."""
    catalog = read_catalog(MODELS)
    return [
        _second_model(each.name, catalog[each.model], settings) for each in EXPERIMENTS.values() if each.model
    ]


def _second_model(experiment: str, manifest: Manifest, settings: Settings) -> Finding:
    if store.have(manifest, settings.weights_dir):
        return Finding("ok", f"{manifest.title}, which the experiment {experiment} runs on, is on disk")
    return Finding(
        "note",
        f"{manifest.title}, which the experiment {experiment} runs on, is not on disk yet",
        f"`python -m app fetch {manifest.name}` gets it",
    )


def _disk(manifest: Manifest | None, settings: Settings) -> Finding:
    folder = settings.weights_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = store.SPARE_BYTES
    if manifest and not store.have(manifest, settings.weights_dir):
        needed += store.bytes_needed(manifest)
    what = f"{free / 1e9:.1f} GB of disk are free for {settings.weights_dir}"
    if not os.access(folder, os.W_OK):
        return Finding(
            "problem", f"{folder} is not writable", "set PLAYGROUND_WEIGHTS_DIR to a folder that is"
        )
    if free < needed:
        return Finding(
            "problem", f"{what}; {needed / 1e9:.1f} GB are needed", "free some, or set PLAYGROUND_WEIGHTS_DIR"
        )
    return Finding("ok", what)


def _memory(manifest: Manifest | None) -> Finding:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Finding("note", "the size of this machine's memory is unknown")
    what = f"{memory / 1e9:.1f} GB of memory"
    needed = 2e9 + (4 * manifest.parameters if manifest else 0)
    if memory < needed:
        return Finding("problem", f"{what}; {needed / 1e9:.1f} GB are needed", "choose a smaller model")
    if memory < 2 * needed and manifest and isinstance(manifest.source, PackageSource):
        return Finding(
            "note", what, "enough to run; the first conversion will be tight: close other programs"
        )
    return Finding("ok", what)


def _cores() -> Finding:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    if cores < 2:
        return Finding("note", "1 processor core", "pages will wait for the model; two or more are better")
    return Finding("ok", f"{cores} processor cores")


def _company() -> Finding:
    """Whether other programs are busy on this machine just now."""
    used = measure_others(_MEASURE_SECONDS)
    what = f"other programs use {used:.1f} cores just now"
    if used < _QUIET_CORES:
        return Finding("ok", what)
    return Finding(
        "note", what, "the model leaves cores to them and writes more slowly: close what you do not need"
    )


def _bfloat16() -> Finding:
    if not cpu_features.are_known():
        return Finding("note", "whether this processor is fast at bfloat16 is unknown")
    if cpu_features.has_fast_bfloat16():
        return Finding("ok", "this processor is fast at bfloat16")
    return Finding("note", "this processor has no bfloat16", "float32 is used: slower, and exact")


def _port(settings: Settings) -> Finding:
    try:
        with listen(settings.host, settings.port):
            return Finding("ok", f"port {settings.port} is free")
    except OSError as error:
        return Finding(
            "problem", port_sentence(settings, error), "end that program, or choose another --port"
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named, or asyncio would not know it for TCP and would wait 40 ms to send small packets
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except BaseException:
        listener.close()
        raise
    return listener


def port_sentence(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} is in use by another program"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {settings.port} is not open to ordinary users"
    return f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
