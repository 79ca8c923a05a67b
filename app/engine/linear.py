"""A product with the model's weights."""

from torch import Tensor
from torch.nn import functional


class Linear:
    """x (..., in) -> x @ weight.T + bias (..., out), computed in the weights' own number format."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x.to(self._weight.dtype), self._weight, self._bias)
