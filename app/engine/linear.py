"""Products with the model's weights: as they are, laid out for the processor, or in 8-bit integers.

Reading weights is what one token costs, multiplying is what many cost. A layout in the order in which oneDNN
multiplies makes both cheaper and changes no number; eight bits halve the first, and on a CPU with integer dot
products (VNNI) make the second several times faster.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

_ROWS_AT_ONCE = 1_024  # of a weight while it is quantised: what lies between stays in the processor's cache


class Linear(Protocol):
    """x (..., in) -> x @ weight.T + bias (..., out), in a number format of its own choosing."""

    def __call__(self, x: Tensor) -> Tensor: ...


class PlainLinear:
    """Computed in the weights' own number format."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x.to(self._weight.dtype), self._weight, self._bias)


class PackedLinear:
    """As PlainLinear, on a CPU: the weight is kept in blocks, as oneDNN wants it.

    A plain weight is put into blocks again by every product, which for one row takes longer than the product.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._dtype, self._bias = weight.dtype, bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous())

    def __call__(self, x: Tensor) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            x.to(self._dtype), self._packed, self._bias, "none", [], ""
        )
        return product


class Float32Linear:
    """Computed in the weights' own number format, float32 out.

    CUDA sums up in float32 and can leave it so; elsewhere the result is rounded first.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        if self._weight.device.type != "cuda" or self._weight.dtype == torch.float32:
            return functional.linear(x.to(self._weight.dtype), self._weight, self._bias).float()
        rows = x.to(self._weight.dtype).flatten(0, -2)  # (N, in)
        product = torch.mm(rows, self._weight.T, out_dtype=torch.float32)
        if self._bias is not None:
            product += self._bias
        return product.view(*x.shape[:-1], -1)


class Int8WeightLinear:
    """Weights in 8 bits, a scale for each output; inputs as they are. For few rows: it reads half as much."""

    def __init__(self, weight: Tensor) -> None:
        quantised, scales = quantise(weight)
        self._weight, self._scales = quantised, scales.to(weight.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.to(self._scales.dtype).flatten(0, -2)  # (N, in)
        product: Tensor = torch._weight_int8pack_mm(rows, self._weight, self._scales)
        return product.view(*x.shape[:-1], -1)


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


class ByRows:
    """One way for few rows, another for many."""

    def __init__(self, few: Linear, many: Linear, *, many_from: int) -> None:
        self._few, self._many, self._many_from = few, many, many_from

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.numel() // x.shape[-1]
        return self._many(x) if rows >= self._many_from else self._few(x)


def fast_linear(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """Packed where it can be."""
    return PackedLinear(weight, bias) if can_pack(weight) else PlainLinear(weight, bias)


def can_pack(weight: Tensor) -> bool:
    """Whether oneDNN multiplies this number format here."""
    if weight.device.type != "cpu" or not torch._C._has_mkldnn:
        return False
    if weight.dtype == torch.bfloat16:
        supported: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return supported
    return weight.dtype == torch.float32


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (out, in) as int8 and float32 scales (out,), the largest of each output at 127."""
    quantised, scales = torch.empty(weight.shape, dtype=torch.int8), torch.empty(len(weight))
    room = torch.empty(min(len(weight), _ROWS_AT_ONCE), weight.shape[1])  # fresh memory would cost the most
    pieces = (torch.split(each, _ROWS_AT_ONCE) for each in (weight, quantised, scales))
    for rows, integers, scale in zip(*pieces, strict=True):
        values = room[: len(rows)].copy_(rows)
        torch.maximum(values.amax(1), values.amin(1).neg_(), out=scale).div_(127).clamp_(min=1e-12)
        integers.copy_(values.div_(scale[:, None]).round_())
    return quantised, scales
