"""The README does not drift from the code."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.bench import company
from app.bench.classroom import PATIENCE, READING_SPEED
from app.engine import cores
from app.engine.output_layer import LIKELIEST
from app.engine.recordings import WIDTHS
from app.engine.scheduler import CACHE_BYTES
from app.pages.registry import PAGES
from app.paths import MODELS, ROOT
from app.settings import DEFAULT_MODEL, Settings
from tests.engine.conftest import ARCHITECTURES

README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = README  # the page whose table has the settings and their defaults
PERFORMANCE = README  # the page that tells what was measured


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_lists_every_setting(name: str):
    rows = [line for line in SETTINGS.splitlines() if f"`PLAYGROUND_{name.upper()}`" in line]
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


def test_its_table_of_pages_is_the_registry():
    rows = [f"| {page.title} `{page.path}` | {page.sentence} |" for page in PAGES if not page.development]
    assert "\n".join(["| page | what happens there |", "| --- | --- |", *rows, ""]) in README


def default(name: str) -> str:
    """As the table writes it."""
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    match value:
        case SecretStr():
            return "random"
        case Path():
            return f"`{value.relative_to(ROOT).as_posix()}`"
        case bool():
            return f"`{str(value).lower()}`"
        case "":
            return ""
        case float():
            return f"`{value:g}`"
    return f"`{value}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_tells_each_settings_default(name: str):
    (row,) = re.findall(rf"^\| `{name}` \(.*$", SETTINGS, re.MULTILINE)
    assert row.split("|")[2].strip() == default(name)


def test_the_readme_tells_what_hosting_means():
    text = " ".join(README.split())
    assert (
        f"reading speed ({READING_SPEED:g} tokens a second) and its beginning within {PATIENCE:g} seconds"
        in text
    )


def test_the_readme_tells_how_much_the_first_start_fetches():
    manifest = tomllib.loads((MODELS / f"{DEFAULT_MODEL}.toml").read_text(encoding="utf-8"))
    assert f"fetches the model ({round(manifest['source']['bytes'] / 2**20, -1):.0f} MB)" in README


def test_the_readmes_request_is_answered(client: TestClient):
    (body,) = re.findall(r"-d '(\{.*\})'", README)
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
    text = " ".join(README.split())
    said = re.search(
        r"processors to (1e-\d) on (\d+) random settings, .* to (1e-\d) of one full forward pass on five",
        text,
    )
    tolerance, settings, drift = said.groups()
    sampler, runner, twin = map(source_of, ("test_sampler", "test_model_runner", "test_browser_twin"))
    assert f"range({settings})" in sampler and f"worst <= {tolerance}" in sampler
    assert drift in runner and len(ARCHITECTURES) == 5
    (browsers,) = re.findall(r"the browser's pipeline to (1e-\d) of Python's", text)
    assert f"range(0, {settings}, 50)" in twin and f"worst <= {browsers}" in twin


def test_the_readmes_fidelity_is_what_its_test_holds():
    """test_fast_path holds a bound with weights, and compares these very figures with what it measures."""
    bounds = [float(bound) for bound in re.findall(r"divergence <= ([\d.]+)", source_of("test_fast_path"))]
    assert len(bounds) == 2
    for figure, bound in zip(fidelity()[:2], bounds, strict=True):
        assert bound / 2 < figure <= bound


def fidelity() -> tuple[float, float, float, float]:
    """Mean KL in nats read at once and token by token, and how often the top token is the same."""
    said = re.search(
        r"Mean KL of the default path to float32 is ([\d.]+) nats over [\d,]+ tokens and ([\d.]+) token by token, "
        r"the top token the same in ([\d.]+) and ([\d.]+) %",
        " ".join(PERFORMANCE.split()),
    )
    at_once, stepwise, same, stepwise_same = map(float, said.groups())
    return at_once, stepwise, same / 100, stepwise_same / 100
