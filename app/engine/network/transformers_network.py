"""Other decoders, through transformers' own modules, of which some are exchanged for faster equals.

They must take a cache, explicit positions and a prepared mask; GPT-2 and GPT-NeoX are tested.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from app.engine.network.attention import attend
from app.engine.network.decoder import Segment
from app.engine.network.integer_linear import IntegerLinear
from app.engine.network.linear import Linear, PackedLinear, can_pack

_ATTENTION = "playground"  # what transformers calls ours


class TransformersNetwork:
    """Segments to their tokens' hidden states (N, W), one segment after the other."""

    def __init__(self, model: Any, *, named_masks: bool, integers: bool = False) -> None:
        """`integers`: products with weights are computed in them, of a float32 `model` on a CPU."""
        self._model, self._named_masks = model.base_model, named_masks
        for module in list(self._model.modules()):
            for name, child in module.named_children():
                setattr(module, name, _faster(child, integers))
        if model.device.type == "cpu":
            AttentionInterface.register(_ATTENTION, _attend)
            model.config.get_text_config()._attn_implementation = _ATTENTION

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
        return self._product(x.flatten(0, -2)).view(*x.shape[:-1], -1)


def _faster(module: Any, integers: bool) -> Any:
    """A module that computes the same, or the module itself."""
    kind = type(module).__name__
    if kind == "NewGELUActivation":  # GPT-2's is eight operations for what is one of torch's
        return torch.nn.GELU("tanh")
    if kind in ("Linear", "Conv1D") and (integers or can_pack(module.weight)):
        weight = module.weight.T if kind == "Conv1D" else module.weight
        return _Product((IntegerLinear if integers else PackedLinear)(weight.detach(), module.bias))
    return module


def _attend(
    module: Any,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """As transformers wants it: queries (B, H, T, D) to what they read (B, T, H, D), and no weights."""
    if mask is None:  # who calls the model by itself
        return sdpa_attention_forward(module, queries, keys, values, mask, scaling=scaling, **others)
    sharing = queries.shape[1] // keys.shape[1]
    if sharing > 1:
        keys, values = (part.repeat_interleave(sharing, 1) for part in (keys, values))
    scale = queries.shape[-1] ** -0.5 if scaling is None else scaling
    return attend(queries, keys, values, mask, scale).to(queries.dtype).transpose(1, 2), None
