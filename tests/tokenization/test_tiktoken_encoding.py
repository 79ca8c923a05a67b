"""The four encodings against tiktoken itself and the tokenizers library, and what they tell of a token."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ModelUnavailable, NotFound
from app.tokenization.registry import TIKTOKEN_VOCABULARIES, Encodings
from app.tokenization.tiktoken_encoding import load_encoding
from tests.tokenization.references import gpt2_as_tokenizers, published_encoding
from tests.tokenization.texts import random_texts

NAMES = list(TIKTOKEN_VOCABULARIES)


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_texts_have_tiktokens_ids_and_their_own_bytes(encodings: Encodings, name: str) -> None:
    tokenizer, published = encodings.get(name), published_encoding(name)
    for text in random_texts(10_000, seed=1):
        tokenization = tokenizer.tokenize(text)
        assert tokenization.token_ids == published.encode_ordinary(text), text
        assert b"".join(tokenization.pieces) == text.encode()
        assert (tokenization.text, tokenization.normalised, tokenization.replaced) == (text, False, 0)


def test_gpt2_has_the_ids_of_the_tokenizers_library(encodings: Encodings) -> None:
    ours, theirs = encodings.get("gpt2"), gpt2_as_tokenizers()
    for text in random_texts(10_000, seed=2):
        assert ours.encode(text) == theirs.encode(text).ids, text


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_spans_cover_the_text_without_gap_or_overlap(encodings: Encodings, name: str, text: str) -> None:
    spans = encodings.get(name).spans(text)
    raw = text.encode()
    assert [span.start for span in spans] == [0, *[span.end for span in spans]][: len(spans)]
    assert all(raw[span.start : span.end] == span.bytes for span in spans)
    assert b"".join(span.bytes for span in spans) == raw
    assert ("\ufffd" in text) == ("\ufffd" in b"".join(span.bytes for span in spans).decode())


@pytest.mark.parametrize("name", NAMES)
def test_whitespace_runs_of_any_length_are_cut_as_published(encodings: Encodings, name: str) -> None:
    """The pattern here is written otherwise than the published one, in steps of a thousand characters."""
    rng = random.Random(4)
    parts = [" ", "\n", "\r\n", "\t", "\u3000", "\x85", "a", "1", "!", "/", "'s"]
    lengths = [1, 2, 3, 998, 999, 1000, 1001, 1002, 2000, 2001]
    for _ in range(1_000):
        text = "".join(rng.choice(parts) * rng.choice(lengths) for _ in range(rng.randint(1, 4)))
        assert encodings.get(name).encode(text) == published_encoding(name).encode_ordinary(text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [" " * 1_000_000, " " * 999_999 + "x", "\t\n" * 500_000, "a" * 1_000_000])
def test_a_million_equal_characters_neither_hang_nor_panic(
    encodings: Encodings, name: str, text: str
) -> None:
    """tiktoken itself panics on a million spaces before a letter."""
    assert b"".join(encodings.get(name).tokenize(text).pieces) == text.encode()


def test_a_typed_special_is_text_unless_it_is_to_be_parsed(encodings: Encodings) -> None:
    gpt2 = encodings.get("gpt2")
    as_text, parsed = gpt2.spans("a<|endoftext|>b"), gpt2.spans("a<|endoftext|>b", "parse")
    assert [span.token_id for span in as_text] == [64, 27, 91, 437, 1659, 5239, 91, 29, 65]
    assert not any(span.special for span in as_text)
    assert [(span.token_id, span.special) for span in parsed] == [(64, False), (50256, True), (65, False)]
    assert parsed[1].bytes == b"<|endoftext|>"


def test_a_lone_surrogate_becomes_one_replacement_character(encodings: Encodings) -> None:
    for name in NAMES:
        tokenization = encodings.get(name).tokenize("a\ud800b\udc00")
        assert (tokenization.text, tokenization.replaced) == ("a\ufffdb\ufffd", 2)
        assert b"".join(tokenization.pieces) == "a\ufffdb\ufffd".encode()
        assert encodings.get(name).encode("a\ud800b\udc00") == tokenization.token_ids


@pytest.mark.parametrize("name", NAMES)
def test_ids_decode_to_the_bytes_tiktoken_gives(encodings: Encodings, name: str) -> None:
    tokenizer, published = encodings.get(name), published_encoding(name)
    assert tokenizer.vocabulary_size == published.n_vocab == TIKTOKEN_VOCABULARIES[name]
    for token_id in range(published.n_vocab):
        try:
            expected = published.decode_single_token_bytes(token_id)
        except KeyError:
            expected = b""  # an unused id
        assert tokenizer.token_bytes(token_id) == expected
    assert {i for i in range(published.n_vocab) if tokenizer.is_special(i)} == set(
        published._special_tokens.values()
    )


def test_an_id_outside_the_encoding_is_refused_with_the_range(encodings: Encodings) -> None:
    with pytest.raises(NotFound, match="50257 is not in gpt2; ids go from 0 to 50,256"):
        encodings.get("gpt2").token_bytes(50257)


def test_the_merges_of_a_word_in_gpt2(encodings: Encodings) -> None:
    gpt2 = encodings.get("gpt2")
    assert gpt2.merges(262) == [(b" ", b"t", 0), (b"h", b"e", 2), (b" t", b"he", 6)]
    assert gpt2.merges(64) == []  # a single byte
    assert gpt2.merges(50256) == []  # a special


@pytest.mark.parametrize("name", NAMES)
def test_the_merges_lead_to_the_token(encodings: Encodings, name: str) -> None:
    tokenizer = encodings.get(name)
    rng = random.Random(5)
    for token_id in rng.sample(range(256, 50_000), 500):
        token, path = tokenizer.token_bytes(token_id), tokenizer.merges(token_id)
        parts = [token[i : i + 1] for i in range(len(token))]
        for left, right, _ in path:
            i = next(i for i in range(len(parts)) if parts[i : i + 2] == [left, right])
            parts[i : i + 2] = [left + right]
        assert parts == [token]
        assert max(rank for *_, rank in path) == path[-1].rank == token_id - 256


def test_other_spellings_are_single_tokens_too(encodings: Encodings) -> None:
    table = encodings.get("gpt2").table
    assert [table.tokens[i] for i in table.spellings(262)] == [b"the", b"The", b" The", b"THE", b" THE"]
    assert table.spellings(198) == []  # a new line
    assert table.spellings(50256) == []  # a special
    assert table.spellings(table.tokens.index(b"\xe4")) == []  # part of a character


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"gpt2 is not installed here; run `python -m app\.assets`"):
        load_encoding(tmp_path / "gpt2.json")
