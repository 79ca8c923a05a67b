"""The README does not drift from the code."""

import re

import pytest

from app.bench import company
from app.engine.network.cuda_graphs import WIDTHS
from app.engine.network.output_layer import LIKELIEST
from app.engine.serving import cores
from app.engine.serving.scheduler import CACHE_BYTES
from app.pages.registry import PAGES
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


def test_the_readme_tells_how_much_the_prefix_cache_keeps():
    assert f"keep at most {CACHE_BYTES // 2**20} MB" in " ".join(README.split())


def test_the_readme_tells_when_the_model_leaves_a_core():
    text = " ".join(README.split())
    assert f"A program that uses more than {cores._LEAVE} of a core is left one" in text
    assert f"when the use falls below {cores._TAKE_BACK}." in text
    assert cores._LOOK_SECONDS == 1 / 4  # "four times a second"
    settled = [company._SETTLE_SECONDS[phase] for phase in ("beside one", "beside two", "afterwards")]
    assert settled == [2, 2, 3]
    assert "that start 2 seconds before, and 3 seconds after their end" in text


def test_the_readme_tells_how_many_likeliest_tokens_are_computed_again():
    assert f"the {LIKELIEST} likeliest logits of each row again, by the weights" in README


def test_the_readme_tells_how_much_of_a_prompt_a_gpu_reads_at_once():
    *others, most = WIDTHS
    assert f"the next {', '.join(map(str, others))} or {most} tokens of one prompt" in " ".join(
        README.split()
    )


def test_its_table_of_pages_is_of_the_registry_and_has_every_chapter():
    rows = {f"| {page.title} `{page.path}` | {page.sentence} |": page for page in PAGES}
    table = README.split("| page | what happens there |\n| --- | --- |\n")[1].split("\n\n")[0].splitlines()
    assert [row for row in table if row not in rows] == []
    assert [page.name for row, page in rows.items() if page.chapter and row not in table] == []
