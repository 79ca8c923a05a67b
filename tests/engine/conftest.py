"""Tiny real models: every architecture the engine promises, seeded, with a byte vocabulary."""

from collections.abc import Callable
from typing import Any

import pytest

from app.engine.network.integer_linear import digits_are_multiplied_exactly

needs_integers = pytest.mark.skipif(
    not digits_are_multiplied_exactly(), reason="torch multiplies no integers on this processor"
)
ARCHITECTURES = ("gpt2", "llama", "gemma3", "gpt_neox", "qwen3")
VOCABULARY_SIZE = 257  # 256 bytes and an end-of-text token
CONTEXT_LENGTH = 96


class ByteVocabulary:
    """Token i is byte i; 256 ends a text."""

    vocabulary_size = VOCABULARY_SIZE
    eos_token_ids = frozenset([256])

    def token_bytes(self, token_id: int) -> bytes:
        return bytes([token_id]) if token_id < 256 else b"<end>"

    def encode(self, text: str) -> list[int]:
        return list(text.encode())


@pytest.fixture(scope="session")
def vocabulary() -> ByteVocabulary:
    return ByteVocabulary()


@pytest.fixture(scope="session")
def build_model() -> Callable[[str], Any]:
    """A seeded, two-layer model of an architecture, in float32."""
    import torch
    from transformers import (
        AutoModelForCausalLM,
        Gemma3TextConfig,
        GPT2Config,
        GPTNeoXConfig,
        LlamaConfig,
        Qwen3Config,
    )

    tokens = {"vocab_size": VOCABULARY_SIZE, "bos_token_id": 256, "eos_token_id": 256, "pad_token_id": 256}
    common = {
        **tokens,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": CONTEXT_LENGTH,
    }
    configs = {
        "gpt2": lambda: GPT2Config(**tokens, n_embd=32, n_layer=2, n_head=4, n_positions=CONTEXT_LENGTH),
        "llama": lambda: LlamaConfig(**common, num_key_value_heads=2),
        "gemma3": lambda: Gemma3TextConfig(
            **common,
            num_key_value_heads=1,
            head_dim=16,
            sliding_window=8,
            layer_types=["sliding_attention", "full_attention"],
        ),
        "gpt_neox": lambda: GPTNeoXConfig(**common),
        "qwen3": lambda: Qwen3Config(**common, num_key_value_heads=2, head_dim=16),
    }

    def build(architecture: str) -> Any:
        torch.manual_seed(618)
        model = AutoModelForCausalLM.from_config(configs[architecture](), attn_implementation="sdpa")
        for parameter in model.parameters():  # the usual initialisation is too flat to tell tokens apart
            parameter.data.mul_(4 if parameter.dim() > 1 else 1)
        return model.eval()

    return build


@pytest.fixture(scope="session", params=ARCHITECTURES)
def tiny_model(request: pytest.FixtureRequest, build_model: Callable[[str], Any]) -> Any:
    return build_model(request.param)
