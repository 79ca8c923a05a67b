"""Attention: what queries read of keys and values.

On a CPU it is spelled out in float32, in an order that depends neither on the rows beside a row nor on how
much of the cache is read for the longest of them; elsewhere it is torch's own.
"""

import torch
from torch import Tensor
from torch.nn import functional

# Values are summed up so many positions at a time: few enough that a processor's kernel goes through them one
# after the other, however many follow.
_POSITIONS = 128
_QUERIES = 4  # beside each other at least: fewer would be multiplied in another way


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Queries (B, H, T, D), keys and values (B, H, L, D), mask (B, 1, T, L) to add: (B, H, T, D).

    On a CPU keys, values and mask are float32.
    """
    queries = queries.to(keys.dtype)
    if keys.device.type != "cpu":
        return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, scale=scale)
    count = queries.shape[-2]
    if count < _QUERIES:
        queries, mask = (_filled_up(part, _QUERIES - count) for part in (queries, mask))
    if scale != 1.0:
        queries = queries * scale
    scores = torch.matmul(queries, keys.mT).add_(mask)
    # in float64, for the sum's order does not reach as far as the float32 that is kept
    weights = torch.softmax(scores, -1, dtype=torch.float64).float()
    if keys.shape[-2] <= _POSITIONS:
        attended = torch.matmul(weights, values)
    else:
        stretches = (torch.split(weights, _POSITIONS, -1), torch.split(values, _POSITIONS, -2))
        parts = zip(*stretches, strict=True)
        attended = torch.matmul(*next(parts))
        for part in parts:
            attended += torch.matmul(*part)
    return attended if count >= _QUERIES else attended[..., :count, :]


def _filled_up(rows: Tensor, count: int) -> Tensor:
    """Rows (..., T, W) and `count` times the last of them."""
    return torch.cat((rows, rows[..., -1:, :].expand(*rows.shape[:-2], count, -1)), -2)
