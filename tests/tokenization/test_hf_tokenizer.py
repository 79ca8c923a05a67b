"""Models' own tokenizers: small ones of each family, GPT-2's own, and the default model's where it is here."""

import json
import shutil
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from app.errors import NotFound
from app.paths import default_weights_dir
from app.tokenization.hf_tokenizer import HfTokenizer
from app.tokenization.registry import Encodings, load_model_tokenizer
from tests.tokenization import tiny
from tests.tokenization.references import gpt2_as_tokenizers
from tests.tokenization.texts import random_texts

GEMMA = default_weights_dir() / "gemma-3-270m"
BUILDERS = {
    "byte-level": lambda folder: tiny.byte_level(folder),
    "byte-level NFC": lambda folder: tiny.byte_level(folder, nfc=True),
    "byte fallback": lambda folder: tiny.byte_fallback(folder),
    "byte fallback, own space": lambda folder: tiny.byte_fallback(folder, own_space=True),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tokenizers")
    return {name: build(root / name.replace(" ", "-")) for name, build in BUILDERS.items()}


@pytest.fixture(scope="module")
def tokenizers(folders: dict[str, Path]) -> dict[str, HfTokenizer]:
    return {name: load_model_tokenizer(folder) for name, folder in folders.items()}


def backend(folder: Path, special: str) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = special == "text"
    return tokenizer


@pytest.mark.parametrize("special", ["text", "parse"])
@pytest.mark.parametrize("name", BUILDERS)
def test_ten_thousand_texts_have_the_models_ids_and_their_own_bytes(
    folders: dict[str, Path], tokenizers: dict[str, HfTokenizer], name: str, special: str
) -> None:
    tokenizer, theirs = tokenizers[name], backend(folders[name], special)
    for text in random_texts(10_000, seed=3):
        tokenization = tokenizer.tokenize(text, special)
        assert tokenization.token_ids == theirs.encode(text, add_special_tokens=False).ids, text
        assert b"".join(tokenization.pieces) == tokenization.text.encode(), text
        assert tokenization.normalised == (tokenization.text != text)
        if "NFC" not in name:
            assert not tokenization.normalised, text


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_spans_cover_the_text_without_gap_or_overlap(
    tokenizers: dict[str, HfTokenizer], name: str, text: str
) -> None:
    tokenizer = tokenizers[name]
    raw = tokenizer.tokenize(text).text.encode()
    spans = tokenizer.spans(text)
    assert all(raw[span.start : span.end] == span.bytes for span in spans)
    assert b"".join(span.bytes for span in spans) == raw


@pytest.mark.parametrize("name", ["byte-level", "byte fallback"])
@settings(max_examples=200, deadline=None)
@given(text=st.text().filter(lambda text: "\u2581" not in text))
def test_the_ids_alone_give_the_text_back(tokenizers: dict[str, HfTokenizer], name: str, text: str) -> None:
    tokenizer = tokenizers[name]
    assert b"".join(map(tokenizer.token_bytes, tokenizer.encode(text))) == text.encode()


def test_gpt2s_own_file_and_its_tiktoken_ranks_are_the_same_tokenizer(
    tmp_path: Path, encodings: Encodings
) -> None:
    gpt2_as_tokenizers().save(str(tmp_path / "tokenizer.json"))
    own, ranks = load_model_tokenizer(tmp_path), encodings.get("gpt2")
    for text in random_texts(2_000, seed=6):
        assert own.spans(text) == ranks.spans(text)
    for token_id in (262, 464, 1212, 50_000):
        assert own.merges(token_id) == ranks.merges(token_id)
        assert own.table.spellings(token_id) == ranks.table.spellings(token_id)


def test_a_typed_space_symbol_is_not_taken_for_a_space(tokenizers: dict[str, HfTokenizer]) -> None:
    tokenizer = tokenizers["byte fallback"]
    spaces, typed = tokenizer.spans("the cat"), tokenizer.spans("the\u2581cat")
    assert [span.token_id for span in spaces] == [span.token_id for span in typed]
    assert b"".join(span.bytes for span in typed) == "the\u2581cat".encode()
    assert all(b" " in a.bytes for a, b in zip(spaces, typed, strict=True) if a.bytes != b.bytes)


def test_a_character_in_bytes_gives_each_token_its_own(tokenizers: dict[str, HfTokenizer]) -> None:
    spans = tokenizers["byte fallback"].spans("a🦄")
    assert [span.bytes for span in spans[-4:]] == [b"\xf0", b"\x9f", b"\xa6", b"\x84"]
    assert [(span.start, span.end) for span in spans[-4:]] == [(1, 2), (2, 3), (3, 4), (4, 5)]


def test_the_space_a_tokenizer_puts_first_is_no_part_of_the_text(tokenizers: dict[str, HfTokenizer]) -> None:
    tokenizer = tokenizers["byte fallback, own space"]
    spans = tokenizer.spans("the weather is hot; hello")
    first, *others = [tokenizer.token_bytes(span.token_id) for span in spans]
    assert first.startswith(b" ") and len(others) > 3
    assert [span.bytes for span in spans] == [first[1:], *others]


def test_a_text_the_tokenizer_rewrites_says_so(tokenizers: dict[str, HfTokenizer]) -> None:
    composed = tokenizers["byte-level NFC"].tokenize("e\u0301 \u212b")
    assert (composed.text, composed.normalised) == ("\u00e9 \u00c5", True)
    assert not tokenizers["byte-level NFC"].tokenize("\u00e9").normalised


@pytest.mark.parametrize(("name", "typed"), [("byte-level", "<|endoftext|>"), ("byte fallback", "<eos>")])
def test_a_typed_special_is_text_unless_it_is_to_be_parsed(
    tokenizers: dict[str, HfTokenizer], name: str, typed: str
) -> None:
    tokenizer = tokenizers[name]
    as_text, parsed = tokenizer.spans(f"a{typed}b"), tokenizer.spans(f"a{typed}b", "parse")
    assert len(as_text) > 3 and not any(span.special for span in as_text)
    assert [span.special for span in parsed] == [False, True, False]
    assert parsed[1].bytes == typed.encode() and parsed[1].token_id in tokenizer.eos_token_ids
    assert tokenizer.spans(f"a{typed}b") == as_text  # parsing once changes nothing afterwards


def test_a_lone_surrogate_becomes_one_replacement_character(tokenizers: dict[str, HfTokenizer]) -> None:
    for tokenizer in tokenizers.values():
        tokenization = tokenizer.tokenize("a\ud800")
        assert (tokenization.text, tokenization.replaced) == ("a\ufffd", 1)
        assert tokenizer.encode("a\ud800") == tokenization.token_ids


@pytest.mark.parametrize("name", BUILDERS)
def test_the_merges_lead_to_the_token(tokenizers: dict[str, HfTokenizer], name: str) -> None:
    tokenizer = tokenizers[name]
    longest = max(range(len(tokenizer.table)), key=lambda i: len(tokenizer.merges(i)))
    path = tokenizer.merges(longest)
    assert len(path) >= 4
    assert path[-1].left + path[-1].right == tokenizer.token_bytes(longest)
    assert all(tokenizer.merges(i) == [] for i in tokenizer.table.special)


@pytest.mark.parametrize("name", BUILDERS)
def test_merges_as_lines_are_the_same_merges(
    folders: dict[str, Path], tokenizers: dict[str, HfTokenizer], name: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(folders[name], tmp_path / "lines")
    file = folder / "tokenizer.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    table["model"]["merges"] = [" ".join(pair) for pair in table["model"]["merges"]]
    file.write_text(json.dumps(table), encoding="utf-8")
    lines, pairs = load_model_tokenizer(folder), tokenizers[name]
    for token_id in range(len(pairs.table)):
        assert lines.merges(token_id) == pairs.merges(token_id)


def test_an_id_outside_is_refused_and_an_unused_one_has_no_bytes(folders: dict[str, Path]) -> None:
    folder = folders["byte fallback"]
    (folder / "config.json").write_text('{"vocab_size": 1000}')
    tokenizer = load_model_tokenizer(folder)
    assert tokenizer.vocabulary_size == 1000
    assert tokenizer.token_bytes(999) == b""
    with pytest.raises(NotFound, match="ids go from 0 to 999"):
        tokenizer.token_bytes(1000)
    (folder / "config.json").unlink()


@pytest.mark.weights
def test_the_default_models_ids_are_its_own_tokenizers() -> None:
    if not (GEMMA / "tokenizer.json").is_file():
        pytest.skip("needs the default model: run `python -m app fetch gemma-3-270m`")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import AutoTokenizer

        theirs = AutoTokenizer.from_pretrained(GEMMA)
    tokenizer = load_model_tokenizer(GEMMA)
    assert (tokenizer.bos_token_id, tokenizer.adds_bos, tokenizer.eos_token_ids) == (2, True, {1})
    assert theirs("a").input_ids == [2, *tokenizer.encode("a")]
    texts = list(random_texts(10_000, seed=7))
    as_text = theirs(texts, add_special_tokens=False, split_special_tokens=True).input_ids
    parsed = theirs(texts, add_special_tokens=False).input_ids
    for text, text_ids, parsed_ids in zip(texts, as_text, parsed, strict=True):
        tokenization = tokenizer.tokenize(text)
        assert tokenization.token_ids == text_ids, text
        assert b"".join(tokenization.pieces) == text.encode()
        assert tokenizer.encode(text, "parse") == parsed_ids, text
