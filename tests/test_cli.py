"""The command line as a person meets it: sentences, exit codes, an address only when somebody listens."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import __main__ as cli
from app import doctor, terminal
from app.paths import MODELS
from app.settings import Settings

Disk = namedtuple("Disk", "total used free")
ROOT = Path(__file__).resolve().parents[1]
runner = CliRunner()


@contextmanager
def playground(*arguments: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real program, and the address it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"http://\S+", first)
        assert found, first + (process.stderr.read() if process.stderr else "")
        yield process, found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_it_serves_from_any_folder_at_once_and_ends_on_interrupt(tmp_path: Path):
    started = time.monotonic()
    with playground("--engine", "fake", "--port", "0", folder=tmp_path) as (process, address):
        with urllib.request.urlopen(f"{address}/", timeout=5) as reply:
            assert reply.status == 200
            assert "server" not in reply.headers
        assert time.monotonic() - started < 10  # 1.2 s where nothing else runs
        end = time.monotonic() + 5
        while True:
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=5) as reply:
                    assert reply.status == 200
                break
            except urllib.error.HTTPError:
                assert time.monotonic() < end
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_starting_the_site_imports_no_torch():
    code = "import app.main, app.host, app.__main__, sys; sys.exit(int('torch' in sys.modules or 'transformers' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_port_in_use_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = runner.invoke(cli.app, ["--engine", "fake", "--port", str(port)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"error: port {port} is in use by another program; end that program, or choose another with --port"
    ]


def test_an_unknown_model_is_a_sentence():
    result = runner.invoke(cli.app, ["--model", "no-such", "--port", "0"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: model no-such is neither a folder nor one of")
    result = runner.invoke(cli.app, ["fetch", "no-such"])
    assert result.exit_code == 1
    assert "there is no model no-such; there are" in result.stderr


def test_a_wrong_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAYGROUND_SLOTS", "0")
    result = runner.invoke(cli.app, ["models"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: a setting is not allowed: slots: ")


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5", "", "AUTO", "1025"])
def test_a_number_of_threads_is_one_sentence_when_it_is_none(threads: str, monkeypatch: pytest.MonkeyPatch):
    for arguments, variable in ((["--threads", threads], "auto"), (["models"], threads)):
        monkeypatch.setenv("PLAYGROUND_THREADS", variable)
        result = runner.invoke(cli.app, arguments)
        assert result.exit_code == 1
        assert result.stderr == (
            f"error: a setting is not allowed: threads: Value error, {threads!r} is no number of threads; "
            "allowed is auto, or 1 to 1024\n"
        )


def test_threads_are_left_to_the_machine_or_counted(monkeypatch: pytest.MonkeyPatch):
    assert (Settings().threads, Settings(threads=3).threads) == ("auto", 3)
    monkeypatch.setenv("PLAYGROUND_THREADS", "2")
    assert Settings().threads == 2


@pytest.mark.parametrize("memory", ["0", "-1GB", "much", "6 gigabytes", ""])
def test_an_amount_of_memory_is_one_sentence_when_it_is_none(memory: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAYGROUND_MODEL_MEMORY", memory)
    result = runner.invoke(cli.app, ["models"])
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: a setting is not allowed: model_memory: Value error, {memory!r} is no amount of memory; "
        "allowed is auto, or a size as 6GB\n"
    )


def test_memory_is_left_to_the_machine_or_counted(monkeypatch: pytest.MonkeyPatch):
    assert (Settings().model_memory, Settings(model_memory=1).model_memory) == ("auto", 1)
    monkeypatch.setenv("PLAYGROUND_MODEL_MEMORY", "1.5GiB")
    assert Settings().model_memory == 1.5 * 2**30


def test_options_without_a_command_serve(monkeypatch: pytest.MonkeyPatch):
    served: list[Settings] = []
    monkeypatch.setattr(cli, "_serve", served.append)
    exact = ["--exact", "--device", "cpu", "--dtype", "float32", "--threads", "2"]
    for arguments in ([], ["serve"], exact, ["--lan"]):
        assert runner.invoke(cli.app, arguments).exit_code == 0
    assert served[0] == served[1] == Settings()
    assert (served[2].exact, served[2].device, served[2].dtype) == (True, "cpu", "float32")
    assert served[2].threads == 2
    assert (served[3].lan, served[3].host) == (True, "0.0.0.0")


def test_lan_is_said_loudly_with_addresses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.network.lan_addresses", lambda: ["192.168.1.20"])
    monkeypatch.setattr("socket.gethostname", lambda: "Desk.school")
    terminal.announce(Settings(host="0.0.0.0", lan=True, port=8123), "open sesame")
    printed = capsys.readouterr().out
    assert "OPEN TO THE NETWORK" in printed
    # the name last: not every network knows it
    addresses = ["http://192.168.1.20:8123", "http://desk.local:8123"]
    assert re.findall(r"Students open  (\S+)", printed) == addresses
    assert "http://127.0.0.1:8123" in printed
    assert "http://127.0.0.1:8123/status#teacher=open%20sesame" in printed


def test_the_address_of_a_proxy_is_what_students_are_told(capsys: pytest.CaptureFixture[str]):
    terminal.announce(Settings(public_address="http://playground.school"), "open sesame")
    printed = capsys.readouterr().out
    assert "Students open  http://playground.school\n" in printed
    assert "OPEN TO THE NETWORK" not in printed


def test_the_models_are_listed_with_where_they_come_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PLAYGROUND_WEIGHTS_DIR", str(tmp_path))
    lines = runner.invoke(cli.app, ["models"]).stdout.splitlines()
    assert len(lines) == len(list(MODELS.glob("*.toml")))
    assert any(line.startswith("gemma-3-270m ") and line.endswith("(default)") for line in lines)
    assert not any("on disk" in line for line in lines)


def test_help_names_every_command():
    text = runner.invoke(cli.app, ["--help"]).stdout
    assert all(command in text for command in ("serve", "fetch", "models", "doctor", "bench"))


def test_help_without_a_command_lists_the_options_of_serve():
    alone, serve = (
        runner.invoke(cli.app, arguments).stdout for arguments in (["--help"], ["serve", "--help"])
    )
    options = set(re.findall(r"--[a-z-]+", serve))
    assert {"--lan", "--model", "--port", "--reload"} <= options
    assert options == set(re.findall(r"--[a-z-]+", alone))


def test_the_doctor_finds_a_taken_port_and_missing_weights_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PLAYGROUND_WEIGHTS_DIR", str(tmp_path / "none"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PLAYGROUND_PORT", str(port))
        result = runner.invoke(cli.app, ["doctor"])
    assert result.exit_code == 1
    assert f"problem port {port} is in use by another program: end that program" in result.stdout
    assert "python -m app fetch gemma-3-270m" in result.stdout


def test_the_doctor_names_the_model_that_an_experiment_brings_with_it(tmp_path: Path):
    def findings() -> list[tuple[str, str]]:
        return [(each.level, each.advice) for each in doctor.examine(Settings(weights_dir=tmp_path, port=0))]

    assert ("note", "`python -m app fetch smollm2-135m-instruct` gets it") in findings()
    folder = tmp_path / "smollm2-135m-instruct"
    folder.mkdir()
    (folder / "config.json").touch()
    (folder / "model.safetensors").touch()
    assert not any("smollm2-135m-instruct" in advice for _, advice in findings())


def test_the_doctor_measures_against_what_the_model_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    findings = {
        finding.what: finding
        for finding in doctor.examine(Settings(weights_dir=tmp_path, model="gpt2-xl", port=0))
    }
    assert all(finding.advice for finding in findings.values() if finding.level == "problem")
    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk(10**12, 10**12, 10**6))
    disk = doctor._disk(None, Settings(weights_dir=tmp_path))
    assert (disk.level, "PLAYGROUND_WEIGHTS_DIR" in disk.advice) == ("problem", True)


@pytest.mark.parametrize(
    ("used", "level", "shown"),
    [(0.04, "ok", "0.0"), (0.29, "ok", "0.3"), (0.31, "note", "0.3"), (1.98, "note", "2.0")],
)
def test_the_doctor_says_when_other_programs_are_busy(
    used: float, level: str, shown: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(doctor, "measure_others", lambda seconds: used)
    finding = doctor._company()
    assert (finding.level, finding.what) == (level, f"other programs use {shown} cores just now")
    assert ("close what you do not need" in finding.advice) is (level == "note")
    assert finding in doctor.examine(Settings(port=0))
