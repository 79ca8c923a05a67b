"""Products with the model's weights in integers, on a CPU.

A sum of integers is the same in any order. So what a row comes to depends neither on the rows beside it nor
on how many threads, which kernel or which processor summed it up: the same prompt and the same dice write the
same text alone, in a class of thirty, and on another laptop. And 8-bit weights are half as much to read.
"""

from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor

_MOST = 8_127.0  # of an input in two digits of 7 bits, each shifted by 64: -8,256 to 8,127
_DIGIT = 64  # what a digit is shifted by, for oneDNN multiplies unsigned by signed
_BYTE = 128
# Constants are tensors: torch makes one of each number it is given, which takes as long as the addition.
_BYTE_STEP = torch.tensor(1 / 127)
_TINY = torch.tensor(1e-30)  # a row of zeros stays zeros
# Added to a small number, it leaves the nearest integer, shifted for its digits, in the last 14 bits.
_ROUNDER = torch.tensor(1.5 * 2**23 + 128 * _DIGIT + _DIGIT)
_SHIFT, _SEVEN_BITS = torch.tensor(7, dtype=torch.int32), torch.tensor(127, dtype=torch.int32)
_SHIFTS = torch.tensor([0, 7], dtype=torch.int32)[:, None, None]
_SEVEN_BITS_OF_EIGHT = torch.tensor(127, dtype=torch.uint8)
_MANY_ROWS = 16
_AT_ONCE = 2**19  # weights while they are quantised: what lies between stays in the processor's cache
_multiply = torch.ops.onednn.qlinear_pointwise.default


