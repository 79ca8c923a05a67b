"""With the cable pulled: the real model loads, every page is whole, every demonstration runs. Promise 38."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from app.checkpoints.manifests import read_catalog
from app.checkpoints.store import have
from app.pages.experiments import EXPERIMENTS
from app.pages.presets import read_presets
from app.pages.registry import PAGES, WITH_PRESETS
from app.paths import MODELS, ROOT
from app.settings import Settings
from tests.kit.cable_pulled import without_network
from tests.kit.program import program
from tests.kit.rounds import rounds

_LINKED = re.compile(r'(?:src|href)="(/static/[^"#?]+)"')
_IMPORTED = re.compile(r'"(/static/[^"]+\.js)"')


@pytest.mark.weights
def test_everything_works_with_no_network_at_all(default_model: Path, figure):
    done = without_network(
        sys.executable, "-m", "tests.contract.test_cable_pulled", str(default_model), folder=ROOT
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    figure(done.stdout.strip())


def visit(http: httpx.Client) -> int:
    """How many pages and files there are; each is answered, whole."""
    files = set()
    pages = [page for page in PAGES if not page.development]
    for page in pages:
        for language in ("en", "zh-CN"):
            reply = http.get(page.path, params={"lang": language})
            assert reply.status_code == 200, page.path
            files.update(_LINKED.findall(reply.text), _IMPORTED.findall(reply.text))
    for file in sorted(files):
        assert http.get(file).status_code == 200, file
    assert len(files) > 50
    return len(pages) * 2 + len(files)


def demonstrate(http: httpx.Client, settings: Settings) -> int:
    """How many presets were run anew: one of every experiment, or all; without those of a model not fetched."""
    presets = [preset for behaviour in WITH_PRESETS for preset in read_presets(behaviour)]
    catalog = read_catalog(MODELS)
    demonstrated = Counter[str]()
    for preset in presets:
        model = EXPERIMENTS[preset.experiment].model
        if model is not None and not have(catalog[model], settings.weights_dir):
            continue
        if demonstrated[preset.experiment] >= rounds(1, len(presets)):
            continue
        reply = http.post(f"/api/experiments/{preset.experiment}", json=preset.request)
        events = re.findall(r"^event: (\S+)", reply.text, re.M)
        assert events[-1:] == ["done"] and len(events) > 1, (preset.id, reply.text[-300:])
        demonstrated[preset.experiment] += 1
    return demonstrated.total()


def main(weights: Path, folder: Path) -> None:
    settings = Settings(weights_dir=weights.parent)
    with program(folder, engine="local", weights_dir=weights.parent) as server:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=120) as http:
            pages, presets = visit(http), demonstrate(http, settings)
            written = http.post("/v1/completions", json={"prompt": "Once", "max_tokens": 5}).json()
            assert written["usage"]["completion_tokens"] == 5
        assert "Traceback" not in server.output(), json.dumps(server.output()[-2000:])
    sys.stdout.write(f"{pages} pages and files whole, {presets} presets run to their end, without a network")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1]), Path(temporary))
