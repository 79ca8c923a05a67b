"""What is measured on the model itself, on a tiny real one."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.bench.bare_model import bare_model
from app.bench.endpoint import ServerFailed
from app.bench.model_process import Order, measure
from app.engine.network.bare import divergences
from tests.tiny_folder import save_tiny_model


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def order(folder: Path, **others) -> Order:
    fields = {
        "folder": str(folder),
        "name": "tiny",
        "device": "cpu",
        "dtype": "auto",
        "exact": True,
        "slots": 4,
        "context_length": 64,
        "tasks": ("prefill", "step", "fidelity"),
        "batches": (1, 4, 8),
        "prompt_tokens": 128,
        "passes": 2,
        "fidelity_tokens": 150,
    }
    return Order(**(fields | others))


def test_the_exact_path_is_float32_and_bfloat16_is_not(tiny_folder: Path):
    told = {}
    measure(order(tiny_folder), told.__setitem__)
    assert told["bare_prefill"].tokens == 62, "the model reads 64"
    step = told["step"]
    assert step.batches == (1, 4)
    *parts, whole, summed = step.seconds.values()
    for number in range(2):
        assert sum(part[number] for part in parts) == pytest.approx(whole[number])
        assert 0 <= summed[number] and 0 < whole[number] < 1
    fidelity = told["fidelity"]
    assert fidelity.tokens == 150
    assert fidelity.stepwise_tokens == 12
    assert abs(fidelity.divergence) < 1e-6
    assert abs(fidelity.stepwise_divergence) < 1e-6
    assert fidelity.same_top == fidelity.stepwise_same_top == 1.0
    assert fidelity.bfloat16_divergence > 1e-8


def test_it_tells_a_line_of_json_for_each(tiny_folder: Path):
    argument = order(tiny_folder, tasks=("prefill",)).as_argument()
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.model_process", argument],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (told,) = map(json.loads, done.stdout.splitlines())
    assert told["name"] == "bare_prefill"
    assert told["measurement"]["seconds"] > 0


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.model_process", order(tmp_path).as_argument()],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "has no tokenizer.json" in done.stderr


async def test_the_bare_model_computes_when_it_is_asked_to(tiny_folder: Path):
    async with bare_model(order(tiny_folder, tasks=("bare",))) as bare:
        assert bare.context == 62, "the model reads 64"
        assert await bare.round(1) > 0
        assert await bare.round(4) > 0
        bare.child.process.kill()
        with pytest.raises(ServerFailed, match="the bare forward pass ended"):
            await bare.round(1)


async def test_a_bare_model_that_cannot_be_loaded_says_so(tmp_path: Path):
    with pytest.raises(ServerFailed, match="the bare forward pass ended: "):
        async with bare_model(order(tmp_path, tasks=("bare",))):
            pass


def test_the_divergence_is_of_the_reference_from_the_other():
    """KL(p || q) of (1/2, 1/2) and (1/4, 3/4) is log 2 - log(3) / 2; the other way round it is another number."""
    even, uneven = (np.log(np.array([row], np.float32)) for row in ((0.5, 0.5), (0.25, 0.75)))
    assert divergences(even, uneven) == pytest.approx([math.log(2) - math.log(3) / 2], abs=1e-6)
    assert divergences(uneven, even) == pytest.approx([0.75 * math.log(3) - math.log(2)], abs=1e-6)
