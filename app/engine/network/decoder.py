"""A lean forward pass for the Llama family: Llama, SmolLM2, Qwen3, Gemma 3.

The numbers are transformers' (a test holds them to 1e-4), the operations are fewer: one product for query,
key and value, one for gate and up, rotations looked up in a table, and none of the bookkeeping that a
library for every model must do in every layer. One token of Gemma 3 270M costs that bookkeeping more time
than arithmetic. Other architectures run through transformers' own modules
(app/engine/network/transformers_network.py).

The residual stream is float32 whatever the products are computed in: it costs nothing at this width, and
bfloat16 would round every layer's contribution.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from app.engine.network.attention import attend
from app.engine.network.checkpoint import Checkpoint
from app.engine.network.linear import Linear, fast_linear

_MODEL_TYPES = ("gemma3_text", "llama", "qwen3")
_MOVING_ROTATIONS = ("dynamic", "longrope")  # these change with the length of the text: no table holds them
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": functional.silu,
    "gelu_pytorch_tanh": lambda x: functional.gelu(x, approximate="tanh"),
}
_WHOLE = "full_attention"

# From a weight (out, in), its bias, and what inputs are multiplied by first: the gain of the norm before it.
MakeLinear = Callable[[Tensor, Tensor | None, Tensor | None], Linear]


def can_decode(config: Any) -> bool:
    """Whether transformers' configuration is of a model that `Decoder` runs."""
    if config.model_type not in _MODEL_TYPES or _activation_name(config) not in _ACTIVATIONS:
        return False
    parameters = config.rope_parameters
    by_kind = parameters.values() if config.model_type == "gemma3_text" else [parameters]
    return not any(kind["rope_type"] in _MOVING_ROTATIONS for kind in by_kind if kind)


