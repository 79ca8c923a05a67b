"""The model: batched forward passes over neighbouring slots of a preallocated key-value cache.

The Llama family goes through app/engine/decoder.py; any other decoder of transformers that takes a cache,
explicit positions and a prepared mask (GPT-2 and GPT-NeoX are tested) through its own modules.
"""

import math
import mmap
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.decoder import Decoder, can_decode
from app.engine.linear import ByRows, Int8WeightLinear, Linear, PlainLinear
from app.engine.output_layer import Int8OutputLayer, plain_output_layer
from app.engine.runner import Chunk

_MANY_ROWS = 8  # from here on bfloat16 products are faster than reading 8-bit weights


class KeyValueCache:
    """Keys and values of every slot, per layer (S, H, L, D): what transformers calls a cache.

    Allocated once. Untouched pages cost no memory on a CPU, and are zero, so that a masked position can
    never turn a softmax into NaN.
    """

    is_compileable = False

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
        self.keys = [_zeros(shape, dtype, device) for _ in range(layers)]
        self.values = [_zeros(shape, dtype, device) for _ in range(layers)]
        self._first_slot = 0
        self._rows = torch.zeros(0, 1, dtype=torch.long, device=device)
        self._positions = self._rows
        self._read = 0

    def aim(self, first_slot: int, positions: Tensor, read: int) -> None:
        """Where the next forward pass writes, positions (B, T), and how many positions it reads."""
        self._first_slot = first_slot
        self._rows = torch.arange(first_slot, first_slot + len(positions), device=positions.device)[:, None]
        self._positions = positions
        self._read = read

    def update(
        self, keys: Tensor, values: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) at the aimed positions; read back (B, H, read, D), a view."""
        batch = slice(self._first_slot, self._first_slot + keys.shape[0])
        layer_keys, layer_values = self.keys[layer_idx], self.values[layer_idx]
        layer_keys[self._rows, :, self._positions] = keys.transpose(1, 2).to(layer_keys.dtype)  # (B, T, H, D)
        layer_values[self._rows, :, self._positions] = values.transpose(1, 2).to(layer_values.dtype)
        return layer_keys[batch, :, : self._read], layer_values[batch, :, : self._read]

    def get_seq_length(self, *_: Any) -> int:
        return self._read

    def copy(self, source: int, target: int, length: int) -> None:
        for tensor in (*self.keys, *self.values):
            tensor[target, :, :length] = tensor[source, :, :length]

    def swap(self, first: int, second: int, length: int) -> None:
        for tensor in (*self.keys, *self.values):
            kept = tensor[first, :, :length].clone()
            tensor[first, :, :length] = tensor[second, :, :length]
            tensor[second, :, :length] = kept


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros that take memory only where they are written, a small page at a time.

    torch would write every zero; and in huge pages one token would cost 2 MB of each slot and layer.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(pages, dtype=dtype).view(shape)


class Network(Protocol):
    """Tokens (B, T) at positions (B, T) to hidden states (B, T, W); keys and values go to the cache."""

    def __call__(
        self, token_ids: Tensor, positions: Tensor, cache: KeyValueCache, masks: Mapping[str, Tensor]
    ) -> Tensor: ...


class _TransformersNetwork:
    """Any other decoder, through transformers' own modules."""

    def __init__(self, model: Any, *, named_masks: bool) -> None:
        self._model, self._named_masks = model.base_model, named_masks

    def __call__(
        self, token_ids: Tensor, positions: Tensor, cache: KeyValueCache, masks: Mapping[str, Tensor]
    ) -> Tensor:
        hidden: Tensor = self._model(
            input_ids=token_ids,
            attention_mask=dict(masks) if self._named_masks else masks["full_attention"],
            position_ids=positions,
            cache=cache,
            use_cache=True,
        ).last_hidden_state
        return hidden


def _int8_for_few_rows(weight: Tensor, bias: Tensor | None) -> Linear:
    if bias is not None:
        return PlainLinear(weight, bias)
    return ByRows(Int8WeightLinear(weight), PlainLinear(weight), many_from=_MANY_ROWS)


