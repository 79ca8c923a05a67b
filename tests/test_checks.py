"""The linter, the type checker and the tests of the pure JavaScript modules, so that one command runs them all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_nothing():
    run(sys.executable, "-m", "ruff", "check", ".")


def test_code_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_mypy_finds_nothing():
    run(sys.executable, "-m", "mypy")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node 20 or later on the PATH")
def test_the_pure_javascript_modules():
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    assert files
    run("node", "--test", *files)
