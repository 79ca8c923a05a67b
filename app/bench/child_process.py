"""Programs of our own that run beside the bench: started, watched, and never left behind."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

import app
from app.bench.event_stream import printable

_STOP_SECONDS = 15.0
_LOOK_EVERY = 0.05  # seconds
_ROOM = {"PLAYGROUND_PER_CLIENT": "1000", "PLAYGROUND_QUEUE": "1000"}  # the bench is a class in one client


class ChildProcess:
    """`python -m ...` with its output in files, so that a full pipe can never hold it up.

    One that `listens` can be told lines.
    """

    def __init__(self, *arguments: str, listens: bool = False) -> None:
        self._arguments, self._listens = arguments, listens
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = 0  # lines
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)

    async def __aenter__(self) -> Self:
        folder = Path(self._folder.name)
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                stdin=subprocess.PIPE if self._listens else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the bench, which then stops the child itself
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            self.process.kill()  # a second Ctrl-C cut the polite way short; otherwise it is over by now
            self.process.wait()
            if self.process.stdin:
                self.process.stdin.close()
            self._folder.cleanup()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "it is started on entering"
        return self._process

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def tell(self, line: str) -> None:
        """A line to its standard input; one that has ended does not hear it."""
        assert self.process.stdin is not None, "it listens"
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{line}\n".encode())
            self.process.stdin.flush()

    def output(self) -> str:
        return self._read("out")

    async def next_line(self) -> str | None:
        """The next whole line it writes; None when it has ended and all was heard."""
        while True:
            ended = self.ended  # asked before the output is read: nothing is missed
            lines = self.output().splitlines(keepends=True)
            if len(lines) > self._heard and lines[self._heard].endswith("\n"):
                self._heard += 1
                return lines[self._heard - 1]
            if ended:
                return None
            await asyncio.sleep(_LOOK_EVERY)

    def last_words(self) -> str:
        """The last line it wrote about what went wrong."""
        lines = [printable(line).strip() for line in self._read("err").splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"exit code {self.process.poll()}"

    async def stop(self) -> None:
        if not self.ended:
            self.process.terminate()
            try:
                await asyncio.to_thread(self.process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def memory(self) -> int:
        """Resident memory in bytes; 0 when it has ended."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    def _read(self, name: str) -> str:
        return (Path(self._folder.name) / name).read_text(encoding="utf-8", errors="replace")


def _environment() -> dict[str, str]:
    """The bench's own, with this very package on the path, no door to the network, and room for the bench."""
    own = str(Path(app.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [own, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "PLAYGROUND_LAN": "false", **_ROOM}
