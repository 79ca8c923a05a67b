"""Ids to bytes and back."""

import numpy as np

from app.tokenization.token_table import TokenTable

TABLE = TokenTable("small", [b"\n", b"<s>", b"", b"\n", b" cat", b"Cat"], frozenset({1}), frozenset({3}))


def test_a_characters_own_token_is_found_and_not_the_byte_of_the_same_value() -> None:
    assert TABLE.find(b"\n") == 0


def test_specials_and_unused_ids_are_found_by_no_bytes() -> None:
    assert TABLE.find(b"<s>") is None
    assert TABLE.find(b"") is None


def test_a_spelling_differs_in_case_or_in_the_space_before_it() -> None:
    assert TABLE.spellings(4) == [5]
    assert TABLE.spellings(5) == [4]


def test_the_packed_table_has_offsets_then_bytes_then_flags() -> None:
    assert np.frombuffer(TABLE.packed, "<u4", 7).tolist() == [0, 1, 4, 4, 5, 9, 12]
    assert TABLE.packed[28:] == b"\n<s>\n catCat" + bytes([0, 1, 0, 0, 0, 0])
