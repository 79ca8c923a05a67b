"""What a GPU may do otherwise: promises 14, 19 and 21 again, kept by a seeded model on one behind the whole site."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import torch
from fastapi.testclient import TestClient
from transformers import AutoModelForCausalLM, Gemma3TextConfig

from app.engine.network.cuda_graphs import CudaGraphs
from app.engine.network.model_runner import ModelRunner
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.contract import test_hostile_input
from tests.contract.test_hostile_input import assert_still_works
from tests.kit.program import program
from tests.kit.stream import ask
from tests.routes import test_completions
from tests.site import OneModel, browse
from tests.tiny_folder import save_tiny_model

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU with CUDA here")

CONTEXT_LENGTH = 1024

# asked of the model below, not of the scripted engine
test_the_edge_of_the_context_is_exact = test_hostile_input.test_the_edge_of_the_context_is_exact
test_an_id_outside_the_vocabulary_is_refused = test_hostile_input.test_an_id_outside_the_vocabulary_is_refused
test_every_number_stays_finite_at_the_edges = test_completions.test_every_number_stays_finite_at_the_edges


@pytest.fixture(scope="module")
def engine() -> Iterator[ThreadedEngine]:
    tokenizer = ByteTokenizer()
    config = Gemma3TextConfig(
        vocab_size=tokenizer.vocabulary_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=64,
        layer_types=["sliding_attention", "full_attention"],
        max_position_embeddings=CONTEXT_LENGTH,
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).cuda().eval()
    runner = ModelRunner(model, slots=4, context_length=CONTEXT_LENGTH, record=CudaGraphs())
    runner.warm_up()
    engine = ThreadedEngine(
        runner,
        tokenizer,
        name="on a GPU",
        description={"device": "cuda", "dtype": "bfloat16", "mode": "fast"},
        limits=EngineLimits(slots=4, queue=100, context_length=CONTEXT_LENGTH),
    )
    yield engine
    engine.close()


@pytest.fixture
def client(engine: ThreadedEngine) -> Iterator[TestClient]:
    with browse(create_app(Settings(engine="fake"), OneModel(engine))) as client:
        yield client


def test_too_little_memory_is_contained(http: httpx.Client, engine: ThreadedEngine, monkeypatch, figure):
    def greedy(_: object) -> None:
        torch.empty(1 << 44, dtype=torch.uint8, device="cuda")

    monkeypatch.setattr(engine.runner, "_recorded", None)
    monkeypatch.setattr(engine.runner, "_network", greedy)
    unread = {"prompt": "Nothing of this has been read before.", "max_tokens": 4}
    refused = http.post("/v1/completions", json=unread)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded_memory")
    monkeypatch.undo()
    started = time.monotonic()
    assert_still_works(http)
    figure(f"after too little memory the next request took {time.monotonic() - started:.2f} s")
    assert time.monotonic() - started < 2


ASSERTING = """
import itertools
import torch
from app.__main__ import main
from app.engine.network.model_runner import ModelRunner

passes, rows = itertools.count(), ModelRunner._rows

def asserting(runner, *results):
    if next(passes) == 40:
        torch.zeros(1, device="cuda")[torch.tensor([9], device="cuda")]
        torch.cuda.synchronize()
    return rows(runner, *results)

ModelRunner._rows = asserting
main()
"""


async def test_a_device_side_assertion_ends_the_program_for_its_supervisor(tmp_path: Path, figure):
    folder = save_tiny_model(tmp_path / "model")
    options = ("--model", str(folder), "--device", "cuda")
    with program(tmp_path / "run", *options, engine="local", altered=ASSERTING) as server:
        endless = {"prompt": "Once", "max_tokens": 55, "ignore_eos": True}
        reply = await ask(server.port, "/api/completions", endless)
        died = reply.events[-1].at
        assert reply.terminal == ["error"] and reply.error["code"] == "model_not_ready" and reply.tokens
        assert await asyncio.to_thread(server.process.wait, 20) == 1
        figure(f"a device-side assertion: exit code 1 after {time.monotonic() - died:.2f} s")
        assert time.monotonic() - died < 5
