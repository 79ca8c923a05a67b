"""What a page's script imports, directly or further down, so that the browser fetches it all at once."""

import re
from functools import cache
from os.path import normpath
from pathlib import Path

from app.pages.registry import Page
from app.paths import STATIC

FRAME = "js/frame/frame.js"  # what stands around every page

_STATIC_IMPORT = re.compile(r'^(?:import|export)\b(?:[\s\w*{},$]*?\bfrom)?\s*"(\.[^"]+)"', re.MULTILINE)


def script_of(page: Page) -> str:
    """Its first module, as a path below static/."""
    return f"pages/{page.name}/page.js"


@cache
def modules_of(*entries: str) -> tuple[str, ...]:
    """`entries` and every module they import, as paths below static/; what imports comes first.

    Raises FileNotFoundError where an import leads nowhere. Example: modules_of("pages/home/page.js").
    """
    found: dict[Path, None] = {}
    waiting = [STATIC / entry for entry in entries]
    while waiting:
        module = waiting.pop(0)
        if module in found:
            continue
        found[module] = None
        for name in _STATIC_IMPORT.findall(module.read_text(encoding="utf-8")):
            waiting.append(Path(normpath(module.parent / name)))  # a folder may be a link to elsewhere
    return tuple(module.relative_to(STATIC).as_posix() for module in found)


@cache
def sheets_of(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Style sheets that lie beside a module, or in css/, under its name; what imports comes last."""
    beside = (
        candidate
        for module in reversed(modules)
        for candidate in (Path(module).with_suffix(".css"), Path("css", Path(module).stem + ".css"))
        if (STATIC / candidate).is_file()
    )
    return tuple(sheet.as_posix() for sheet in dict.fromkeys(beside))
