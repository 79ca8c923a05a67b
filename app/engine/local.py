"""Load a model folder and run it here. Importing this module imports torch."""

import logging
import os
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig

from app.engine.contract.interface import Vocabulary
from app.engine.network.checkpoint import read_checkpoint
from app.engine.network.cuda_graphs import CudaGraphs
from app.engine.network.decoder import can_decode
from app.engine.network.devices import describe_device, pick_device, pick_dtype
from app.engine.network.integer_linear import digits_are_multiplied_exactly
from app.engine.network.model_runner import ModelRunner, kv_bytes_per_token
from app.engine.serving.brief_thread import brief_thread
from app.engine.serving.cores import CoreWatch
from app.engine.serving.freed_memory import give_back_freed_memory
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine
from app.errors import ModelUnavailable

_TORCH_READS = {  # from the environment, when first needed
    "THP_MEM_ALLOC_ENABLE": "1",  # huge pages: weights stream faster through them
    # what oneDNN keeps ready for each number of rows it has met: by default, 250 MB after 500 requests
    "LRU_CACHE_CAPACITY": "64",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128",
}

_SHORTEST_CONTEXT = 512  # where a GPU is too small for more


@brief_thread
def load(
    folder: Path,
    *,
    name: str,
    tokenizer: Vocabulary,
    device: str = "auto",
    dtype: str = "auto",
    exact: bool = False,
    slots: int = 32,
    queue: int = 200,
    context_length: int = 8192,
    deadline_seconds: float = 300.0,
    teacher_slots: int = 0,
    cores: CoreWatch | None = None,
) -> ThreadedEngine:
    """The engine for the safetensors model in `folder`. Raises ModelUnavailable where it cannot be loaded."""
    for setting, value in _TORCH_READS.items():
        os.environ.setdefault(setting, value)
    place = pick_device(device)
    integers = dtype == "auto" and not exact and place.type == "cpu" and digits_are_multiplied_exactly()
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if integers:  # of what is not multiplied with weights, our decoder keeps the sums in float32 itself
            number_format = torch.bfloat16 if can_decode(config) else torch.float32
        else:
            number_format = torch.float32 if exact else pick_dtype(dtype, place)
        before = _memory_in_use(place)  # with every library that the configuration needs
        model = _read(folder, config, number_format, place)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise _damaged(name, error) from error
    weights = _memory_in_use(place) - before
    length = min(context_length, context_limit(model.config))
    record = None
    if place.type == "cuda":
        torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew, for long, at every length of text
        needed = (slots + teacher_slots) * kv_bytes_per_token(model.config.get_text_config(), number_format)
        length = fitting_length(length, needed, torch.cuda.mem_get_info(place)[0])
        record = CudaGraphs()
    try:
        runner = ModelRunner(
            model, slots=slots + teacher_slots, context_length=length, integers=integers, record=record
        )
    except KeyError as error:  # a tensor that is not there
        raise _damaged(name, error) from error
    runner.warm_up()
    del model
    if place.type == "cpu":  # weights are laid out anew, and an empty cache takes nothing; elsewhere it does
        weights = _memory_in_use(place) - before
    return ThreadedEngine(
        runner,
        tokenizer,
        name=name,
        description={
            "device": describe_device(place),
            "dtype": "int8" if integers else str(number_format).removeprefix("torch."),
            "mode": "exact" if number_format is torch.float32 and not integers else "fast",
            "numerics": "same" if integers else "varies",
        },
        limits=EngineLimits(slots, queue, length, deadline_seconds, teacher_slots),
        cores=cores,
        memory_bytes=max(0, weights),  # another engine may have given more back meanwhile
    )


def _memory_in_use(device: torch.device) -> int:
    """Bytes that this process has of the device's memory."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return torch.mps.current_allocated_memory()
    give_back_freed_memory()
    in_use: int = psutil.Process().memory_info().rss
    return in_use


def _damaged(name: str, error: Exception) -> ModelUnavailable:
    logging.getLogger(__name__).warning("loading %s failed: %s", name, error)
    return ModelUnavailable(
        f"{name} could not be loaded: its files are damaged or of an unknown kind; fetch it again"
    )


def _read(folder: Path, config: Any, dtype: torch.dtype, device: torch.device) -> Any:
    """A `Checkpoint` where the lean decoder runs it, else transformers' model."""
    if can_decode(config):
        return read_checkpoint(folder, config, dtype, device)
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True, attn_implementation="sdpa"
    )
    return model.to(device).eval()


def context_limit(config: transformers.PreTrainedConfig) -> int:
    """Most positions the architecture can address."""
    limit: int = getattr(config.get_text_config(), "max_position_embeddings", 1024)  # GPT-2's n_positions too
    return limit


def fitting_length(length: int, bytes_per_position: int, free: int) -> int:
    """The context length, halved until the cache leaves a third of a GPU's `free` bytes to everything else.

    A CPU's cache takes memory as it is written, a GPU's takes all of it at once.
    """
    while length > _SHORTEST_CONTEXT and length * bytes_per_position > free * 2 // 3:
        length //= 2
    return length
