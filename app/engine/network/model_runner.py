"""The model: batched forward passes over neighbouring slots of a preallocated key-value cache.

The Llama family goes through decoder.py, any other through transformers_network.py.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.network.checkpoint import Checkpoint
from app.engine.network.cuda_graphs import WIDTHS, RecordedReading, RecordedSteps, Recorder, Result
from app.engine.network.decoder import Decoder, Segment, can_decode, head_width
from app.engine.network.integer_linear import IntegerLinear
from app.engine.network.kv_tensors import CachePart, KeyValueCache
from app.engine.network.linear import fast_linear
from app.engine.network.output_layer import output_layer
from app.engine.network.runner import Chunk, DeviceLost, Prediction
from app.engine.network.summaries import Found, read, summed_at
from app.engine.network.transformers_network import TransformersNetwork
from app.engine.sampling.distribution import FarRow, Summary

_MOST_READ_RECORDED = 6  # prompts: of more, one pass that is not recorded takes less time
_MOST_THREADS = torch.get_num_threads()  # read now: later, new threads inherit what another model chose
READ_AT_ONCE = 32  # positions of the cache

_log = logging.getLogger(__name__)


class Network(Protocol):
    """Segments to their tokens' hidden states (N, W); keys and values go to the cache."""

    def __call__(self, segments: Sequence[Segment]) -> Tensor: ...


