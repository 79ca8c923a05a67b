"""Imports point one way; the web knows no torch, the engine no web."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pages.registry import PAGES, Page
from app.paths import ROOT

APP = ROOT / "app"
BELOW_HOST = {"errors", "paths", "settings", "engine", "tokenization", "experiments", "pages"}
MAY_IMPORT = {
    "errors": set(),
    "paths": set(),
    "network": {"settings"},
    "assets": {"library_texts"},
    "library_texts": set(),
    "settings": {"paths"},
    "engine": {"errors"},
    "checkpoints": {"errors"},
    "tokenization": {"errors"},
    "experiments": {"errors", "engine", "tokenization"},
    "library": set(),
    "wire": {"engine", "tokenization"},
    "pages": {"errors", "paths", "engine", "tokenization", "experiments", "library", "wire"},
    "model_pool": {"errors", "checkpoints", "engine", "tokenization"},
    "host": BELOW_HOST | {"checkpoints", "model_pool"},
    "doctor": BELOW_HOST | {"assets", "checkpoints", "library_texts"},
    "logs": set(),
    "routes": BELOW_HOST | {"host", "library", "logs", "model_pool", "network", "wire"},
    "server": {"errors", "routes"},
    "main": BELOW_HOST | {"host", "routes"},
    "measure": BELOW_HOST | {"checkpoints"},
    "bench": BELOW_HOST | {"checkpoints", "terminal"},
    "terminal": {"settings", "host", "network"},
    "__main__": BELOW_HOST
    | {"assets", "bench", "checkpoints", "doctor", "host", "logs", "main", "measure", "server", "terminal"},
    "__init__": set(),
}
# The engine's rooms, and beside them the two modules that put an engine together.
ROOMS = {
    "contract": set(),
    "sampling": {"contract"},
    "network": {"contract", "sampling"},  # it sums up rows of logits in the sampler's own terms
    "serving": {"contract", "sampling", "network"},
    "fake": {"contract", "serving", "network"},
    "local": {"contract", "serving", "network"},
}
# What the rest of the app may import of the engine beside its contract.
BESIDE_THE_CONTRACT = {
    "bench/model_process.py": {"local", "network", "serving"},
    "doctor.py": {"network", "serving"},
    "host.py": {"fake", "local", "serving"},
    "measure.py": {"local"},
    "pages/hallucination/experiments.py": {"sampling"},
    "pages/hallucination/same_dice.py": {"sampling"},
    "routes/next_token.py": {"sampling"},
}
FOR_TENSORS = {"torch", "transformers", "safetensors", "gguf", "accelerate"}
KNOW_TENSORS = {"engine/local.py", "checkpoints/convert.py", "doctor.py"}  # and the whole room `network`
NOT_IN_THE_CORE = {"fastapi", "starlette", "uvicorn", "jinja2", "pydantic", "pydantic_settings", "typer"}


def layer_of(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Full names of every module a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_something_to_check():
    assert {layer_of(path) for path in APP.rglob("*.py")} >= {"engine", "tokenization", "routes", "host"}


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_imports_point_one_way(path: Path):
    layer = layer_of(path)
    used = {name.split(".")[1] for name in imported(path) if name.startswith("app.")}
    assert used <= MAY_IMPORT[layer] | {layer}


def rooms_used(path: Path) -> set[str]:
    """The rooms of the engine that a file imports from."""
    return {name.split(".")[2] for name in imported(path) if name.startswith("app.engine.")}


@pytest.mark.parametrize(
    "path", sorted((APP / "engine").rglob("*.py")), ids=lambda path: str(path.relative_to(APP))
)
def test_the_rooms_of_the_engine_keep_their_directions(path: Path):
    room = path.relative_to(APP / "engine").parts[0].removesuffix(".py")
    assert rooms_used(path) <= ROOMS.get(room, set()) | {room}


def test_serving_knows_of_the_network_only_the_runner():
    names = {name for path in (APP / "engine" / "serving").glob("*.py") for name in imported(path)}
    of_network = {name for name in names if name.startswith("app.engine.network.")}
    assert {name.split(".")[3] for name in of_network} == {"runner"}


def test_the_rest_knows_of_the_engine_only_the_contract():
    outside = [path for path in APP.rglob("*.py") if layer_of(path) != "engine"]
    used = {path.relative_to(APP).as_posix(): rooms_used(path) - {"contract"} for path in outside}
    assert {path: rooms for path, rooms in used.items() if rooms} == BESIDE_THE_CONTRACT


def test_a_wrong_import_is_found(tmp_path: Path):
    planted = tmp_path / "planted.py"
    planted.write_text(
        "from app.engine import local\n\ndef late():\n    from app.engine.serving.job import Job\n"
    )
    assert rooms_used(planted) == {"local", "serving"}
    assert not rooms_used(planted) <= ROOMS["network"]


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): set(imported(path))
        for path in APP.rglob("*.py")
    }
    modules = graph.keys()
    only_ours = {
        module: {name if name in modules else name.rpartition(".")[0] for name in names} & modules
        for module, names in graph.items()
    }
    graphlib.TopologicalSorter(only_ours).prepare()  # raises CycleError


def strangers(page: str, path: Path) -> set[str]:
    """The other pages whose packages a page's file imports."""
    packages = {name.split(".")[2] for name in imported(path) if name.startswith("app.pages.")}
    return packages & {other.name for other in PAGES} - {page}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_imports_no_other_page(page: Page):
    for path in (APP / "pages" / page.name).rglob("*.py"):
        assert strangers(page.name, path) == set()


def test_a_page_that_imports_another_is_found(tmp_path: Path):
    planted = tmp_path / "planted.py"
    planted.write_text("from app.pages.few_shot.prompt import written\n")
    assert strangers("home", planted) == {"few_shot"}


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_each_layer_keeps_to_its_libraries(path: Path):
    packages = {name.split(".")[0] for name in imported(path)}
    layer = layer_of(path)
    name = path.relative_to(APP).as_posix()
    if not name.startswith("engine/network/") and name not in KNOW_TENSORS:
        assert not packages & FOR_TENSORS
    if layer in {"engine", "checkpoints", "tokenization", "experiments", "pages", "library", "errors"}:
        allowed = (
            {"pydantic"} if layer in {"experiments", "pages"} else set()
        )  # requests declare their bounds with it
        assert not packages & NOT_IN_THE_CORE - allowed


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_files_stay_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_starting_the_site_imports_no_torch():
    script = (
        "import sys\n"
        "from app.main import create_app\n"
        "from app.settings import Settings\n"
        "create_app(Settings())\n"
        "import app.__main__, app.engine.fake, app.checkpoints.store\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
