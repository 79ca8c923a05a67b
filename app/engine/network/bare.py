"""The model without a server: how fast its forward pass is, and how true its numbers are. For the bench."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM

from app.engine.network.devices import pick_device
from app.engine.network.runner import Chunk, Runner

_WARM_UP_STEPS = 3
_PARTS = {  # of a decode step, by the names of torch's operations
    "products in integers": ("onednn::qlinear",),
    "inputs in digits": ("aten::__rshift__", "aten::bitwise_and_"),
    "the likeliest logits again, from the weights": ("aten::index", "aten::topk", "aten::gather"),
    "other products with weights": (
        "aten::mm",
        "aten::addmm",
        "mkldnn::_linear_pointwise",
    ),  # fmt: skip
    "attention": ("aten::bmm", "aten::_softmax", "aten::_scaled_dot_product"),
}


def decode_seconds(runner: Runner, batch: int, *, context: int) -> Iterator[float]:
    """Seconds of pass after pass that gives `batch` sequences of `context` tokens one more, without end."""
    chunks = _next_tokens(runner, batch, context)
    while True:
        yield _timed(runner, chunks)


def prefill_seconds(runner: Runner, tokens: int, repeats: int) -> list[float]:
    """Seconds of passes that read a prompt of so many tokens."""
    prompt = _prompt(runner, tokens)
    times = [_timed(runner, [Chunk(0, prompt, 0, 1)]) for _ in range(1 + repeats)]
    return times[1:]


def step_parts(runner: Runner, batch: int, *, context: int, steps: int) -> dict[str, float]:
    """Seconds of one decode step by what they are spent on, as torch's profiler counts its own operations.

    The last part is what a draw wants to know of the logits where their entropy is not asked for: passes with
    it against passes without.
    """
    chunks = _next_tokens(runner, batch, context)
    drawn = [replace(chunk, temperature=0.8, entropy=False) for chunk in chunks]
    turns = [(_timed(runner, chunks), _timed(runner, drawn)) for _ in range(steps)]
    bare, summed = np.median(turns, axis=0).tolist()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(steps):
            runner.forward(chunks)
    spent = {event.key: event.self_cpu_time_total / steps / 1e6 for event in profiler.key_averages()}
    whole = sum(spent.values())  # longer than the pass without a profiler: only shares are taken from it
    parts = {
        part: bare / whole * sum(seconds for key, seconds in spent.items() if key.startswith(keys))
        for part, keys in _PARTS.items()
    }
    if any(parts.values()):
        parts["norms, rotations, cache, Python"] = bare - sum(parts.values())
    else:
        parts = {}  # a recorded step launches none of these by itself
    return parts | {"the forward pass": bare, "summed up for the draw": max(0.0, summed - bare)}


def _next_tokens(runner: Runner, batch: int, context: int) -> list[Chunk]:
    """A pass that gives each of `batch` sequences of `context` tokens one more, warmed up."""
    prompt = _prompt(runner, context)
    runner.forward([Chunk(slot, prompt, 0, 1) for slot in range(batch)])
    chunks = [Chunk(slot, prompt[-1:], context, 1) for slot in range(batch)]
    for _ in range(_WARM_UP_STEPS):
        runner.forward(chunks)
    return chunks


def _prompt(runner: Runner, tokens: int) -> NDArray[np.int32]:
    return np.arange(1, tokens + 1, dtype=np.int32) % runner.vocabulary_size


def _timed(runner: Runner, chunks: list[Chunk]) -> float:
    started = time.perf_counter()
    runner.forward(chunks)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


class PlainModel:
    """transformers' own forward pass, nothing of ours around it."""

    def __init__(self, folder: Path, dtype: str, device: str) -> None:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True
        )
        self._model = model.to(pick_device(device)).eval()

    @torch.inference_mode()
    def logprobs(self, token_ids: list[int]) -> NDArray[np.float32]:
        """Of the token after each position, shape (T, V), natural logarithm."""
        ids = torch.tensor([token_ids], device=self._model.device)
        logits = self._model(input_ids=ids, use_cache=False).logits[0]
        logprobs: NDArray[np.float32] = logits.float().log_softmax(-1).cpu().numpy()
        return logprobs


def divergences(reference: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """KL(reference || other) of each row, in nats, shape (T,)."""
    rows = zip(reference, other, strict=True)
    return np.array([float(np.dot(np.exp(p), p - q)) for p, q in rows])
