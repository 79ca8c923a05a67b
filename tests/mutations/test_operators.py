"""The changes that are tried: small, whole, and found again by what they say."""

import ast

import pytest

from tests.mutations.__main__ import candidates, change_of, known_survivors
from tests.mutations.operators import mutations
from tests.mutations.targets import TARGETS


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", {"(a <= b)"}),
        ("a < b <= c", {"(a <= b <= c)", "(a < b < c)"}),
        ("x = a + 2", {"x = (a - 2)", "x = a + (3)", "x = a + (1)"}),
        ("not a or b", {"(a) or b", "(not a and b)"}),
        ("x: int | None = True", {"x: int | None = False"}),
        ("call(a)", {"pass"}),
        ('f"{a + b}"', set()),
        ("x = zip(a, b, strict=True)", set()),
        ("def f():\n    return é + a", {"def f():\n    return (é - a)", "def f():\n    return None"}),
    ],
)
def test_python_is_changed_in_one_place(source: str, changed: set[str]):
    found = {mutation.applied(source.encode()).decode() for mutation in mutations(source.encode(), ".py")}
    assert found == changed


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("if (a <= b) return;", {"if (a < b) return;"}),
        ("return a - 1;", {"return a + 1;", "return a - 2;", "return a - (0);", "return undefined;"}),
        ("(a) => !b; // a < b", {"(a) => b; // a < b"}),
        ("/* a < b */", set()),
    ],
)
def test_a_script_is_changed_in_one_place(source: str, changed: set[str]):
    found = {mutation.applied(source.encode()).decode() for mutation in mutations(source.encode(), ".js")}
    assert found == changed


def test_every_change_of_ours_can_still_be_read_as_python():
    found = candidates(TARGETS)
    assert {candidate.target.name for candidate in found} == {target.name for target in TARGETS}
    for candidate in found:
        if candidate.path.suffix == ".py":
            ast.parse(candidate.mutation.applied(candidate.path.read_bytes()))


def test_every_known_survivor_is_still_a_change_that_can_be_tried():
    possible = set()
    for candidate in candidates(TARGETS):
        change = change_of(candidate.file, candidate.path.read_bytes(), candidate.mutation)
        possible.add((candidate.path.name, change.before, change.after))
    assert set(known_survivors()) <= possible
