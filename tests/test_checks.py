"""The linter, the type checker and the tests of the pure JavaScript modules, so that one command runs them all."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
JS = ROOT / "tests" / "js"
SCRIPTS = sorted(path for folder in ("js", "pages") for path in (ROOT / "static" / folder).rglob("*.js"))
SENTENCE = re.compile(r"""\s*(.*\b(msg|t)\()?["'`].*["'`][,);]*""")


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_nothing():
    run(sys.executable, "-m", "ruff", "check", ".")


def test_code_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_mypy_finds_nothing():
    run(sys.executable, "-m", "mypy")


needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node 20 or later on the PATH")


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of biome and tsc, which npm installs once."""
    folder = ROOT / "tests" / "node_modules" / ".bin"
    if not (folder / "biome").exists():
        run("npm", "ci", "--prefix", str(ROOT / "tests"), "--no-audit", "--no-fund", "--loglevel=error")
    return folder


@needs_node
def test_the_pure_javascript_modules():
    folders = (JS, ROOT / "tests" / "pages")
    files = sorted(str(path) for folder in folders for path in folder.rglob("*.test.js"))
    assert files
    run("node", "--test", *files)


@needs_node
def test_javascript_is_formatted_and_biome_finds_nothing(tools: Path):
    run(str(tools / "biome"), "check", "--error-on-warnings", "static", "tests")


@needs_node
def test_tsc_finds_nothing(tools: Path):
    """Of what is ours: a bundled library that is imported by its path is checked along."""
    done = subprocess.run(
        [str(tools / "tsc"), "--project", str(JS)], capture_output=True, text=True, timeout=600
    )
    assert [line for line in done.stdout.splitlines() if "error TS" in line and "/vendor/" not in line] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_line_of_javascript_is_no_longer_than_120_characters(path: Path):
    """But for a sentence: it is a key of the catalogues and stays in one piece."""
    lines = path.read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line) > 120 and not SENTENCE.fullmatch(line)]
    assert long == []
