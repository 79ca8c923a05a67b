"""The tensors of the key-value cache: a row for each slot.

Which slot is whose: app/engine/serving/slot_table.py.
"""

import math
import mmap
import sys
from typing import Any

import torch
from torch import Tensor

_MAP_NORESERVE = 0x4000  # Linux's; Python's mmap names it from 3.13 on


class KeyValueCache:
    """Keys and values of every slot, per layer (S, H, L, D).

    Allocated once, as one tensor, so that a slot is copied by one operation. Untouched pages cost no memory
    on a CPU, and are zero, so that a masked position can never turn a softmax into NaN.
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
        shape = (2, layers, slots, heads, length, head_dim)
        self._pages: mmap.mmap | None = None  # a CPU's
        if device.type == "cpu":
            self._pages = _pages(math.prod(shape) * dtype.itemsize)
            self._whole = torch.frombuffer(self._pages, dtype=dtype).view(shape)
        else:
            self._whole = torch.zeros(shape, dtype=dtype, device=device)
        self.keys, self.values = self._whole
        self.rows = self._whole.view(-1, head_dim)
        self.layers = self._whole.unbind(1)  # each (2, S, H, L, D)

    def copy(self, source: int, target: int, length: int) -> None:
        self._part(target, length).copy_(self._part(source, length))

    def swap(self, first: int, second: int, length: int) -> None:
        kept = self._part(first, length).clone()
        self.copy(second, first, length)
        self._part(second, length).copy_(kept)

    def _part(self, slot: int, length: int) -> Tensor:
        """Of a slot's first positions: (2, layers, H, length, D)."""
        return self._whole[:, :, slot, :, :length]

    def forget(self, slot: int, start: int) -> None:
        """Give back the memory of a slot's positions from `start` on. A GPU's stays."""
        if self._pages is None or not hasattr(mmap, "MADV_DONTNEED"):
            return
        _, layers, slots, heads, length, head_dim = self._whole.shape
        row = head_dim * self._whole.itemsize  # bytes of one position of one head
        for tensor in range(2 * layers):
            for head in range((tensor * slots + slot) * heads, (tensor * slots + slot + 1) * heads):
                first = -(-(head * length + start) * row // mmap.PAGESIZE) * mmap.PAGESIZE
                end = (head + 1) * length * row // mmap.PAGESIZE * mmap.PAGESIZE
                if first < end:
                    self._pages.madvise(mmap.MADV_DONTNEED, first, end - first)


def _pages(size: int) -> mmap.mmap:
    """Zeros that take memory only where they are written, a small page at a time.

    torch would write every zero; and in huge pages one token would cost 2 MB of each slot and layer.
    """
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows knows neither
        return mmap.mmap(-1, size)
    # MAP_PRIVATE: MADV_DONTNEED frees nothing of a shared mapping. MAP_NORESERVE: the cache may be larger
    # than memory, but is never filled.
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (_MAP_NORESERVE if sys.platform == "linux" else 0)
    pages = mmap.mmap(-1, size, flags=flags)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return pages


class CachePart:
    """The cache as one segment of a forward pass uses it, under the names transformers has for a cache.

    It writes to slots at positions (B, T) and reads back the first `read` positions: a view where the slots
    are neighbours, a copy where a tensor (B,) says on the device which they are.
    """

    is_compileable = False

    def __init__(self, cache: KeyValueCache, slots: slice | Tensor, positions: Tensor, read: int) -> None:
        self._cache, self._slots, self._read = cache, slots, read
        layers, slots_held, heads, length, _ = cache.keys.shape
        device = positions.device
        numbers = slots if isinstance(slots, Tensor) else torch.arange(slots.start, slots.stop, device=device)
        heads_of_slots = numbers[:, None] * heads + torch.arange(heads, device=device)  # (B, H)
        keys = heads_of_slots[:, None] * length + positions[:, :, None]  # (B, T, H) rows of the first layer's
        layer = slots_held * heads * length  # rows of one layer's keys, or values
        both = torch.stack((keys, keys + layers * layer), 2).flatten()  # (B * T * 2 * H)
        self._rows = (both + torch.arange(layers, device=device)[:, None] * layer).unbind()
        self._views: list[tuple[Tensor, ...]] | None = None  # of keys and values, by layer
        if isinstance(slots, slice):
            self._views = [part[:, slots, :, :read].unbind() for part in (cache.keys, cache.values)]

    def write(self, rows: Tensor, layer: int) -> None:
        """Keys and values (B * T, 2 * H, D) of a layer: of each token all keys, then all values."""
        whole = self._cache.rows
        whole.index_copy_(0, self._rows[layer], rows.flatten(0, 1).to(whole.dtype))

    def read(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values (B, H, read, D) of a layer."""
        if self._views is not None:
            keys, values = self._views
            return keys[layer], values[layer]
        both = self._cache.layers[layer][:, self._slots, :, : self._read]
        key_rows, value_rows = both.unbind()
        return key_rows, value_rows

    def update(
        self, keys: Tensor, values: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D); read back (B, H, read, D)."""
        self.write(torch.cat((keys, values), 1).transpose(1, 2).flatten(0, 1), layer_idx)
        return self.read(layer_idx)

    def get_seq_length(self, *_: Any) -> int:
        return self._read
