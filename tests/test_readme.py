"""The README and docs/ do not drift from the code."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.bench import company
from app.bench.classroom import PATIENCE, READING_SPEED
from app.engine.contract.params import JOBS_AT_ONCE
from app.engine.network.cuda_graphs import WIDTHS
from app.engine.network.output_layer import LIKELIEST
from app.engine.serving import cores
from app.engine.serving.scheduler import CACHE_BYTES
from app.engine.serving.threaded_engine import MAX_UNREAD
from app.experiments.shared_runs import KEPT_RUNS
from app.pages.presets import read_example
from app.pages.registry import PAGES
from app.paths import MODELS, ROOT
from app.settings import DEFAULT_MODEL, Settings, settings_table
from tests.engine.conftest import ARCHITECTURES

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
}
TOLD = "\n".join(PAPERS.values())


def test_the_readme_is_read_in_a_few_minutes():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_links_and_named_files_are_there(paper: Path):
    text = PAPERS[paper]
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (paper.parent / link).is_file(), link
    for path in re.findall(r"`((?:app|static|templates|tests)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_both_commands_pin_the_versions_that_figures_were_measured_with():
    commands = [line for line in README.splitlines() if "pip install" in line]
    assert len(commands) == 2 and all("-c constraints.txt" in command for command in commands)
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in constraints)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in constraints}
    named = {re.match(r"[\w-]+", name)[0].lower() for name in wanted} - {"pip"}
    assert named <= pinned


def test_the_settings_are_as_the_command_prints_them():
    assert settings_table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_readme_lists_no_setting_that_is_gone():
    named = set(re.findall(r"PLAYGROUND_([A-Z_]+[A-Z])", TOLD))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_readme_tells_how_much_the_prefix_cache_keeps():
    assert f"keep at most {CACHE_BYTES // 2**20} MB" in " ".join(TOLD.split())


def test_the_architecture_tells_how_much_its_queues_hold():
    text = PAPERS[ROOT / "docs" / "architecture.md"]
    assert f"| keeps {KEPT_RUNS} runs; " in text
    assert f"| {JOBS_AT_ONCE} questions of one experiment at the engine |" in text
    assert f"| {MAX_UNREAD} events of one request that its reader has not taken |" in text


def test_the_readme_tells_when_the_model_leaves_a_core():
    text = " ".join(TOLD.split())
    assert f"A program that uses more than {cores._LEAVE} of a core is left one" in text
    assert f"when the use falls below {cores._TAKE_BACK}." in text
    assert cores._LOOK_SECONDS == 1 / 4  # "four times a second"
    settled = [company._SETTLE_SECONDS[phase] for phase in ("beside one", "beside two", "afterwards")]
    assert settled == [2, 2, 3]
    assert "that start 2 seconds before, and 3 seconds after their end" in text


def test_the_readme_tells_how_many_likeliest_tokens_are_computed_again():
    assert f"the {LIKELIEST} likeliest logits of each row again, by the weights" in TOLD


def test_the_readme_tells_how_much_of_a_prompt_a_gpu_reads_at_once():
    *others, most = WIDTHS
    assert f"the next {', '.join(map(str, others))} or {most} tokens of one prompt" in " ".join(TOLD.split())


def test_its_table_of_pages_is_of_the_registry_and_has_every_chapter():
    rows = {f"| {page.title} `{page.path}` | {page.sentence} |": page for page in PAGES}
    table = README.split("| page | what happens there |\n| --- | --- |\n")[1].split("\n\n")[0].splitlines()
    assert [row for row in table if row not in rows] == []
    assert [page.name for row, page in rows.items() if page.chapter and row not in table] == []


def test_the_readme_tells_what_hosting_means():
    text = " ".join(TOLD.split())
    assert (
        f"reading speed ({READING_SPEED:g} tokens a second) and its beginning within {PATIENCE:g} seconds"
        in text
    )


def test_the_readme_tells_how_much_the_first_start_fetches():
    manifest = tomllib.loads((MODELS / f"{DEFAULT_MODEL}.toml").read_text(encoding="utf-8"))
    assert f"270M, base; {round(manifest['source']['bytes'] / 2**20, -1):.0f} MB)" in TOLD


def test_the_readmes_request_is_answered(client: TestClient):
    (body,) = re.findall(r"-d '(\{.*\})'", TOLD)
    request = json.loads(body)
    assert request["model"] == DEFAULT_MODEL
    reply = client.post("/v1/completions", json=request | {"model": "fake"})
    assert reply.status_code == 200
    assert reply.json()["usage"]["completion_tokens"] == request["max_tokens"]


def source_of(test: str) -> str:
    """Of a test file, wherever it lies."""
    (path,) = (ROOT / "tests").rglob(f"{test}.py")
    return path.read_text(encoding="utf-8")


def test_the_readmes_proofs_are_as_strict_as_it_says():
    text = " ".join(TOLD.split())
    said = re.search(
        r"processors to (1e-\d) on (\d+) random settings; .* to (1e-\d) of one full forward pass on five",
        text,
    )
    tolerance, settings, drift = said.groups()
    sampler, runner, twin = map(source_of, ("test_sampler", "test_model_runner", "test_browser_twin"))
    assert f"range({settings})" in sampler and f"worst <= {tolerance}" in sampler
    assert drift in runner and len(ARCHITECTURES) == 5
    (browsers,) = re.findall(r"browser's pipeline agrees with Python's to (1e-\d)", text)
    assert f"range(0, {settings}, 50)" in twin and f"worst <= {browsers}" in twin


def test_the_readmes_fidelity_is_what_its_test_holds():
    """test_fast_path holds a bound with weights, and compares these very figures with what it measures."""
    bounds = [float(bound) for bound in re.findall(r"divergence <= ([\d.]+)", source_of("test_fast_path"))]
    assert len(bounds) == 2
    for figure, bound in zip(fidelity()[:2], bounds, strict=True):
        assert bound / 2 < figure <= bound


def fidelity() -> tuple[float, float, float, float]:
    """Mean KL in nats read at once and token by token, and how often the top token is the same."""
    said = re.search(r"\| default path \| ([\d.]+) \| ([\d.]+) \| ([\d.]+)% \| ([\d.]+)% \|", TOLD)
    at_once, stepwise, same, stepwise_same = map(float, said.groups())
    return at_once, stepwise, same / 100, stepwise_same / 100


def test_the_readme_opens_with_what_the_model_says():
    shown = read_example("home")["en"]
    assert (shown["prompt"], bytes.fromhex(shown["top"][0]["bytes"])) == ("The capital of France is", b" the")
    (paris,) = (row["p"] for row in shown["top"] if bytes.fromhex(row["bytes"]) == b" Paris")
    assert 'Paris gets nine percent. The likeliest next word is "the".' in README and round(paris * 100) == 9
