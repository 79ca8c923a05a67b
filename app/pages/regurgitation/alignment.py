"""A recited text beside the original: where they agree, where they part, where they meet again.

Everything here compares token ids; no text is normalised.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MEETING = 3  # tokens in a row that must agree before a text that slipped counts as back in the original


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring tokens of both texts that are the same, or that stand against each other."""

    same: bool
    original: tuple[int, int]  # start, end
    written: tuple[int, int]


def exact_run(original: Sequence[int], written: Sequence[int]) -> int:
    """How many tokens agree before the first difference. Example: [1, 2, 3] and [1, 2, 4] agree for 2."""
    for index, (left, right) in enumerate(zip(original, written, strict=False)):
        if left != right:
            return index
    return min(len(original), len(written))


def align(original: Sequence[int], written: Sequence[int]) -> tuple[Stretch, ...]:
    """Both texts cut into stretches, in order, every token of either in exactly one.

    The exact run comes first; behind it the longest matching blocks (Ratcliff and Obershelp 1988, as in
    Python's difflib), of which only those of `MEETING` tokens or more count.
    """
    run = exact_run(original, written)
    stretches = []
    from_original = from_written = 0
    for start, place, size in (*_meetings(original, written, run), (len(original), len(written), 0)):
        if start > from_original or place > from_written:
            stretches.append(Stretch(False, (from_original, start), (from_written, place)))
        if size:
            stretches.append(Stretch(True, (start, start + size), (place, place + size)))
        from_original, from_written = start + size, place + size
    return tuple(stretches)


def _meetings(original: Sequence[int], written: Sequence[int], run: int) -> Iterator[tuple[int, int, int]]:
    if run:
        yield 0, 0, run
    matcher = SequenceMatcher(None, list(original[run:]), list(written[run:]), autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.size >= MEETING:
            yield run + block.a, run + block.b, block.size


def tokens_in_common(stretches: Iterable[Stretch]) -> int:
    """How many tokens of the original stand in what was written, in order."""
    return sum(stretch.original[1] - stretch.original[0] for stretch in stretches if stretch.same)


def runs_by_prefix(ranks: Sequence[int | None], longest: int, steps: int) -> tuple[int, ...]:
    """The exact run of a greedy recitation from the first 1, 2, ... `longest` tokens, at most `steps` each.

    Greedy decoding writes the likeliest token. As long as that is the original's next token, the text so far
    is the original's, so the model is where teacher forcing has it: the run from k tokens on is the number
    of tokens behind the k-th that have rank 1 without a gap. One pass over the text therefore stands for all
    greedy runs.
    """
    runs = [0] * (len(ranks) + 1)  # runs[k]: rank-1 tokens without a gap from index k on
    for index in range(len(ranks) - 1, -1, -1):
        runs[index] = runs[index + 1] + 1 if ranks[index] == 1 else 0
    return tuple(min(steps, runs[prefix]) for prefix in range(1, min(longest, len(ranks) - 1) + 1))
