"""The whole command on the scripted engine: table, JSON, page, exit code; a peer that fails; Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.bench.targets import TARGETS
from tests.bench.peer import peer
from tests.live import serve

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--engine", "fake", "--streams", "1,3", "--tokens", "6", "--repeats", "2")


class Ran(NamedTuple):
    code: int
    out: str
    err: str
    seconds: float
    data: dict
    html: str


def environment(**others: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")}
    return {**clean, "PYTHONPATH": str(ROOT), "PLAYGROUND_SLOTS": "8", **others}


# The command itself, but for the rest between two contenders: a scripted engine's threads wait for nothing.
HURRIED = "from app.bench import turns; turns._REST_SECONDS = 0.0; from app.__main__ import main; main()"


def command(*options: str) -> list[str]:
    return [sys.executable, "-c", HURRIED, "bench", *options]


def run(folder: Path, *options: str, **variables: str) -> Ran:
    started = time.monotonic()
    done = subprocess.run(
        command(*options, "--json", "r.json", "--html", "r.html"),
        cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    seconds = time.monotonic() - started
    assert (folder / "r.json").is_file(), done.stderr
    data = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    html = (folder / "r.html").read_text(encoding="utf-8")
    return Ran(done.returncode, done.stdout, done.stderr, seconds, data, html)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with serve(peer()) as port:
        yield run(tmp_path_factory.mktemp("bench"), *SMALL, "--against", f"http://127.0.0.1:{port}")


def test_it_ends_well_and_soon(ran: Ran):
    assert ran.code == 0, ran.err
    assert ran.data["failures"] == []
    assert ran.seconds < 30  # 8 s where nothing else runs


def test_the_table_has_every_target_and_the_sentence(ran: Ran):
    for target in TARGETS:
        assert re.search(rf"^ *{re.escape(target.what)} ", ran.out, re.M)
    assert "This machine can host about 3 students at once" in ran.out
    assert re.search(r"^ +3 +ratio to llama-server +x \d", ran.out, re.M)
    assert "measured in the browser tests" in ran.out
    assert "needs a model; this engine is scripted" in ran.out


def test_the_json_has_every_measurement(ran: Ran):
    data = ran.data
    assert data["version"] == 1
    assert [server["label"] for server in data["servers"]] == ["this server", "llama-server"]
    for server in data["servers"]:
        assert [level["streams"] for level in server["levels"]] == [1, 3]
        for level in server["levels"]:
            assert (level["rounds"], level["tokens"]) == (2, 6 * level["streams"])
            assert (level["counted_by"], level["ended_early"]) == ("usage", 0)
            assert 0 < level["first_token_p50"] <= level["first_token_p95"] < level["seconds"]
    for name in ("startup", "prefix", "universes", "gap", "first_token", "tokenize", "queue", "memory"):
        assert data[name], name
    assert data["startup"]["first_page"] < data["startup"]["ready"]
    assert data["prefix"]["tokens"] == 1_000
    assert data["tokenize"]["bytes"] == 32 * 1024
    assert [requests for requests, _ in data["queue"]["points"]] == [8, 16, 24]
    assert data["memory"]["peak"] >= data["memory"]["ready"] > 10**7
    assert (data["long"], data["bare"], data["fidelity"]) == (None, None, None)
    assert set(data["skipped"]) == {"bare", "step", "fidelity", "first-token"}
    assert len(data["targets"]) == len(TARGETS)
    assert data["classroom"]["at_once"] == 3


def test_the_page_draws_the_curves(ran: Ran):
    assert ran.html.count("<figure>") >= 5
    assert "<script" not in ran.html


@pytest.mark.parametrize(("fault", "after"), [("error", 0), ("vanish", 6), ("cut", 6)])
def test_what_is_measured_outlives_a_peer_that_fails(tmp_path: Path, fault: str, after: int):
    with serve(peer(fault=fault, after=after)) as port:
        ran = run(
            tmp_path, *SMALL, "--only", "streams", "--against", f"http://127.0.0.1:{port}",
            "--against", "http://127.0.0.1:1",
        )  # fmt: skip
    assert ran.code == 1
    ours, theirs = ran.data["servers"]
    assert [level["streams"] for level in ours["levels"]] == [1, 3]
    assert len(theirs["levels"]) == (0 if after == 0 else 1)
    absent, failed = ran.data["failures"]
    assert absent == "http://127.0.0.1:1 does not answer; is it running?"
    assert failed.startswith("llama-server ")
    assert f"failed: {failed}" in ran.out
    assert "Traceback" not in ran.err + ran.out


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_stops_the_server_and_prints_what_there_is(tmp_path: Path, how: signal.Signals):
    process = subprocess.Popen(
        command("--engine", "fake", "--streams", "1,2", "--repeats", "6"),
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a shell starts background jobs
    )  # fmt: skip
    port = None
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
        if "1 at once" in line:
            break
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"^ +1 +this server +\d", out, re.M)
    assert "stopped before the end" in out
    assert "Traceback" not in err
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server is gone"


def test_what_this_model_cannot_show_says_why(tmp_path: Path):
    narrow = {"PLAYGROUND_CONTEXT_LENGTH": "64", "PLAYGROUND_SLOTS": "4"}
    ran = run(tmp_path, *SMALL, "--only", "prefix", "--only", "universes", **narrow)
    assert ran.code == 0, ran.err
    assert ran.data["skipped"] == {
        "prefix": "the model reads only 64 tokens",
        "universes": "8 continuations need 8 slots; there are 4",
    }


def test_a_server_that_cannot_start_is_one_sentence(tmp_path: Path):
    ran = run(tmp_path, *SMALL, "--only", "startup", PYTHONPATH=f"{broken(tmp_path)}{os.pathsep}{ROOT}")
    assert ran.code == 1
    assert ran.data["failures"] == ["this server did not start: RuntimeError: no uvicorn today"]


def broken(folder: Path) -> Path:
    """In front of the real package: a uvicorn that does not work."""
    (folder / "uvicorn.py").write_text("raise RuntimeError('no uvicorn today')", encoding="utf-8")
    return folder
