"""The last resort: character offsets, for tokenizers that lose characters."""

from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

from app.tokenization.offsets import pieces_by_offsets
from app.tokenization.registry import load_model_tokenizer


def test_tokens_that_share_a_character_split_its_bytes() -> None:
    offsets = [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)]
    own = [b"a", b"\xe4", b"\xb8", b"\xad", b"b"]
    assert pieces_by_offsets("a中b", offsets, own) == own
    assert pieces_by_offsets("a中b", offsets, [b"?"] * 5) == own


def test_characters_of_no_token_go_with_the_next_or_the_last() -> None:
    assert pieces_by_offsets("-a-b--", [(1, 2), (3, 4)], [b"a", b"b"]) == [b"-a", b"-b--"]


def test_an_inserted_token_has_no_bytes() -> None:
    assert pieces_by_offsets("ab", [(0, 0), (0, 2)], [b" ", b"ab"]) == [b"", b"ab"]


def test_a_tokenizer_with_an_unknown_token_keeps_the_texts_bytes(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "cat": 1, "dog": 2}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    spans = load_model_tokenizer(tmp_path).spans("cat 中文  dog ")
    assert [(span.token_id, span.bytes.decode()) for span in spans] == [
        (1, "cat"),
        (0, " 中文"),
        (2, "  dog "),
    ]


def test_a_text_of_nothing_but_dropped_characters_has_no_tokens(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "cat": 1}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokenization = load_model_tokenizer(tmp_path).tokenize("  ")
    assert (tokenization.token_ids, tokenization.text, tokenization.normalised) == ([], "", True)
