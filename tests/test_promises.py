"""The table of promises in docs/promises.md: forty rows, and every test it names is there."""

import re

import pytest

from app.paths import ROOT

ROWS = re.findall(
    r"^\| (\d+) \|([^|]*)\|([^|]*)\|([^|]*)\|$",
    (ROOT / "docs" / "promises.md").read_text(encoding="utf-8"),
    re.M,
)


def test_forty_promises_are_listed():
    assert [int(number) for number, *_ in ROWS] == list(range(1, 41))


@pytest.mark.parametrize(("number", "promise", "kept_by", "measured"), ROWS)
def test_each_promise_names_tests_that_exist(number: str, promise: str, kept_by: str, measured: str):
    assert promise.strip()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", kept_by)
    assert named
    assert measured.strip()
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^((async )?def {name}\(|{name} = )", source, re.M), f"{path} has no {name}"
