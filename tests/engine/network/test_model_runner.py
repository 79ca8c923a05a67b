"""Cached, batched and forked decoding, against one full forward pass and against transformers' own generate."""

import asyncio
import os
from copy import deepcopy

import numpy as np
import pytest
import torch
from transformers import LlamaConfig
from transformers.activations import NewGELUActivation

from app.engine import local
from app.engine.contract.outputs import Step
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.network.cuda_graphs import CudaGraphs
from app.engine.network.decoder import can_decode
from app.engine.network.kv_tensors import KeyValueCache
from app.engine.network.linear import can_pack
from app.engine.network.model_runner import ModelRunner
from app.engine.network.runner import Chunk, DeviceLost
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from tests.engine.conftest import ARCHITECTURES, CONTEXT_LENGTH, ByteVocabulary
from tests.tiny_folder import save_tiny_model

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU with CUDA here")
PROMPTS = [b"Once upon a time", b"The capital of France is", b"x", b"def main():\n    return 1"]


def start(model, slots=8, record=None):
    if record is CudaGraphs:
        model, record = deepcopy(model).cuda(), CudaGraphs()
    return ThreadedEngine(
        ModelRunner(model, slots=slots, context_length=CONTEXT_LENGTH, record=record),
        ByteVocabulary(),
        name="tiny",
        description={},
        limits=EngineLimits(slots=slots, context_length=CONTEXT_LENGTH),
    )


def again(run):
    """What stands in for a GPU's recorder: the same step at the same places, run again."""
    return run


@pytest.fixture(
    params=[
        pytest.param(None, id="each step anew"),
        pytest.param(again, id="recorded steps"),
        pytest.param(CudaGraphs, id="CUDA graphs", marks=needs_cuda),
    ]
)
def engine(tiny_model, request):
    engine = start(tiny_model, record=request.param)
    yield engine
    engine.close()


async def complete(engine, prompt, **params):
    request = GenerationRequest(tuple(prompt), SamplingParams(ignore_eos=True, **params))
    return [event async for event in engine.generate(request) if isinstance(event, Step)]


def full_pass(model, token_ids):
    """Log-probabilities of each next token from one uncached forward pass, shape (T, V)."""
    with torch.inference_mode():
        return model(torch.tensor([token_ids])).logits[0].log_softmax(-1).numpy()


