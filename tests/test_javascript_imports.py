"""The browser's modules import one way: pages use elements, elements use the base, and no page another page.

The frame, which stands around every page, imports as a page does. The gallery of patterns shows every
element, so it alone may import them all.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.paths import STATIC

SCRIPTS = sorted(path for folder in ("js", "pages") for path in (STATIC / folder).rglob("*.js"))
IMPORT = re.compile(
    r"""^(?:import|export)\b(?:[\s\w*{},$]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)""", re.MULTILINE
)
LIBRARIES = {"lit", "d3", "qr", "eventsource-parser"}
BELOW = {"base": set(), "elements": {"base"}, "frame": {"base", "elements"}, "pages": {"base", "elements"}}
GALLERY = "patterns"


def floor_of(path: Path) -> str:
    """Example: static/pages/home/page.js is "pages", static/js/base/api.js is "base"."""
    top, folder, *_ = path.relative_to(STATIC).parts
    return "pages" if top == "pages" else folder


def imported(path: Path) -> Iterator[str]:
    for static, dynamic in IMPORT.findall(path.read_text(encoding="utf-8")):
        yield static or dynamic


def violations(path: Path) -> list[str]:
    found = []
    for name in imported(path):
        target = (path.parent / name).resolve()
        if name in LIBRARIES or target.is_relative_to(STATIC / "vendor"):
            continue
        gallery = path.is_relative_to(STATIC / "pages" / GALLERY)
        if not target.is_file() or not target.is_relative_to(STATIC):
            found.append(f"{name} is no module")
        elif floor_of(target) == floor_of(path) == "pages":
            if target.parent != path.parent and not gallery:
                found.append(f"{name} is of another page")
        elif floor_of(target) not in BELOW[floor_of(path)] | {floor_of(path)} and not gallery:
            found.append(f"{floor_of(path)} import {name}")
    return found


def test_there_is_something_to_check():
    assert sum(len(list(imported(path))) for path in SCRIPTS) > 400


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_a_module_imports_only_what_lies_below_it(path: Path):
    assert violations(path) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("js/elements/token-strip.js", 'import { run } from "../../pages/few_shot/page.js";'),
        ("js/base/api.js", 'import "../elements/token-strip.js";'),
        ("js/elements/token-strip.js", 'import "../frame/frame.js";'),
        ("pages/few_shot/page.js", 'import { draw } from "../sampling/page.js";'),
        ("pages/few_shot/page.js", 'const { draw } = await import("../sampling/page.js");'),
        ("pages/home/page.js", 'import { gone } from "./gone.js";'),
    ],
)
def test_what_points_upwards_or_aside_is_found(tmp_path: Path, monkeypatch, module: str, line: str):
    for path in SCRIPTS:
        copy = tmp_path / path.relative_to(STATIC)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    monkeypatch.setattr("tests.test_javascript_imports.STATIC", tmp_path)
    changed = tmp_path / module
    changed.write_text(line + "\n", encoding="utf-8")
    assert len(violations(changed)) == 1
