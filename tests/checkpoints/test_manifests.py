"""The manifests: complete, sourced, and plainly refused where they are not."""

import json
import math
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


# What the papers and model cards say: parameters, layers, width, heads, vocabulary, context, tokens read, cut-off.
# Gemma: ai.google.dev/gemma/docs/core/model_card_3. GPT-2: Radford et al. 2019, table 2, and its model card; parameters
# by layer sizes. Llama: the 3.2 model card. Pythia: Biderman et al. 2023 (arXiv 2304.01373), table 1. Qwen: arXiv
# 2505.09388, table 1. SmolLM2: Hugging Face's model cards.
PUBLISHED = {
    "gemma-3-270m": (268_098_176, 18, 640, 4, 262_144, 32_768, 6_000_000_000_000, "August 2024"),
    "gemma-3-270m-it": (268_098_176, 18, 640, 4, 262_144, 32_768, 6_000_000_000_000, "August 2024"),
    "gpt2": (124_439_808, 12, 768, 12, 50_257, 1_024, NOT_PUBLISHED, "end of 2017"),
    "gpt2-medium": (354_823_168, 24, 1_024, 16, 50_257, 1_024, NOT_PUBLISHED, "end of 2017"),
    "gpt2-large": (774_030_080, 36, 1_280, 20, 50_257, 1_024, NOT_PUBLISHED, "end of 2017"),
    "gpt2-xl": (1_557_611_200, 48, 1_600, 25, 50_257, 1_024, NOT_PUBLISHED, "end of 2017"),
    "llama-3.2-1b": (1_235_814_400, 16, 2_048, 32, 128_256, 131_072, 9_000_000_000_000, "December 2023"),
    "pythia-70m": (70_426_624, 6, 512, 8, 50_304, 2_048, 299_892_736_000, "end of 2020 at the latest"),
    "pythia-160m": (162_322_944, 12, 768, 12, 50_304, 2_048, 299_892_736_000, "end of 2020 at the latest"),
    "pythia-410m": (405_334_016, 24, 1_024, 16, 50_304, 2_048, 299_892_736_000, "end of 2020 at the latest"),
    "qwen3-0.6b-base": (596_049_920, 28, 1_024, 16, 151_936, 32_768, 36_000_000_000_000, NOT_PUBLISHED),
    "smollm2-135m": (134_515_008, 30, 576, 9, 49_152, 8_192, 2_000_000_000_000, NOT_PUBLISHED),
    "smollm2-135m-instruct": (134_515_008, 30, 576, 9, 49_152, 8_192, 2_000_000_000_000, NOT_PUBLISHED),
    "smollm2-360m": (361_821_120, 32, 960, 15, 49_152, 8_192, 4_000_000_000_000, NOT_PUBLISHED),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_models_facts_are_those_that_were_published(name: str):
    model = read_catalog(MODELS)[name]
    assert PUBLISHED[name] == (
        model.parameters, model.layers, model.width, model.heads, model.vocabulary, model.context_length,
        model.tokens_read, model.cut_off,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"])
def test_the_parameters_of_gpt2_follow_from_its_sizes(name: str):
    """Embeddings, in each layer attention, two products of four times the width, two norms; a last norm."""
    model = read_catalog(MODELS)[name]
    width = model.width
    layer = 12 * width**2 + 13 * width
    assert (
        model.parameters
        == (model.vocabulary + model.context_length) * width + model.layers * layer + 2 * width
    )


@pytest.mark.weights
def test_the_default_models_facts_are_those_of_its_weights(default_model: Path):
    model = read_catalog(MODELS)[default_model.name]
    config = json.loads((default_model / "config.json").read_text(encoding="utf-8"))
    assert model.layers == config["num_hidden_layers"]
    assert model.width == config["hidden_size"]
    assert model.heads == config["num_attention_heads"]
    assert model.vocabulary == config["vocab_size"]
    assert model.context_length == config["max_position_embeddings"]
    with (default_model / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
    assert model.parameters == sum(map(math.prod, shapes))