class IntegerLinear:
    """Weights in 8 bits, a scale for each output and for each input; inputs in 14 bits, a scale for each row.

    The scales of inputs even out the columns of the weight, as SmoothQuant does (Xiao et al. 2022): what an
    8-bit step rounds away then weighs alike everywhere. An input is two digits of 7 bits, as two rows of one
    product: 7, because a processor without VNNI adds two products up in 16 bits, where 8 would overflow.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, gain: Tensor | None = None) -> None:
        """Weight (out, in), bias (out,); inputs are multiplied by `gain` (in,) first."""
        self._bias = bias
        columns = evening_scales(weight)  # (in,)
        self._product = _Product(weight, columns, _MOST)
        self._columns = columns if gain is None else columns * gain

    def __call__(self, x: Tensor) -> Tensor:
        """x (..., in), of which the last but one dimension are rows."""
        rows = x * self._columns
        length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
        # of a row of zeros this is no number, but it has digits, and their product is multiplied by 0 below
        bits = torch.add(_ROUNDER, rows.div_(length), alpha=_MOST).view(torch.int32)
        low, high = self._product(_digits(bits), _DIGIT).unbind()
        product = low.add_(high, alpha=128).mul_(length)
        return product if self._bias is None else product.add_(self._bias)


def _digits(bits: Tensor) -> Tensor:
    """The last 14 bits of int32 (N, in) as two digits of 7: uint8 (2, N, in), the low one first."""
    if len(bits) < _MANY_ROWS:
        return (bits >> _SHIFTS).bitwise_and_(_SEVEN_BITS).to(torch.uint8)
    digits = torch.empty(2, *bits.shape, dtype=torch.uint8)  # more operations, on fewer bytes
    low, high = digits
    low.copy_(bits).bitwise_and_(_SEVEN_BITS_OF_EIGHT)
    high.copy_(bits.bitwise_right_shift_(_SHIFT))
    return digits


class ByteLinear:
    """As IntegerLinear, with inputs in 8 bits: half the work, for logits that are looked at again."""

    def __init__(self, weight: Tensor, *, at_once: int) -> None:
        """Weight (out, in), of which so many outputs are computed at once."""
        self._columns = evening_scales(weight)
        self._products = [_Product(piece, self._columns) for piece in torch.split(weight, at_once)]

    def __call__(self, x: Tensor, out: Tensor) -> Iterator[Tensor]:
        """x (N, in) -> blocks of `out` (N, out), as they are written."""
        rows = x * self._columns
        step = torch.addcmul(_TINY, rows.abs().amax(-1, keepdim=True), _BYTE_STEP)
        digits = rows.div_(step).round_().add_(_BYTE).to(torch.uint8)
        start = 0
        for product in self._products:
            whole = product(digits, _BYTE)
            piece = out[:, start : start + whole.shape[1]]
            yield torch.mul(whole, step, out=piece)
            start += whole.shape[1]


class _Product:
    """uint8 (..., in), less what they are shifted by, times int8 (out, in): float32 (..., out).

    `whole` is what stands for an input of 1.
    """

    def __init__(self, weight: Tensor, columns: Tensor, whole: float = 1.0) -> None:
        quantised, scales = quantise(weight, columns)
        self._scales = scales / whole
        self._packed = torch.ops.onednn.qlinear_prepack(quantised, None)
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)

    def __call__(self, x: Tensor, shift: int) -> Tensor:
        if shift == _DIGIT or bytes_are_multiplied_exactly():
            return self._multiply(x, shift, self._scales)
        ones = torch.ones_like(self._scales)  # so that the sum of both is rounded once, as it is elsewhere
        upper, lowest = self._multiply(x >> 1, shift >> 1, ones), self._multiply(x & 1, 0, ones)
        return lowest.add_(upper, alpha=2).mul_(self._scales)

    def _multiply(self, x: Tensor, shift: int, scales: Tensor) -> Tensor:
        product: Tensor = _multiply(
            x, 1.0, shift, self._packed, scales, self._zeros,
            None, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return product


@cache
def digits_are_multiplied_exactly() -> bool:
    """Whether 7 bits times 8 are summed up without overflow here."""
    return _is_exact(127)


@cache
def bytes_are_multiplied_exactly() -> bool:
    """Whether 8 bits times 8 are: with VNNI, not before."""
    return _is_exact(255)


def _is_exact(largest: int) -> bool:
    """Tried rather than asked: what oneDNN makes of a processor is its own affair."""
    if not torch._C._has_mkldnn:
        return False
    size = 256
    try:
        packed = torch.ops.onednn.qlinear_prepack(torch.full((size, size), 127, dtype=torch.int8), None)
        product = _multiply(
            torch.full((2, size), largest, dtype=torch.uint8), 1.0, 0, packed, torch.ones(size),
            torch.zeros(size, dtype=torch.int64), None, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
    except (AttributeError, RuntimeError):  # another processor, another build
        return False
    return bool((product == size * largest * 127).all())


def evening_scales(weight: Tensor) -> Tensor:
    """What inputs are multiplied by (in,), and columns of the weight (out, in) divided by.

    The root mean square of each column, in units of each output's largest weight; 1 on average.
    """
    squares = torch.zeros(weight.shape[1])
    for (rows,) in _in_pieces(weight):
        values = rows.float()
        squares += (values / values.abs().amax(1, keepdim=True).clamp_(min=_TINY)).square_().sum(0)
    scales = squares.sqrt_()
    mean = scales.mean()
    return torch.where(scales > 0, scales / mean, 1.0) if mean > 0 else torch.ones_like(scales)


def quantise(weight: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (out, in) / columns (in,) as int8 and scales (out,), the largest of each output at 127."""
    quantised = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight))
    rows_at_once = min(len(weight), _rows_at_once(weight.shape[1]))
    room = torch.empty(rows_at_once, weight.shape[1])  # fresh memory would cost the most
    for rows, integers, scale in _in_pieces(weight, quantised, scales):
        values = room[: len(rows)].copy_(rows).div_(columns)
        scale.copy_(torch.maximum(values.amax(1), values.amin(1).neg_()).div_(127).clamp_(min=_TINY))
        integers.copy_(values.div_(scale[:, None]).round_().clamp_(-127, 127))
    return quantised, scales


def _in_pieces(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Of tensors (out, ...) the same rows, as many as `_rows_at_once` says of the first."""
    rows = _rows_at_once(tensors[0].shape[1])
    return zip(*(torch.split(each, rows) for each in tensors), strict=True)


def _rows_at_once(width: int) -> int:
    return max(1, _AT_ONCE // width)
