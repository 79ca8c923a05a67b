"""Products with the model's weights in 8 or 4 bits, on a CPU.

Eight bits halve what one row has to read, four bits quarter it; on a CPU with integer dot products (VNNI)
eight make many rows several times faster.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

MANY_ROWS = 4  # from here on multiplying outweighs reading
_AT_ONCE = 2**19  # weights while they are quantised: what lies between stays in the processor's cache
_TILE = 64  # rows that lie together in torch's 4-bit layout
_GROUPS = (256, 128, 64, 32)  # weights that can share a scale in torch's 4-bit product


class Int8Linear:
    """Weights in 8 bits, a scale for each output; inputs in 8 bits, a scale for each row; float32 out.

    One scale a row keeps a row's result independent of what else is in the batch, and outliers of one
    sequence out of the others. oneDNN computes unsigned times signed, so inputs are shifted by 128.
    """

    def __init__(self, weight: Tensor) -> None:
        quantised, self._scales = quantise(weight)
        self._packed = torch.ops.onednn.qlinear_prepack(quantised, None)
        self._zeros = torch.zeros(len(self._scales), dtype=torch.int64)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.float().flatten(0, -2)  # (N, in)
        scale = rows.abs().amax(-1, keepdim=True).clamp_(min=1e-12).div_(127)
        integers = (rows / scale).round_().add_(128).to(torch.uint8)
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            integers, 1.0, 128, self._packed, self._scales, self._zeros,
            None, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return product.mul_(scale).view(*x.shape[:-1], -1)


class Int8WeightLinear:
    """Weights in 8 bits, a scale for up to 256 of an output's; inputs as they are. For few rows.

    Each weight is 16 * high + low, side by side in a 4-bit product with the inputs twice: of torch's products
    for one row the one that reads memory fastest.
    """

    def __init__(self, weight: Tensor) -> None:
        """`can_halve` must hold of the weight."""
        out, width = weight.shape
        self._group = next(size for size in _GROUPS if width % size == 0)
        self._packed = torch.empty(out, width, dtype=torch.uint8)
        self._scales = torch.empty(2 * width // self._group, out, 2, dtype=torch.bfloat16)
        quantised, scales = quantise(weight.reshape(-1, self._group), torch.bfloat16)
        scale = scales.view(out, -1).T
        high, low = self._scales.chunk(2)
        high[..., 0], low[..., 0], high[..., 1], low[..., 1] = 16 * scale, scale, 0, 8 * scale
        room = torch.empty(min(out, _rows_at_once(width)), 2 * width, dtype=torch.int32)
        for integers, packed in _in_pieces(quantised.view(out, width), self._packed):
            halves = room[: len(integers)]
            high, low = halves.chunk(2, 1)
            low.copy_(integers).add_(128)
            torch.bitwise_right_shift(low, 4, out=high)
            low.bitwise_and_(15)
            packed.copy_(_pack(halves))

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.to(torch.bfloat16).flatten(0, -2)  # (N, in)
        twice = torch.cat((rows, rows), 1)
        product = torch._weight_int4pack_mm_for_cpu(twice, self._packed, self._group, self._scales)
        return product.view(*x.shape[:-1], -1)


class Int4WeightLinear:
    """Weights in 4 bits, a scale and a zero for every 32 of an output's; inputs as they are. For few rows."""

    def __init__(self, weight: Tensor) -> None:
        """`can_halve` must hold of the weight."""
        out, width = weight.shape
        self._packed = torch.empty(out, width // 2, dtype=torch.uint8)
        self._scales = torch.empty(width // _GROUPS[-1], out, 2, dtype=torch.bfloat16)
        shape = (min(out, _rows_at_once(width)), width // _GROUPS[-1], _GROUPS[-1])
        values, integers = torch.empty(shape), torch.empty(shape, dtype=torch.int32)
        for rows, packed, scales in _in_pieces(weight, self._packed, self._scales.transpose(0, 1)):
            groups = values[: len(rows)].copy_(rows.view(len(rows), *shape[1:]))  # (R, in / 32, 32)
            lowest = groups.amin(-1)
            scales[..., 0] = (groups.amax(-1) - lowest).div_(15).clamp_(min=1e-12)
            scales[..., 1] = lowest + 8 * scales[..., 0].float()
            scale, zero = scales.float()[..., None].unbind(-2)
            groups.sub_(zero).div_(scale).round_().add_(8).clamp_(0, 15)
            packed.copy_(_pack(integers[: len(rows)].copy_(groups).flatten(1)))

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.to(torch.bfloat16).flatten(0, -2)  # (N, in)
        product = torch._weight_int4pack_mm_for_cpu(rows, self._packed, _GROUPS[-1], self._scales)
        return product.view(*x.shape[:-1], -1)


def can_halve(weight: Tensor) -> bool:
    """Whether torch's 4-bit product takes a weight (out, in) of this shape."""
    return weight.shape[0] % 16 == 0 and weight.shape[1] % _GROUPS[-1] == 0


def quantise(weight: Tensor, scale_format: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Weights (out, in) as int8 and scales (out,), the largest of each output at 127 or next to it."""
    quantised = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight), dtype=scale_format)
    rows_at_once = min(len(weight), _rows_at_once(weight.shape[1]))
    room = torch.empty(rows_at_once, weight.shape[1])  # fresh memory would cost the most
    for rows, integers, scale in _in_pieces(weight, quantised, scales):
        values = room[: len(rows)].copy_(rows)
        scale.copy_(torch.maximum(values.amax(1), values.amin(1).neg_()).div_(127).clamp_(min=1e-12))
        integers.copy_(values.div_(scale.float()[:, None]).round_().clamp_(-127, 127))
    return quantised, scales


def _in_pieces(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Of tensors (out, ...) the same rows, as many as `_rows_at_once` says of the first."""
    rows = _rows_at_once(tensors[0].shape[1])
    return zip(*(torch.split(each, rows) for each in tensors), strict=True)


def _rows_at_once(width: int) -> int:
    return max(1, _AT_ONCE // width // _TILE) * _TILE


def _pack(integers: Tensor) -> Tensor:
    """Integers of 4 bits (out, in) int32 as torch's 4-bit product wants them, (out, in / 2) uint8."""
    return torch._convert_weight_to_int4pack_for_cpu(integers, 1)
