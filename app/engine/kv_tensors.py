"""The tensors of the key-value cache: a row for each slot. Who owns which slot is kv_cache.py's."""

import math
import mmap
from typing import Any

import torch
from torch import Tensor


class KeyValueCache:
    """Keys and values of every slot, per layer (S, H, L, D).

    Allocated once. Untouched pages cost no memory on a CPU, and are zero, so that a masked position can
    never turn a softmax into NaN.
    """

    def __init__(
        self,
        layers: int,
        slots: int,
        heads: int,
        length: int,
        head_dim: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        shape = (slots, heads, length, head_dim)
        self._pages: list[mmap.mmap] = []
        self.keys = [self._zeros(shape, dtype, device) for _ in range(layers)]
        self.values = [self._zeros(shape, dtype, device) for _ in range(layers)]

    def copy(self, source: int, target: int, length: int) -> None:
        for tensor in (*self.keys, *self.values):
            tensor[target, :, :length] = tensor[source, :, :length]

    def swap(self, first: int, second: int, length: int) -> None:
        for tensor in (*self.keys, *self.values):
            kept = tensor[first, :, :length].clone()
            tensor[first, :, :length] = tensor[second, :, :length]
            tensor[second, :, :length] = kept

    def forget(self, slot: int, start: int) -> None:
        """Give back the memory of a slot's positions from `start` on. A GPU's stays."""
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        _, heads, length, head_dim = self.keys[0].shape
        row = head_dim * self.keys[0].itemsize  # bytes of one position of one head
        for head in range(slot * heads, (slot + 1) * heads):
            first = -(-(head * length + start) * row // mmap.PAGESIZE) * mmap.PAGESIZE
            end = (head + 1) * length * row // mmap.PAGESIZE * mmap.PAGESIZE
            if first < end:
                for pages in self._pages:
                    pages.madvise(mmap.MADV_DONTNEED, first, end - first)

    def _zeros(self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
        """Zeros that take memory only where they are written, a small page at a time.

        torch would write every zero; and in huge pages one token would cost 2 MB of each slot and layer.
        """
        if device.type != "cpu":
            return torch.zeros(shape, dtype=dtype, device=device)
        size = math.prod(shape) * dtype.itemsize
        # private, because shared memory can be forgotten only by all who share it; Windows knows neither
        private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
        pages = mmap.mmap(-1, size, **private)
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            pages.madvise(mmap.MADV_NOHUGEPAGE)
        self._pages.append(pages)
        return torch.frombuffer(pages, dtype=dtype).view(shape)


class CachePart:
    """The cache as one segment of a forward pass uses it, under the names transformers has for a cache.

    It writes to neighbouring slots at positions (B, T) and reads back the first `read` positions.
    """

    is_compileable = False

    def __init__(self, cache: KeyValueCache, first_slot: int, positions: Tensor, read: int) -> None:
        self._cache, self._read = cache, read
        self._slots = slice(first_slot, first_slot + len(positions))
        _, heads, length, _ = cache.keys[0].shape
        first_rows = torch.arange(
            first_slot * heads * length, self._slots.stop * heads * length, length, device=positions.device
        )
        rows = first_rows.view(-1, 1, heads) + positions[:, :, None]  # (B, T, H)
        self._rows = rows.flatten()  # of a layer's (S * H * L, D)

    def update(
        self, keys: Tensor, values: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D); read back (B, H, read, D), a view."""
        layer_keys, layer_values = self._cache.keys[layer_idx], self._cache.values[layer_idx]
        for layer, new in ((layer_keys, keys), (layer_values, values)):
            rows = new.transpose(1, 2).to(layer.dtype).flatten(0, 2)  # (B * T * H, D)
            layer.view(-1, layer.shape[-1]).index_copy_(0, self._rows, rows)
        return layer_keys[self._slots, :, : self._read], layer_values[self._slots, :, : self._read]

    def get_seq_length(self, *_: Any) -> int:
        return self._read
