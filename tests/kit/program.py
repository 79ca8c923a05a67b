"""The server as a person starts it: `python -m app --engine fake`, a process of its own on a free port."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 300.0  # a real model has to be read
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_SECRET = re.compile(r"#teacher=(\S+)")


@dataclass(slots=True)
class Program:
    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int = 0

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, trust_env=False, timeout=10)

    def output(self) -> str:
        return (self.folder / "out").read_text() + (self.folder / "err").read_text()

    @property
    def secret(self) -> str:
        found = _SECRET.search(self.output())
        assert found
        return found[1]

    def metrics(self) -> dict[str, float]:
        """Sample name, or name[outcome], to its value."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        return {
            sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }

    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    def until(self, condition, seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not condition(self.metrics()):
            assert time.monotonic() < end, f"not within {seconds} s: {self.metrics()}"
            time.sleep(0.02)

    def stop(self, sig: int = signal.SIGTERM, seconds: float = 20.0) -> tuple[int, float]:
        """(exit code, seconds it took)."""
        started = time.monotonic()
        self.process.send_signal(sig)
        return self.process.wait(seconds), time.monotonic() - started


@contextmanager
def program(
    folder: Path, *options: str, engine: str = "fake", altered: str | None = None, **settings: object
) -> Iterator[Program]:
    """Ready to answer; killed when the block is left and it still runs.

    `altered` is Python that changes something before it calls `app.__main__.main()` itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = ["-m", "app"] if altered is None else ["-c", altered]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")}
    settings = {"state_dir": folder / "state"} | settings
    own = {f"PLAYGROUND_{name.upper()}": str(value) for name, value in settings.items()}
    homes = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    for home in homes.values():
        Path(home).mkdir(exist_ok=True)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *run, "--engine", engine, "--port", "0", *options],
            cwd=folder, env={**clean, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **homes, **own},
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    running = Program(process, folder)
    try:
        end = time.monotonic() + _START_SECONDS
        while (found := _ADDRESS.search(running.output())) is None:
            assert process.poll() is None and time.monotonic() < end, running.output()
            time.sleep(0.02)
        running.port = int(found[1])
        while running.get("/readyz").status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.02)
        yield running
    finally:
        process.kill()
        process.wait()
