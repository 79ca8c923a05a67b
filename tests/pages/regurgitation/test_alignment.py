"""Where a recitation agrees with the original, parts from it and meets it again."""

from hypothesis import given
from hypothesis import strategies as st

from app.pages.regurgitation.alignment import (
    MEETING,
    Stretch,
    align,
    exact_run,
    runs_by_prefix,
    tokens_in_common,
)
from app.pages.regurgitation.word_swap import swap_words

tokens = st.lists(st.integers(0, 4), max_size=30)
ranks = st.lists(st.integers(1, 2), min_size=2, max_size=40)


def test_the_exact_run_ends_at_the_first_difference():
    assert exact_run([1, 2, 3], [1, 2, 4, 3]) == 2
    assert exact_run([1, 2, 3], [1, 2]) == 2
    assert exact_run([], [1]) == 0


def test_a_slip_is_stepped_over():
    original = [1, 2, 3, 4, 5, 6, 7, 8]
    left_out = [1, 2, 4, 5, 6, 7, 8]
    stretches = align(original, left_out)
    assert stretches == (
        Stretch(True, (0, 2), (0, 2)),
        Stretch(False, (2, 3), (2, 2)),
        Stretch(True, (3, 8), (2, 7)),
    )
    assert tokens_in_common(stretches) == 7


def test_two_tokens_in_common_are_not_a_return():
    assert tokens_in_common(align([1, 2, 3, 4, 5], [9, 3, 4, 8])) == 0
    assert tokens_in_common(align([1, 2, 3, 4, 5], [9, 3, 4, 5])) == MEETING


def test_the_exact_run_counts_whatever_comes_later():
    """A longer match further on may not swallow the beginning."""
    original = [1, 2, 9, 9, 3, 4, 5, 6, 7]
    written = [1, 2, 3, 4, 5, 6, 7]
    assert align(original, written)[0] == Stretch(True, (0, 2), (0, 2))


@given(tokens, tokens)
def test_stretches_hold_every_token_of_both_texts_once(original: list[int], written: list[int]):
    stretches = align(original, written)
    for place, text in (("original", original), ("written", written)):
        at = 0
        for stretch in stretches:
            start, end = getattr(stretch, place)
            assert start == at <= end
            at = end
        assert at == len(text)
    for index, stretch in enumerate(stretches):
        ours = original[slice(*stretch.original)]
        assert not stretch.same or ours == written[slice(*stretch.written)]
        assert not stretch.same or index == 0 or len(ours) >= MEETING
    assert exact_run(original, written) <= tokens_in_common(stretches) <= len(original)


@given(ranks, st.integers(1, 64), st.integers(1, 48))
def test_runs_are_first_choices_in_a_row(ranks: list[int], longest: int, steps: int):
    runs = runs_by_prefix(ranks, longest, steps)
    assert len(runs) == min(longest, len(ranks) - 1)
    for prefix, run in enumerate(runs, start=1):
        rest = ranks[prefix : prefix + steps]
        assert rest[:run] == [1] * run
        assert run == len(rest) or rest[run] != 1


def test_swapping_keeps_words_capitals_and_everything_else():
    assert swap_words("All human beings are born free") == "All beings born are free human"
    assert swap_words("We the People, of Great BRITAIN!") == "We the Great, of Britain PEOPLE!"
    assert swap_words("a b c") == "a b c"
    text = "In the beginning God created the heaven and the earth."
    assert sorted(swap_words(text).lower().replace(".", "").split()) == sorted(text.lower()[:-1].split())
