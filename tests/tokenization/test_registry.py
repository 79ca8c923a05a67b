"""Which encodings there are, and how a model folder says what begins and ends its texts."""

import json
from pathlib import Path

import pytest

from app.errors import ModelUnavailable, NotFound
from app.tokenization.registry import Encodings, load_model_tokenizer
from tests.tokenization import tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.byte_fallback(tmp_path / "model")


def write(file: Path, **values: object) -> None:
    file.write_text(json.dumps(values))


def test_an_unknown_encoding_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there are gpt2, p50k_base, cl100k_base, o200k_base, model"):
        Encodings(tmp_path).get("../gpt2")


def test_a_models_own_tokenizer_comes_and_goes(folder: Path, tmp_path: Path) -> None:
    encodings, tokenizer = Encodings(tmp_path), load_model_tokenizer(folder, "tiny")
    encodings.register("tiny", tokenizer)
    assert encodings.get("tiny") is tokenizer
    assert encodings.infos()[-1] == ("tiny", tokenizer.vocabulary_size, "model")
    encodings.forget("tiny")
    assert encodings.names() == ["gpt2", "p50k_base", "cl100k_base", "o200k_base"]


def test_bos_and_eos_come_from_the_tokenizers_own_files(folder: Path) -> None:
    tokenizer = load_model_tokenizer(folder)
    assert (tokenizer.bos_token_id, tokenizer.adds_bos, tokenizer.eos_token_ids) == (2, True, {1})
    assert tokenizer.encode("") == []  # never put there by encode


def test_generation_config_names_more_ends_than_one(folder: Path) -> None:
    write(folder / "config.json", eos_token_id=3)
    assert load_model_tokenizer(folder).eos_token_ids == {1, 3}
    write(folder / "generation_config.json", eos_token_id=[1, 5])
    assert load_model_tokenizer(folder).eos_token_ids == {1, 5}


def test_the_text_part_of_a_larger_model_counts(folder: Path) -> None:
    write(folder / "config.json", text_config={"vocab_size": 900, "eos_token_id": [7]})
    tokenizer = load_model_tokenizer(folder)
    assert (tokenizer.vocabulary_size, tokenizer.eos_token_ids) == (900, {1, 7})


def test_tokenizer_config_has_the_last_word_on_bos(folder: Path) -> None:
    write(folder / "tokenizer_config.json", bos_token="<bos>", add_bos_token=False)
    assert not load_model_tokenizer(folder).adds_bos
    write(folder / "tokenizer_config.json", add_bos_token=True)
    write(folder / "config.json", bos_token_id=2)
    assert load_model_tokenizer(folder).adds_bos
    assert load_model_tokenizer(folder).bos_token_id == 2


def test_a_model_without_bos_adds_none(tmp_path: Path) -> None:
    folder = tiny.byte_level(tmp_path)
    write(folder / "tokenizer_config.json", bos_token=None, add_bos_token=True)
    tokenizer = load_model_tokenizer(folder)
    assert (tokenizer.bos_token_id, tokenizer.adds_bos) == (None, False)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"model": {"vocab": 3}}', '{"model": {"vocab": {"a": 0}}}']
)
def test_a_broken_tokenizer_file_is_a_clear_error(folder: Path, content: str) -> None:
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelUnavailable, match=r"the tokenizer\.json of model cannot be read"):
        load_model_tokenizer(folder)


def test_a_folder_without_a_tokenizer_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"has no tokenizer\.json"):
        load_model_tokenizer(tmp_path)


def test_a_broken_config_is_a_clear_error(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"config\.json of model cannot be read"):
        load_model_tokenizer(folder)
