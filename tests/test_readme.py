"""The README does not drift from the code."""

import re

import pytest

from app.paths import ROOT
from app.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_lists_every_setting(name: str):
    rows = [line for line in README.splitlines() if f"`PLAYGROUND_{name.upper()}`" in line]
    assert len(rows) == 1, f"one row of README.md names PLAYGROUND_{name.upper()}"
    assert f"`{name}`" in rows[0]


def test_the_readme_lists_no_setting_that_is_gone():
    named = set(re.findall(r"PLAYGROUND_([A-Z_]+[A-Z])", README))
    assert named == {name.upper() for name in Settings.model_fields}
