"""The browser's pipeline (static/js/base/distribution.js) against the server's, on the same 500 random settings."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.engine.contract.params import SamplingParams
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import probabilities, sample
from tests.engine.sampling.test_sampler import random_logits, random_params

CLI = Path(__file__).parents[2] / "js" / "pipeline_cli.mjs"
NODE = shutil.which("node")


def browser(logprobs: np.ndarray, settings: list[dict[str, float]], folder: Path) -> list[dict]:
    """What the browser computes for these settings."""
    file = folder / "logprobs.f32"
    file.write_bytes(logprobs.astype("<f4").tobytes())
    done = subprocess.run(
        [NODE, CLI, file], input=json.dumps(settings), capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="needs Node 20 or later on the PATH")
def test_the_browsers_pipeline_equals_pythons_on_500_random_settings(tmp_path):
    worst = 0.0
    for first in range(0, 500, 50):
        distribution = Distribution(random_logits(first // 50))
        settings = []
        for seed in range(first, first + 50):
            params = random_params(seed)
            names = ("temperature", "top_k", "top_p", "min_p")
            settings.append({name: getattr(params, name) for name in names} | {"u": dice.roll(seed, 0, 0)})
        for setting, answer in zip(settings, browser(distribution.logprobs, settings, tmp_path), strict=True):
            params = type(params)(**{name: setting[name] for name in names})
            expected = probabilities(distribution, params)
            theirs = np.zeros_like(expected)
            theirs[answer["ids"]] = answer["probabilities"]
            worst = max(worst, float(np.abs(theirs - expected)[answer["ids"]].max()))
            choice = sample(Distribution(distribution.logprobs), params, setting["u"])
            assert answer["drawn"] == choice.token_id, setting
            assert answer["kept"] == choice.kept, setting
            assert expected.sum() == pytest.approx(1, abs=1e-9)
    assert worst <= 1e-5, worst


@pytest.mark.skipif(NODE is None, reason="needs Node 20 or later on the PATH")
def test_on_an_exact_boundary_the_browser_decides_as_python_does(tmp_path):
    """Four tokens of a quarter each: every sum is exact, so nothing is decided by a rounding error."""
    distribution = Distribution(np.zeros(4, np.float32))
    settings = [
        {"temperature": 1.0, "top_k": top_k, "top_p": top_p, "min_p": min_p, "u": u}
        for top_k in (0, 2)
        for top_p in (0.25, 0.5, 0.75, 1.0)
        for min_p in (0.0, 1.0)
        for u in (0.0, 0.25, 0.5, 0.75)
    ]
    for setting, answer in zip(settings, browser(distribution.logprobs, settings, tmp_path), strict=True):
        params = SamplingParams(**{name: value for name, value in setting.items() if name != "u"})
        choice = sample(Distribution(np.zeros(4, np.float32)), params, setting["u"])
        assert (answer["kept"], answer["drawn"]) == (choice.kept, choice.token_id), setting
