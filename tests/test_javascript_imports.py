"""The browser's modules import one way: pages use elements, elements use the base, and no page another page.

`pages/frame.js` is what stands around every page.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pages import PAGES
from app.paths import STATIC

JS = STATIC / "js"
IMPORT = re.compile(
    r"""^(?:import|export)\b(?:[\s\w*{},$]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)""", re.MULTILINE
)
LIBRARIES = {"lit", "d3", "qr", "eventsource-parser"}
FLOORS = {"base": {"base"}, "elements": {"base", "elements"}, "pages": {"base", "elements", "pages"}}


def floor_of(path: Path) -> str:
    folder = path.relative_to(JS).parent.name
    return folder or "base"


def page_of(path: Path) -> str:
    """By name: a page's modules are called after it."""
    names = [page.name for page in PAGES if path.stem == page.name or path.stem.startswith(f"{page.name}-")]
    return max(names, key=len, default=path.stem)


def imported(path: Path) -> Iterator[str]:
    for static, dynamic in IMPORT.findall(path.read_text(encoding="utf-8")):
        yield static or dynamic


def violations(path: Path) -> list[str]:
    found = []
    for name in imported(path):
        if name in LIBRARIES or name.startswith("../vendor/"):
            continue
        target = (path.parent / name).resolve()
        if not target.is_file() or not target.is_relative_to(JS):
            found.append(f"{name} is no module")
        elif floor_of(target) not in FLOORS[floor_of(path)]:
            found.append(f"{floor_of(path)} import {name}")
        elif floor_of(target) == "pages" and page_of(target) != page_of(path):
            found.append(f"the page {page_of(path)} imports {name} of another")
    return found


def test_there_is_something_to_check():
    assert sum(len(list(imported(path))) for path in JS.rglob("*.js")) > 400


@pytest.mark.parametrize("path", sorted(JS.rglob("*.js")), ids=lambda path: str(path.relative_to(JS)))
def test_a_module_imports_only_what_lies_below_it(path: Path):
    assert violations(path) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("elements/token-card.js", 'import { run } from "../pages/few-shot.js";'),
        ("api.js", 'import "./elements/token-card.js";'),
        ("pages/few-shot.js", 'import { draw } from "./sampling.js";'),
        ("pages/few-shot.js", 'const { draw } = await import("./sampling.js");'),
        ("pages/home.js", 'import { gone } from "../gone.js";'),
    ],
)
def test_what_points_upwards_or_aside_is_found(tmp_path: Path, monkeypatch, module: str, line: str):
    for path in JS.rglob("*.js"):
        copy = tmp_path / path.relative_to(JS)
        copy.parent.mkdir(exist_ok=True)
        copy.touch()
    monkeypatch.setattr("tests.test_javascript_imports.JS", tmp_path)
    changed = tmp_path / module
    changed.write_text(line + "\n", encoding="utf-8")
    assert len(violations(changed)) == 1