async def test_greedy_text_equals_transformers_generate(engine, tiny_model):
    for prompt in PROMPTS:
        steps = await complete(engine, prompt, temperature=0, max_tokens=30)
        with torch.inference_mode():
            theirs = tiny_model.generate(
                torch.tensor([list(prompt)]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=30,
                min_new_tokens=30,
                do_sample=False,
                eos_token_id=None,
            )
        assert [step.token_id for step in steps] == theirs[0, len(prompt) :].tolist()


async def test_batched_and_cached_decoding_equals_one_full_forward_pass(engine, tiny_model):
    answers = await asyncio.gather(
        *(complete(engine, prompt, seed=i, max_tokens=40) for i, prompt in enumerate(PROMPTS * 3))
    )
    worst = 0.0
    for prompt, steps in zip(PROMPTS * 3, answers, strict=True):
        token_ids = [*prompt, *(step.token_id for step in steps)]
        logprobs = full_pass(tiny_model, token_ids)
        for step in steps:
            worst = max(worst, abs(step.raw_logprob - logprobs[step.position - 1, step.token_id]))
    assert worst <= 1e-4, worst


async def test_forked_continuations_equal_one_full_forward_pass(engine, tiny_model):
    prompt = PROMPTS[0]
    steps = await complete(engine, prompt, seed=7, n=6, max_tokens=20)
    texts = set()
    for sequence in range(6):
        mine = [step for step in steps if step.sequence == sequence]
        token_ids = [*prompt, *(step.token_id for step in mine)]
        logprobs = full_pass(tiny_model, token_ids)
        assert max(abs(s.raw_logprob - logprobs[s.position - 1, s.token_id]) for s in mine) <= 1e-4
        texts.add(tuple(token_ids))
    assert len(texts) > 1


async def test_a_long_prompt_read_in_chunks_equals_one_full_forward_pass(engine, tiny_model):
    prompt = bytes(range(33, 33 + 80))
    busy = asyncio.create_task(complete(engine, b"busy", seed=1, max_tokens=80))
    steps = await complete(engine, prompt, seed=2, max_tokens=10)
    await busy
    logprobs = full_pass(tiny_model, [*prompt, *(step.token_id for step in steps)])
    assert max(abs(s.raw_logprob - logprobs[s.position - 1, s.token_id]) for s in steps) <= 1e-4


async def test_a_reused_prefix_changes_nothing(engine):
    first = await complete(engine, PROMPTS[1], seed=3, max_tokens=12)
    again = await complete(engine, PROMPTS[1], seed=3, max_tokens=12)
    assert [s.token_id for s in first] == [s.token_id for s in again]
    assert max(abs(a.raw_logprob - b.raw_logprob) for a, b in zip(first, again, strict=True)) <= 1e-4


async def test_the_same_seed_gives_the_same_ids_alone_and_next_to_seven_others(engine):
    for seed in range(5):
        alone = await complete(engine, PROMPTS[0], seed=seed, max_tokens=40)
        crowd = await asyncio.gather(
            complete(engine, PROMPTS[0], seed=seed, max_tokens=40),
            *(complete(engine, PROMPTS[i % 4], seed=100 + i, max_tokens=40 - i) for i in range(7)),
        )
        assert [s.token_id for s in alone] == [s.token_id for s in crowd[0]]


async def test_summed_logprobs_equal_the_models_own_loss(engine, tiny_model):
    token_ids = list(b"It was the best of times, it was the worst of times")
    scores = await engine.score(token_ids)
    with torch.inference_mode():
        batch = torch.tensor([token_ids])
        loss = tiny_model(batch, labels=batch).loss.item()
    assert scores[0].raw_logprob is None
    assert abs(-sum(s.raw_logprob for s in scores[1:]) - loss * (len(token_ids) - 1)) <= 1e-4 * len(token_ids)


async def test_scores_know_rank_entropy_and_alternatives(engine, tiny_model):
    token_ids = list(b"hello")
    scores = await engine.score(token_ids, top=3)
    logprobs = full_pass(tiny_model, token_ids)
    for position, score in enumerate(scores[1:], start=1):
        row = logprobs[position - 1]
        assert score.rank == 1 + np.count_nonzero(row > row[score.token_id])
        assert score.entropy_bits == pytest.approx(-(np.exp(row) * row).sum() / np.log(2), abs=1e-3)
        assert [a.token_id for a in score.top] == np.argsort(-row, kind="stable")[:3].tolist()


async def test_next_token_is_the_whole_distribution(engine, tiny_model):
    logprobs = await engine.next_token(PROMPTS[1])
    assert logprobs.shape == (ByteVocabulary.vocabulary_size,)
    assert np.abs(logprobs - full_pass(tiny_model, list(PROMPTS[1]))[-1]).max() <= 1e-4


async def test_scores_from_the_middle_and_distributions_equal_the_full_pass(engine, tiny_model):
    token_ids = list(b"the answer comes at the end of a long prompt")
    logprobs = full_pass(tiny_model, token_ids)
    for _ in range(2):  # the second time the beginning comes from the cache
        scores = await engine.score(token_ids, start=30)
        assert [s.token_id for s in scores] == token_ids[30:]
        assert (
            max(abs(s.raw_logprob - logprobs[i - 1, token_ids[i]]) for i, s in enumerate(scores, 30)) <= 1e-4
        )
        rows = await engine.distributions(token_ids, start=40)
        assert rows.shape == (len(token_ids) - 40, ByteVocabulary.vocabulary_size)
        assert np.abs(rows - logprobs[40:]).max() <= 1e-4


async def test_in_bfloat16_logits_are_not_rounded_to_its_grid(build_model):
    engine = start(build_model("llama").bfloat16())
    logprobs = await engine.next_token(PROMPTS[0])
    engine.close()
    assert len(np.unique(logprobs)) == len(logprobs)


async def test_the_window_can_be_filled_to_the_last_token(engine, tiny_model):
    prompt = bytes(range(20, 20 + CONTEXT_LENGTH - 3))
    steps = await complete(engine, prompt, seed=1, max_tokens=50)
    assert len(steps) == 3
    assert steps[-1].finish_reason == "context-full"
    token_ids = [*prompt, *(s.token_id for s in steps)]
    logprobs = full_pass(tiny_model, token_ids)
    assert max(abs(s.raw_logprob - logprobs[s.position - 1, s.token_id]) for s in steps) <= 1e-4


def test_rotations_that_change_with_the_length_are_left_to_transformers():
    config = LlamaConfig(rope_parameters={"rope_type": "default", "rope_theta": 10_000.0})
    assert can_decode(config)
    config.rope_parameters = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}
    assert not can_decode(config)


def test_the_activation_of_gpt2_is_one_operation_and_the_same_numbers(build_model):
    theirs, ours = build_model("gpt2"), build_model("gpt2")
    runner = ModelRunner(ours, slots=1, context_length=CONTEXT_LENGTH)
    assert not [module for module in ours.modules() if isinstance(module, NewGELUActivation)]
    [prediction] = runner.forward([Chunk(0, np.frombuffer(PROMPTS[1], np.uint8).astype(np.int32), 0, 1)])
    with torch.inference_mode():
        logits = theirs(torch.tensor([list(PROMPTS[1])])).logits[0, -1].numpy()
    assert np.abs(prediction.logits[0] - logits).max() < 1e-5