@contextmanager
def _device_watched() -> Iterator[None]:
    """An accelerator's error is for good: every later call fails as well. Too little memory is not."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, torch.AcceleratorError) or str(error).startswith("CUDA error")):
            raise  # torch.OutOfMemoryError, too
        if "out of memory" in str(error):  # as calls outside torch's allocator say it
            raise MemoryError from error
        raise DeviceLost from error


def kv_bytes_per_token(config: Any, dtype: torch.dtype) -> int:
    """What the keys and values of one position take, in all layers together."""
    heads, head_dim = _heads(config)
    size: int = 2 * config.num_hidden_layers * heads * head_dim * dtype.itemsize
    return size


def _heads(config: Any) -> tuple[int, int]:
    """How many heads have keys of their own, and the width of one."""
    heads: int = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return heads, head_width(config)


class ModelRunner:
    """Runs chunks of tokens for neighbouring slots in one padded forward pass."""

    def __init__(
        self,
        model: Any,
        *,
        slots: int,
        context_length: int,
        integers: bool = False,
        record: Recorder | None = None,
    ) -> None:
        """`model` is transformers', or of the Llama family also a `Checkpoint`.

        `integers` computes products with weights in integers, on a CPU: then what is said of one sequence
        depends on no other.

        `record` is how passes of the usual shapes are recorded, if they are: one more token for every running
        sequence, and the next ones of a prompt.
        """
        self._device = model.device
        on_cpu = self._device.type == "cpu"
        self._dtype: torch.dtype = torch.float32 if on_cpu else model.dtype  # of keys, values and masks
        config = model.config.get_text_config()
        self._context_length = context_length
        layer_types = getattr(config, "layer_types", None) or []
        self._window: int | None = config.sliding_window if "sliding_attention" in layer_types else None
        self.vocabulary_size = int(config.vocab_size)
        heads, head_dim = _heads(config)
        self._network: Network
        if can_decode(config):
            checkpoint = model if isinstance(model, Checkpoint) else Checkpoint.of(model)
            linear = IntegerLinear if integers else fast_linear
            self._network = Decoder(checkpoint, context_length=context_length, linear=linear)
            weight, bias = checkpoint.output, None
        else:
            self._network = TransformersNetwork(model, named_masks=bool(layer_types), integers=integers)
            output = model.get_output_embeddings()
            weight, bias = output.weight.detach(), output.bias
        softcap: float | None = getattr(config, "final_logit_softcapping", None)
        self._output = output_layer(weight, bias, integers=integers, softcap=softcap, rows_kept=slots)
        # one position more than the window, where padding may write
        length = _rounded_up(context_length + 1)
        self._cache = KeyValueCache(
            config.num_hidden_layers,
            slots,
            heads,
            length,
            head_dim,
            dtype=self._dtype,
            device=model.device,
        )
        self.kv_bytes_per_token = kv_bytes_per_token(config, self._dtype)
        self.most_threads = _MOST_THREADS if self._device.type == "cpu" else 0
        self.free_tokens = WIDTHS[1] if self._device.type == "cuda" else 1
        self._recorded: tuple[RecordedSteps, RecordedReading] | None = None
        if record:
            shape = {"spare": context_length, "length": length}
            self._recorded = (
                RecordedSteps(self._step, record, slots=slots, device=self._device, **shape),
                RecordedReading(self._piece, record, device=self._device, **shape),
            )

    @_device_watched()
    def copy(self, source: int, target: int, length: int) -> None:
        self._cache.copy(source, target, length)

    @_device_watched()
    def swap(self, first: int, second: int, length: int) -> None:
        self._cache.swap(first, second, length)

    def forget(self, slot: int, start: int) -> None:
        self._cache.forget(slot, start)

    def use_threads(self, count: int) -> None:
        torch.set_num_threads(count)  # OpenMP keeps a number for each thread that calls it

    def warm_up(self) -> None:
        """The first pass of each shape chooses and builds its kernels: no request should wait for that."""
        if self._recorded:
            self._record(self._recorded)
        for count in (8, 1):
            self.forward([Chunk(0, np.zeros(count, np.int32), 0, 1)])

    @torch.inference_mode()
    def _record(self, recorded: tuple[RecordedSteps, RecordedReading]) -> None:
        try:
            for each in recorded:
                each.warm_up()
        except RuntimeError as error:  # such a network needs the host on its way, or memory is too small
            self._recorded = None
            _log.warning("steps are launched one kernel at a time: %s", str(error).partition("\n")[0])

    @_device_watched()
    @torch.inference_mode()
    def forward(self, chunks: Sequence[Chunk]) -> list[Prediction]:
        if self._recorded and (split := _as_recorded(chunks)):
            return self._replay(*self._recorded, *split)
        groups = _neighbours(chunks)
        parts = [self._segment(group) for group in groups]
        hidden = self._network(parts)  # (N, width of the model)
        places: list[int] = []  # of the tokens whose logits are wanted
        start = 0
        for group, part in zip(groups, parts, strict=True):
            for chunk in group:
                end = start + len(chunk.token_ids)
                places += range(end - chunk.logits, end)
                start += part.token_ids.shape[1]
        counts = [chunk.logits for chunk in chunks]
        if not places:
            return [Prediction(np.zeros((0, self.vocabulary_size), np.float32)) for _ in chunks]
        entropy = any(chunk.entropy for chunk in chunks)
        logits, summaries = self._output(hidden[places], _temperatures(chunks), entropy=entropy)  # (N, V)
        rows = self._rows(logits, summaries)
        ends = np.cumsum(counts).tolist()
        return [
            Prediction(rows[end - count : end], summaries[end - count : end])
            for count, end in zip(counts, ends, strict=True)
        ]

    def _replay(
        self,
        recorded_steps: RecordedSteps,
        recorded_reading: RecordedReading,
        writing: Sequence[Chunk],
        reading: Sequence[Chunk],
    ) -> list[Prediction]:
        """Prompts come first and their rows are copied: the next result takes the same place."""
        read_on = []
        for chunk in reading:
            logits, found = recorded_reading(chunk.slot, chunk.token_ids, chunk.past, _factor(chunk))
            read_on += self._predictions([chunk], logits.clone(), found)
        if not writing:
            return read_on
        token_ids = [int(chunk.token_ids[0]) for chunk in writing]
        logits, found = recorded_steps(
            token_ids, [chunk.past for chunk in writing], [_factor(chunk) for chunk in writing]
        )
        return self._predictions(writing, logits, found) + read_on

    def _predictions(self, chunks: Sequence[Chunk], logits: Tensor, found: Found) -> list[Prediction]:
        """Of chunks of which one row each is known, and may be wanted."""
        summaries = read(found, [_temperature(chunk) for chunk in chunks])
        rows = self._rows(logits, summaries)
        return [
            Prediction(rows[i : i + chunk.logits], summaries[i : i + chunk.logits])
            for i, chunk in enumerate(chunks)
        ]

    def _step(self, token_ids: Tensor, positions: Tensor, factors: Tensor, length: int) -> Result:
        """One more token for each of the first slots, by tensors alone."""
        hidden = self._hidden(token_ids, positions, slice(0, len(token_ids)), length)
        return self._output.summed(hidden, factors)

    def _piece(
        self,
        token_ids: Tensor,
        positions: Tensor,
        slot: Tensor,
        last: Tensor,
        factor: Tensor,
        length: int,
    ) -> Result:
        """The next tokens of the prompt in a slot, by tensors alone."""
        return self._output.summed(self._hidden(token_ids, positions, slot, length)[last], factor)

    def _hidden(self, token_ids: Tensor, positions: Tensor, slots: slice | Tensor, length: int) -> Tensor:
        return self._network(
            [
                Segment(
                    token_ids,
                    positions.clamp(max=self._context_length - 1),
                    CachePart(self._cache, slots, positions, length),
                    self._masks(positions, length),
                )
            ]
        )

    def _rows(
        self, logits: Tensor, summaries: Sequence[Summary | None]
    ) -> NDArray[np.float32] | list[FarRow]:
        """Logits (N, V): copied from a GPU only where the summary is not enough."""
        if logits.device.type == "cpu" or not (summaries and all(summaries)):
            here: NDArray[np.float32] = logits.cpu().numpy()
            return here
        return [FarRow(logits.shape[1], partial(_fetch, row)) for row in logits]

    def _segment(self, chunks: Sequence[Chunk]) -> Segment:
        """Chunks of neighbouring slots, padded on the right to the longest."""
        width = max(len(chunk.token_ids) for chunk in chunks)
        token_ids = np.zeros((len(chunks), width), np.int64)  # (B, T)
        for row, chunk in zip(token_ids, chunks, strict=True):
            row[: len(chunk.token_ids)] = chunk.token_ids
        past = torch.tensor([chunk.past for chunk in chunks], device=self._device)[:, None]
        positions = past + torch.arange(width, device=self._device)  # (B, T)
        read = _rounded_up(min(max(chunk.past for chunk in chunks) + width, self._context_length + 1))
        written = positions.clamp(max=self._context_length)
        return Segment(
            torch.from_numpy(token_ids).to(self._device),
            positions.clamp(max=self._context_length - 1),
            CachePart(self._cache, slice(chunks[0].slot, chunks[0].slot + len(chunks)), written, read),
            self._masks(positions, read),
        )

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


def _rounded_up(length: int) -> int:
    """How many positions of the cache are read: products of a few would go through them in another order."""
    return -(-length // READ_AT_ONCE) * READ_AT_ONCE


def _neighbours(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    """Neighbouring slots together, but not those that write one token with those that read many."""
    groups: list[list[Chunk]] = []
    for chunk in chunks:
        last = groups[-1][-1] if groups else None
        alike = last is not None and (len(last.token_ids) == 1) == (len(chunk.token_ids) == 1)
        if last is not None and alike and last.slot + 1 == chunk.slot:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return groups


def _as_recorded(chunks: Sequence[Chunk]) -> tuple[Sequence[Chunk], Sequence[Chunk]] | None:
    """Those that write one more token in each of the first slots, and those that read on in a prompt.

    None if recordings are not made for them, or there is so much to read that one pass over all is faster.
    """
    writes = [chunk.slot == slot and len(chunk.token_ids) == 1 for slot, chunk in enumerate(chunks)]
    count = [*writes, False].index(False)
    reading = chunks[count:]
    if any(chunk.logits > 1 for chunk in chunks) or len(reading) > _MOST_READ_RECORDED:
        return None
    if any(len(chunk.token_ids) > WIDTHS[-1] for chunk in reading):
        return None
    return chunks[:count], reading


@_device_watched()
def _fetch(row: Tensor) -> NDArray[np.float32]:
    fetched: NDArray[np.float32] = row.cpu().numpy()
    return fetched


def _temperature(chunk: Chunk) -> float:
    return 1.0 if chunk.temperature is None else chunk.temperature


def _factor(chunk: Chunk) -> float:
    return 1 / summed_at(_temperature(chunk))


def _temperatures(chunks: Sequence[Chunk]) -> list[float]:
    """Of each row of logits: one that nothing is drawn from is summed up as at 1."""
    return [_temperature(chunk) for chunk in chunks for _ in range(chunk.logits)]
