"""A child process that can be watched and stopped: downloads and conversions run in one."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import ModelUnavailable

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 5.0  # between asking a child to end and ending it


def run_python(
    arguments: Sequence[str],
    *,
    log: Path,
    title: str,
    cancelled: threading.Event,
    environment: Mapping[str, str] | None = None,
    watch: Callable[[], None] | None = None,
    news: Callable[[dict[str, Any]], None] | None = None,
) -> int:
    """Run `python <arguments>` and return its exit status; its output goes to `log`.

    `watch` is called about five times a second. A line of output that is a JSON object goes to `news`.
    """
    root = str(Path(__file__).resolve().parents[2])  # the folder that holds the package `app`
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **(environment or {})}
    read = 0
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
        )
    try:
        while child.poll() is None:
            if cancelled.is_set():
                raise ModelUnavailable(f"fetching {title} was stopped")
            if watch:
                watch()
            read = _read_news(log, read, news)
            time.sleep(_POLL_SECONDS)
    finally:
        _end(child)
    _read_news(log, read, news)
    return child.returncode


def end_with_parent() -> None:
    """In a child: end when the program that started it is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def bytes_under(folder: Path) -> int:
    """How much lies in a folder that another process fills."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # it was moved while we looked
    return total


def tail(log: Path, lines: int = 1) -> str:
    """The last lines of a child's output that say something."""
    try:
        text = log.read_bytes()[-8192:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])


def _read_news(log: Path, start: int, news: Callable[[dict[str, Any]], None] | None) -> int:
    """Hand over the complete lines since `start`; returns where to go on."""
    if news is None:
        return start
    with log.open("rb") as file:
        file.seek(start)
        text = file.read()
    complete = text[: text.rfind(b"\n") + 1]
    for line in complete.splitlines():
        if line.startswith(b'{"'):
            try:
                news(json.loads(line))
            except ValueError:
                continue
    return start + len(complete)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