def test_a_prompt_is_replayed_beside_those_who_write_and_many_prompts_are_one_pass(build_model):
    replays = 0

    def record(run):
        def replay():
            nonlocal replays
            replays += 1
            return run()

        return replay

    def forward(*chunks):
        return [prediction.distributions()[0].logprobs for prediction in runner.forward(chunks)]

    def chunk(slot, token_ids, past=0):
        return Chunk(slot, np.array(token_ids, np.int32), past, 1)

    model = build_model("llama")
    runner = ModelRunner(model, slots=9, context_length=CONTEXT_LENGTH, record=record)
    forward(chunk(0, [1, 2, 3]))
    assert replays == 1
    together = forward(chunk(0, [4], past=3), chunk(1, [5, 6]), chunk(2, [7, 8, 9]))
    assert replays == 4
    for logprobs, token_ids in zip(together, ([1, 2, 3, 4], [5, 6], [7, 8, 9]), strict=True):
        assert np.abs(logprobs - full_pass(model, token_ids)[-1]).max() <= 1e-4
    many = forward(*(chunk(slot, [slot, 8]) for slot in range(1, 9)))
    assert replays == 4
    for slot, logprobs in enumerate(many, start=1):
        assert np.abs(logprobs - full_pass(model, [slot, 8])[-1]).max() <= 1e-4


async def test_a_network_that_cannot_be_recorded_runs_all_the_same(build_model, caplog):
    def refuses(_):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    model = build_model("llama")
    runner = ModelRunner(model, slots=2, context_length=CONTEXT_LENGTH, record=refuses)
    runner.warm_up()
    assert "not permitted when stream is capturing" in caplog.text and "and more" not in caplog.text
    prompt = np.array([1, 2, 3], np.int32)
    runner.forward([Chunk(0, prompt, 0, 1)])
    [prediction] = runner.forward([Chunk(0, np.array([4], np.int32), 3, 1)])
    [distribution] = prediction.distributions()
    assert np.abs(distribution.logprobs - full_pass(model, [1, 2, 3, 4])[-1]).max() <= 1e-4


def test_a_small_gpu_has_a_shorter_context_and_not_none():
    per_position = 33 * 18_432  # bytes: 33 slots of Gemma 3 270M in bfloat16
    assert local.fitting_length(8_192, per_position, 24 * 10**9) == 8_192
    assert local.fitting_length(8_192, per_position, 4 * 10**9) == 4_096
    assert local.fitting_length(8_192, per_position, 1) == 512


def test_the_llama_family_takes_the_lean_path(build_model):
    families = {name: can_decode(build_model(name).config) for name in ARCHITECTURES}
    assert families == {"gpt2": False, "llama": True, "gemma3": True, "gpt_neox": False, "qwen3": True}


def test_what_is_forgotten_takes_no_memory_and_what_is_kept_stays():
    cache = KeyValueCache(2, 3, 2, 4_096, 8, dtype=torch.float32, device=torch.device("cpu"))
    for tensor in (*cache.keys, *cache.values):
        tensor.fill_(1.0)
    cache.forget(1, 300)
    for tensor in (*cache.keys, *cache.values):
        assert bool((tensor[[0, 2]] == 1).all() and (tensor[1, :, :300] == 1).all())
        assert bool((tensor[1, :, 500:-128] == 0).all())  # a page is 128 of these positions


def test_torch_is_told_of_huge_pages_and_to_keep_little_ready(tmp_path, monkeypatch):
    for name in ("THP_MEM_ALLOC_ENABLE", "LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    local.load(save_tiny_model(tmp_path), name="tiny", tokenizer=ByteVocabulary(), slots=1).close()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "1"
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) < 1_024
    assert os.environ["LRU_CACHE_CAPACITY"] == "7", "what someone set stays"


@pytest.mark.parametrize(
    ("error", "understood"),
    [
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), DeviceLost),
        (torch.AcceleratorError("HIP error: an illegal memory access was encountered"), DeviceLost),
        (RuntimeError("CUDA error: unspecified launch failure"), DeviceLost),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), torch.OutOfMemoryError),
        (torch.AcceleratorError("CUDA error: out of memory"), MemoryError),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] can't allocate memory"), RuntimeError),
        (RuntimeError("The size of tensor a (3) must match"), RuntimeError),
    ],
)
def test_what_an_accelerator_says_for_good_is_a_lost_device(build_model, error, understood):
    """No GPU here: what it would raise, where it would raise it."""

    def fails(*_):
        raise error

    runner = ModelRunner(build_model("gpt2"), slots=2, context_length=CONTEXT_LENGTH)
    runner._network = fails
    runner._cache.copy = runner._cache.swap = fails
    chunk = Chunk(0, np.zeros(3, np.int32), 0, 1)
    for call in (lambda: runner.forward([chunk]), lambda: runner.copy(0, 1, 3), lambda: runner.swap(0, 1, 3)):
        with pytest.raises(understood) as raised:
            call()
        assert type(raised.value) is understood


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_products_with_weights_are_packed_ones(name: str, build_model):
    runner = ModelRunner(build_model(name), slots=1, context_length=64)
    chunk = Chunk(0, np.ones(5, np.int32), 0, 1)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        runner.forward([chunk])
    calls = {event.key: event.count for event in profiler.key_averages()}
    packed, plain = calls.get("mkldnn::_linear_pointwise", 0), calls.get("aten::linear", 0)
    assert can_pack(torch.zeros(1)) == (packed >= 8), "four in each of two layers"
    assert plain <= 1 or not packed, "the output layer's"