class Cache(Protocol):
    """Where a layer's keys and values are written, (B * T, 2 * H, D), and read back, (B, H, L, D) each."""

    def write(self, rows: Tensor, layer: int) -> None: ...

    def read(self, layer: int) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens of neighbouring sequences, equally many of each, that attend to their own past alone."""

    token_ids: Tensor  # (B, T)
    positions: Tensor  # (B, T)
    cache: Cache
    masks: Mapping[str, Tensor]  # by kind of attention, what is added to a score: (B, 1, T, keys read back)


@dataclass(frozen=True, slots=True)
class _Layer:
    kind: str  # which mask and which rotation: "full_attention" or "sliding_attention"
    qkv: Linear  # of what is normed and not yet multiplied by the norm's gain; so is `gate_up`
    # (query heads + key heads, D): Qwen3 and Gemma 3 norm each head. Those of queries hold attention's scale.
    head_gains: Tensor | None
    output: Linear
    after_attention: Tensor | None  # the gain of a norm, (W,): Gemma 3 norms what it adds, too
    gate_up: Linear
    down: Linear
    after_mlp: Tensor | None


class Decoder:
    """Tokens to the last layer's hidden states, with keys and values in a cache."""

    def __init__(
        self, checkpoint: Checkpoint, *, context_length: int, linear: MakeLinear = fast_linear
    ) -> None:
        """`can_decode` must hold of its configuration. Raises KeyError for a tensor that is missing."""
        config, device = checkpoint.config, checkpoint.device
        self._heads: int = config.num_attention_heads
        self._key_heads: int = config.num_key_value_heads
        self._head_dim = head_width(config)
        eps: float = config.rms_norm_eps
        self._eps = eps if device.type == "cuda" else None  # there torch's own norm is one kernel
        widths = (config.hidden_size, self._head_dim)
        self._least = {width: torch.tensor(math.sqrt(width * eps), device=device) for width in widths}
        is_gemma = config.model_type == "gemma3_text"
        self._activation = _ACTIVATIONS[_activation_name(config)]
        self._embedding = checkpoint.embedding  # (V, W)
        self._embedding_scale = 1.0
        if is_gemma:  # rounded to the weights' number format, as the model was trained
            self._embedding_scale = float(torch.tensor(config.hidden_size**0.5).to(checkpoint.dtype))
        tensors = _Tensors(checkpoint)
        self._attention_scale = 1.0 if tensors.norms_heads else attention_scale(config)
        self._final_gain = tensors.gain("model.norm")
        kinds = getattr(config, "layer_types", None) or [_WHOLE] * config.num_hidden_layers
        self._layers = [
            _layer(tensors, f"model.layers.{number}", kind, linear) for number, kind in enumerate(kinds)
        ]
        self._rotations = {
            kind: _rotation(config, kind, context_length, device) for kind in sorted(set(kinds))
        }

    def __call__(self, segments: Sequence[Segment]) -> Tensor:
        """Hidden states (N, W) float32 of all segments' tokens, one segment after the other."""
        queries, turned = self._heads, self._heads + self._key_heads
        token_ids = torch.cat([segment.token_ids.flatten() for segment in segments])  # (N,)
        positions = torch.cat([segment.positions.flatten() for segment in segments])
        masks = [self._masks(segment) for segment in segments]
        lengths = [segment.token_ids.numel() for segment in segments]
        rotations = {
            kind: (cos[positions][:, None], sin[positions][:, None])  # (N, 1, D)
            for kind, (cos, sin) in self._rotations.items()
        }
        x = functional.embedding(token_ids, self._embedding).float().mul_(self._embedding_scale)
        for index, layer in enumerate(self._layers):
            qkv = layer.qkv(self._norm(x))
            heads = qkv.view(len(x), -1, self._head_dim)  # (N, query + key + value heads, D)
            pairs = heads.narrow(1, 0, turned)
            normed = pairs if layer.head_gains is None else self._norm(pairs).mul_(layer.head_gains)
            cos, sin = rotations[layer.kind]
            torch.addcmul(normed * cos, normed.roll(self._head_dim // 2, -1), sin, out=pairs)
            attended = []
            for segment, mask, rows in zip(segments, masks, torch.split(heads, lengths), strict=True):
                asked, written = rows.tensor_split((queries,), 1)
                segment.cache.write(written, index)
                keys, values = segment.cache.read(index)
                shape = (*segment.token_ids.shape, -1, self._head_dim)  # (B, T, heads, D)
                attended.append(self._attend(asked.view(shape), keys, values, mask[layer.kind]))
            read = torch.cat(attended) if len(attended) > 1 else attended[0]
            x = self._add(x, layer.output(read), layer.after_attention)
            gate, up = layer.gate_up(self._norm(x)).chunk(2, dim=-1)
            x = self._add(x, layer.down(self._activation(gate).mul_(up)), layer.after_mlp)
        return self._norm(x).mul_(self._final_gain)

    def _masks(self, segment: Segment) -> dict[str, Tensor]:
        """One row for each query of `_attend`."""
        sharing = self._heads // self._key_heads
        return {kind: mask.repeat(1, 1, sharing, 1) for kind, mask in segment.masks.items()}

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """What queries (B, T, H, D) read of keys and values (B, key heads, L, D): (B * T, H * D).

        Heads that share keys stand in line as if they were further queries. So keys are read once for all of
        them, which on a CPU is several times faster than `enable_gqa`, and the same to the last bit.
        """
        batch, length, _, width = queries.shape
        sharing = queries.shape[2] // keys.shape[1]
        if length == 1:  # they do already
            lines = queries.view(batch, -1, sharing, width)
            return attend(lines, keys, values, mask, self._attention_scale).reshape(batch, -1)
        groups = queries.view(batch, length, -1, sharing, width)  # (B, T, key heads, sharing, D)
        lines = groups.permute(0, 2, 3, 1, 4).reshape(batch, -1, sharing * length, width)
        attended = attend(lines, keys, values, mask, self._attention_scale)
        attended = attended.view(batch, -1, sharing, length, width)
        return attended.permute(0, 3, 1, 2, 4).reshape(batch * length, -1)

    def _norm(self, x: Tensor) -> Tensor:
        """x / sqrt(|x|^2 + W * eps): on a CPU in half the time of `functional.rms_norm`.

        On CUDA of root mean square 1: the gains know (`_Tensors.gain`).
        """
        if self._eps is not None:
            return functional.rms_norm(x.float(), x.shape[-1:], eps=self._eps)
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        return x.div(torch.hypot(length, self._least[x.shape[-1]]))

    def _add(self, x: Tensor, change: Tensor, gain: Tensor | None) -> Tensor:
        return x.add_(change) if gain is None else x.addcmul_(self._norm(change.float()), gain)


def _activation_name(config: Any) -> str:
    name: str = getattr(config, "hidden_activation", None) or config.hidden_act
    return name


def head_width(config: Any) -> int:
    width: int | None = getattr(config, "head_dim", None)
    return width or config.hidden_size // config.num_attention_heads


def attention_scale(config: Any) -> float:
    """What the product of a query and a key is multiplied by."""
    width: float = config.query_pre_attn_scalar if config.model_type == "gemma3_text" else head_width(config)
    return 1 / math.sqrt(width)


class _Tensors:
    """The tensors of a checkpoint as a layer wants them."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._tensors, self._config = checkpoint.tensors, checkpoint.config

    def __contains__(self, module: str) -> bool:
        return f"{module}.weight" in self._tensors

    def gain(self, norm: str) -> Tensor:
        """What a vector of length 1 is multiplied by, float32; on CUDA, one of root mean square 1.

        Gemma stores its distance from 1.
        """
        gain = self._tensors[f"{norm}.weight"].float()
        if self._config.model_type == "gemma3_text":
            gain = 1.0 + gain
        return gain if gain.is_cuda else gain * math.sqrt(len(gain))

    def joined(self, *modules: str) -> tuple[Tensor, Tensor | None]:
        """Weight and bias of products with one input, computed as one: outputs lie one after the other."""
        weight = torch.cat([self._tensors[f"{module}.weight"] for module in modules])
        if f"{modules[0]}.bias" not in self._tensors:
            return weight, None
        return weight, torch.cat([self._tensors[f"{module}.bias"] for module in modules])

    @property
    def norms_heads(self) -> bool:
        return "model.layers.0.self_attn.q_norm" in self

    def head_gains(self, attention: str) -> Tensor | None:
        if not self.norms_heads:
            return None
        query = self.gain(f"{attention}.q_norm") * attention_scale(self._config)
        queries = [query] * self._config.num_attention_heads
        return torch.stack(queries + [self.gain(f"{attention}.k_norm")] * self._config.num_key_value_heads)


def _layer(tensors: _Tensors, name: str, kind: str, linear: MakeLinear) -> _Layer:
    attention, mlp, after = f"{name}.self_attn", f"{name}.mlp", f"{name}.post_attention_layernorm"
    norms_output = f"{name}.pre_feedforward_layernorm" in tensors  # Gemma 3's four norms, against Llama's two
    before_attention = tensors.gain(f"{name}.input_layernorm")
    before_mlp = tensors.gain(f"{name}.pre_feedforward_layernorm" if norms_output else after)
    return _Layer(
        kind=kind,
        qkv=linear(*tensors.joined(*(f"{attention}.{part}_proj" for part in "qkv")), before_attention),
        head_gains=tensors.head_gains(attention),
        output=linear(*tensors.joined(f"{attention}.o_proj"), None),
        after_attention=tensors.gain(after) if norms_output else None,
        gate_up=linear(*tensors.joined(f"{mlp}.gate_proj", f"{mlp}.up_proj"), before_mlp),
        down=linear(*tensors.joined(f"{mlp}.down_proj"), None),
        after_mlp=tensors.gain(f"{name}.post_feedforward_layernorm") if norms_output else None,
    )


def _rotation(config: Any, kind: str, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines (length, D) of rotary position embedding (Su et al. 2021, RoFormer).

    Signed, because rotating the halves of a head is `x * cos + roll(x) * (-sin, sin)`.
    """
    by_kind = config.model_type == "gemma3_text"
    parameters = config.rope_parameters[kind] if by_kind else config.rope_parameters
    width, scale = head_width(config), 1.0
    if parameters["rope_type"] == "default":
        exponents = torch.arange(0, width, 2, dtype=torch.float) / width
        frequencies = 1.0 / (parameters["rope_theta"] ** exponents)  # (D / 2,)
    else:
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        make = ROPE_INIT_FUNCTIONS[parameters["rope_type"]]
        frequencies, scale = make(config, None, layer_type=kind) if by_kind else make(config, None)
    angles = torch.outer(torch.arange(length).float(), frequencies.cpu())  # (length, D / 2)
    cos, sin = (angles.cos() * scale).to(device), (angles.sin() * scale).to(device)
    return torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)
