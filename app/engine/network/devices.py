"""On what the model runs, and in which number format."""

import os

import torch

from app.engine.network.cpu_features import has_fast_bfloat16
from app.errors import ModelUnavailable


def pick_device(device: str) -> torch.device:
    """`auto` takes CUDA, then Apple's GPU, then the CPU."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available.get(device, False):
        there = ", ".join(kind for kind, is_there in available.items() if is_there)
        raise ModelUnavailable(f"device {device} is not available on this machine; there is: {there}")
    return torch.device(device)


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """`auto` is bfloat16 where the hardware multiplies it natively, float32 where it would be emulated."""
    if dtype != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16() else torch.float32


def describe_device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"cpu": f"CPU, {os.cpu_count()} cores", "mps": "Apple GPU"}[device.type]
