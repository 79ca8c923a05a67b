"""The manifests: complete, sourced, and plainly refused where they are not."""

import re
from pathlib import Path

import pytest

from app.checkpoints.manifests import (
    FACTS,
    NOT_PUBLISHED,
    HubSource,
    ManifestError,
    PackageSource,
    folder_manifest,
    read_catalog,
    read_manifest,
)
from app.paths import MODELS

EXPECTED = {
    "gemma-3-270m",
    "gemma-3-270m-it",
    "smollm2-135m-instruct",
    "smollm2-135m",
    "smollm2-360m",
    "gpt2",
    "gpt2-medium",
    "gpt2-large",
    "gpt2-xl",
    "pythia-70m",
    "pythia-160m",
    "pythia-410m",
    "qwen3-0.6b-base",
    "llama-3.2-1b",
}


def test_the_catalog_has_every_model_smallest_first():
    catalog = read_catalog(MODELS)
    assert set(catalog) >= EXPECTED
    sizes = [manifest.parameters for manifest in catalog.values()]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_fact_of_a_model_has_a_source(name: str):
    manifest = read_catalog(MODELS)[name]
    assert all(len(manifest.fact_sources[fact]) > 10 for fact in FACTS)
    assert manifest.licence_url.startswith("https://")
    assert isinstance(manifest.tokens_read, int) or manifest.tokens_read == NOT_PUBLISHED


def test_what_comes_from_the_package_index_is_pinned_by_size_and_checksum():
    sources = [manifest.source for manifest in read_catalog(MODELS).values()]
    pinned = [source for source in sources if isinstance(source, PackageSource)]
    assert len(pinned) == 2
    for source in pinned:
        assert source.bytes < sum(package.bytes for package in source.packages) * 1.2
        assert all(re.fullmatch(r"[\d.]+", package.version) for package in source.packages)


def test_the_gemma_terms_travel_with_gemma():
    source = read_catalog(MODELS)["gemma-3-270m"].source
    assert isinstance(source, PackageSource)
    beside = [Path(member).name for package in source.packages for member in package.beside]
    assert beside == ["GEMMA_TERMS.html", "NOTICE.md"]


def test_gated_models_say_so():
    sources = {name: manifest.source for name, manifest in read_catalog(MODELS).items()}
    gated = {name for name, source in sources.items() if isinstance(source, HubSource) and source.gated}
    assert gated == {"gemma-3-270m-it", "llama-3.2-1b"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("layers = 12", 'layers = "twelve"'), "layers must be of type int"),
        (("layers = 12", "layers = 0"), "layers is 0; it must be at least 1"),
        (("layers = 12", ""), "layers is missing"),
        (('kind = "base"', 'kind = "chat"'), "kind must be one of base, instruct"),
        (('kind = "hub"', 'kind = "ftp"'), "source: kind must be one of package-index, hub"),
        (('name = "gpt2"', 'name = "other"'), "name must be the file's own name, gpt2"),
        (("layers = 12", "layers = 12\ncolour = 3"), "colour is no field of a manifest"),
        (("\ndata = ", "\n[nonsense"), "is not a TOML file"),
        (("\nheads = \"", "\nhats = \""), "facts names no source for heads"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_by_name_and_field(
    tmp_path: Path, change: tuple[str, str], complaint: str
):
    text = (MODELS / "gpt2.toml").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "gpt2.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ManifestError, match="gpt2.toml") as caught:
        read_manifest(path)
    assert complaint in caught.value.message


def test_an_empty_folder_is_no_catalog(tmp_path: Path):
    with pytest.raises(ManifestError, match="holds no model manifest"):
        read_catalog(tmp_path)


def test_a_plain_folder_describes_itself(tmp_path: Path):
    folder = tmp_path / "My Model!"
    folder.mkdir()
    (folder / "config.json").write_text('{"n_layer": 2, "n_embd": 16, "n_head": 4, "vocab_size": 257}')
    manifest = folder_manifest(folder)
    assert manifest.name == "my-model"
    assert (manifest.layers, manifest.width, manifest.heads, manifest.vocabulary) == (2, 16, 4, 257)
    assert manifest.kind == "base"
    (folder / "chat_template.jinja").touch()
    assert folder_manifest(folder).kind == "instruct"
