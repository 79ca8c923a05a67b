"""What a decoder is made of: its configuration and its tensors, without transformers' own module for it.

Importing that module takes three times as long as reading the weights.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

EMBEDDING = "model.embed_tokens.weight"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model of the Llama family."""

    config: Any  # transformers'
    tensors: Mapping[str, Tensor]  # by the names that transformers' modules have

    @classmethod
    def of(cls, model: Any) -> "Checkpoint":
        """Of transformers' `model`, whose tensors it shares."""
        return cls(model.config, model.state_dict())

    @property
    def embedding(self) -> Tensor:
        """(V, W)."""
        return self.tensors[EMBEDDING]

    @property
    def output(self) -> Tensor:
        """The output layer's weight (V, W): often the embedding again."""
        return self.embedding if self.config.tie_word_embeddings else self.tensors["lm_head.weight"]

    @property
    def dtype(self) -> torch.dtype:
        return self.embedding.dtype

    @property
    def device(self) -> torch.device:
        return self.embedding.device


def read_checkpoint(folder: Path, config: Any, dtype: torch.dtype, device: torch.device) -> Checkpoint:
    """The safetensors files of `folder`. Raises what safetensors and the file system raise."""
    tensors: dict[str, Tensor] = {}
    for file in _files(folder):
        with safe_open(file, framework="pt") as opened:
            for name in list(opened.keys()):
                tensors[name] = opened.get_tensor(name).to(device, dtype)
    if device.type == "cpu":  # the others are copied as they are joined: then the file leaves the memory
        tensors[EMBEDDING] = tensors[EMBEDDING].clone()
    return Checkpoint(config, tensors)


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [folder / "model.safetensors"]
    names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return [folder / Path(name).name for name in sorted(names)]