class ModelRunner:
    """Runs chunks of tokens for neighbouring slots in one padded forward pass."""

    def __init__(self, model: Any, *, slots: int, context_length: int, int8: bool = False) -> None:
        """`int8` computes in 8-bit integers where that is faster: on a CPU, of a bfloat16 `model`."""
        self._device = model.device
        self._dtype: torch.dtype = model.dtype
        config = model.config.get_text_config()
        self._context_length = context_length
        self._softcap: float | None = getattr(config, "final_logit_softcapping", None)
        layer_types = getattr(config, "layer_types", None) or []
        self._window: int | None = config.sliding_window if "sliding_attention" in layer_types else None
        self.vocabulary_size = int(config.vocab_size)
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._network: Network
        if can_decode(config):
            linear = _int8_for_few_rows if int8 else PlainLinear
            self._network = Decoder(model, context_length=context_length, linear=linear)
        else:
            self._network = _TransformersNetwork(model, named_masks=bool(layer_types))
        output = model.get_output_embeddings()
        as_int8 = int8 and output.bias is None
        self._output = Int8OutputLayer(output.weight.detach()) if as_int8 else plain_output_layer(output)
        # one position more than the window: where padding beyond it may write
        self._cache = KeyValueCache(
            config.num_hidden_layers,
            slots,
            heads,
            context_length + 1,
            head_dim,
            dtype=model.dtype,
            device=model.device,
        )
        self.kv_bytes_per_token = 2 * config.num_hidden_layers * heads * head_dim * model.dtype.itemsize

    def copy(self, source: int, target: int, length: int) -> None:
        self._cache.copy(source, target, length)

    def swap(self, first: int, second: int, length: int) -> None:
        self._cache.swap(first, second, length)

    def warm_up(self) -> None:
        """The first pass of each shape chooses and builds its kernels: let nobody wait for that."""
        for length in (8, 1):
            self.forward([Chunk(0, np.zeros(length, np.int32), 0, 1)])

    @torch.inference_mode()
    def forward(self, chunks: Sequence[Chunk]) -> list[NDArray[np.float32]]:
        width = max(len(chunk.token_ids) for chunk in chunks)
        token_ids = np.zeros((len(chunks), width), np.int64)  # (B, T), padded on the right
        for row, chunk in zip(token_ids, chunks, strict=True):
            row[: len(chunk.token_ids)] = chunk.token_ids
        past = torch.tensor([chunk.past for chunk in chunks], device=self._device)[:, None]
        positions = past + torch.arange(width, device=self._device)  # (B, T)
        read = min(max(chunk.past for chunk in chunks) + width, self._context_length + 1)
        self._cache.aim(chunks[0].slot, positions.clamp(max=self._context_length), read)
        hidden = self._network(
            torch.from_numpy(token_ids).to(self._device),
            positions.clamp(max=self._context_length - 1),
            self._cache,
            self._masks(positions, read),
        )  # (B, T, width of the model)
        wanted = [
            (row, column)
            for row, chunk in enumerate(chunks)
            for column in range(len(chunk.token_ids) - chunk.logits, len(chunk.token_ids))
        ]
        if not wanted:
            return [np.zeros((0, self.vocabulary_size), np.float32) for _ in chunks]
        rows, columns = zip(*wanted, strict=True)
        logits = self._output(hidden[list(rows), list(columns)])  # (N, V)
        if self._softcap is not None:
            logits = torch.tanh(logits / self._softcap) * self._softcap
        counts = [chunk.logits for chunk in chunks]
        return np.split(logits.cpu().numpy(), np.cumsum(counts)[:-1])

    def _masks(self, positions: Tensor, read: int) -> dict[str, Tensor]:
        """What is added to a score: 0 where a query (B, 1, T, 1) may look at a key (read,), else -inf.

        It may look at itself and at what came before, with a sliding window only so far.
        """
        keys = torch.arange(read, device=self._device)
        queries = positions[:, None, :, None]
        unseen = keys > queries  # (B, 1, T, read)
        masks = {"full_attention": self._minus_infinity(unseen)}
        if self._window is not None:
            masks["sliding_attention"] = self._minus_infinity(unseen | (keys <= queries - self._window))
        return masks

    def _minus_infinity(self, where: Tensor) -> Tensor:
        return torch.zeros(where.shape, dtype=self._dtype, device=self._device).masked_fill_(where, -math.inf)
