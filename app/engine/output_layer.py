"""The output layer: hidden states (N, W) to logits (N, V) float32.

bfloat16 results would not do: it keeps 8 bits, so logits around 20 come in steps of 0.125, and whole groups
of tokens would tie, which top-k would have to keep.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from app.engine.linear import Int8Linear, PlainLinear

OutputLayer = Callable[[Tensor], Tensor]

CANDIDATES = 128  # tokens a row whose logits are computed twice
_BLOCK = 64  # tokens that are represented by their likeliest while candidates are looked for


def plain_output_layer(layer: torch.nn.Linear) -> OutputLayer:
    """In float32 on a CPU, at about the speed of bfloat16; in the weights' own format elsewhere."""
    if layer.weight.device.type != "cpu":
        return lambda hidden: layer(hidden.to(layer.weight.dtype)).float()
    bias = None if layer.bias is None else layer.bias.float()
    return PlainLinear(layer.weight.float(), bias)


class Int8OutputLayer:
    """8-bit integers find the likeliest tokens; the weights themselves say how likely these are.

    With 262,144 tokens this layer is most of a small model, and the error of 8 bits matters only where
    there is probability: the `CANDIDATES` likeliest of each row are computed again from the weights, which
    are there anyway where input and output share them.
    """

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight  # (V, W)
        self._coarse = Int8Linear(weight)

    def __call__(self, hidden: Tensor) -> Tensor:
        logits = self._coarse(hidden)
        candidates = likeliest(logits, CANDIDATES)  # (N, K)
        rows = self._weight[candidates].float()  # (N, K, W)
        exact = torch.bmm(rows, hidden.float()[:, :, None])[..., 0]
        return logits.scatter_(1, candidates, exact)


def likeliest(logits: Tensor, count: int) -> Tensor:
    """Ids (N, count) of the highest logits (N, V), in no order.

    The `count` best tokens lie in the `count` best blocks, so only those are looked through.
    """
    size = logits.shape[-1]
    if size % _BLOCK or size < 2 * count * _BLOCK:
        return logits.topk(min(count, size), sorted=False).indices
    blocks = logits.view(len(logits), -1, _BLOCK)
    best = blocks.amax(-1).topk(count, sorted=False).indices  # (N, count)
    inside = torch.arange(_BLOCK, device=logits.device)
    ids = (best[..., None] * _BLOCK + inside).flatten(1)  # (N, count * block)
    return ids.gather(1, logits.gather(1, ids).topk(count, sorted=False).indices)
