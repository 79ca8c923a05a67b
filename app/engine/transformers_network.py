"""Other decoders, through transformers' own modules, of which some are exchanged for faster equals.

They must take a cache, explicit positions and a prepared mask; GPT-2 and GPT-NeoX are tested.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from app.engine.decoder import Segment
from app.engine.linear import Linear, PackedLinear, can_pack


class TransformersNetwork:
    """Segments to their tokens' hidden states (N, W), one segment after the other."""

    def __init__(self, model: Any, *, named_masks: bool) -> None:
        self._model, self._named_masks = model.base_model, named_masks
        for module in list(self._model.modules()):
            for name, child in module.named_children():
                setattr(module, name, _faster(child))

    def __call__(self, segments: Sequence[Segment]) -> Tensor:
        return torch.cat([self._hidden(segment).flatten(0, 1) for segment in segments])

    def _hidden(self, segment: Segment) -> Tensor:
        hidden: Tensor = self._model(
            input_ids=segment.token_ids,
            attention_mask=dict(segment.masks) if self._named_masks else segment.masks["full_attention"],
            position_ids=segment.positions,
            cache=segment.cache,
            use_cache=True,
        ).last_hidden_state
        return hidden


class _Product(torch.nn.Module):
    """A module's product with its weight, done faster."""

    def __init__(self, product: Linear) -> None:
        super().__init__()
        self._product = product

    def forward(self, x: Tensor) -> Tensor:
        return self._product(x)


def _faster(module: Any) -> Any:
    """A module that computes the same, or the module itself."""
    kind = type(module).__name__
    if kind == "NewGELUActivation":  # GPT-2's is eight operations for what is one of torch's
        return torch.nn.GELU("tanh")
    if kind in ("Linear", "Conv1D") and can_pack(module.weight):
        weight = module.weight.T if kind == "Conv1D" else module.weight
        return _Product(PackedLinear(weight.detach(), module.bias))
    return module
