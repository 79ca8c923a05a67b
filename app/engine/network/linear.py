"""Products with the model's weights, as they are or laid out for the processor.

Reading weights is what one token costs, multiplying is what many cost. A layout in the order in which oneDNN
multiplies makes both cheaper and changes no number. In integers: app/engine/network/integer_linear.py.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional


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


class GainedLinear:
    """Of inputs that are multiplied by a gain (in,) first, as a norm ends."""

    def __init__(self, linear: Linear, gain: Tensor) -> None:
        self._linear, self._gain = linear, gain

    def __call__(self, x: Tensor) -> Tensor:
        return self._linear(x * self._gain)


def fast_linear(weight: Tensor, bias: Tensor | None = None, gain: Tensor | None = None) -> Linear:
    """Packed where it can be; inputs are multiplied by `gain` (in,) first."""
    linear = PackedLinear(weight, bias) if can_pack(weight) else PlainLinear(weight, bias)
    return linear if gain is None else GainedLinear(linear, gain)


def can_pack(weight: Tensor) -> bool:
    """Whether oneDNN multiplies this number format here."""
    if weight.device.type != "cpu" or not torch._C._has_mkldnn:
        return False
    if weight.dtype == torch.bfloat16:
        supported: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return supported
    return weight.dtype == torch.float32
