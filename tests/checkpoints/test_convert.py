"""A GGUF file becomes plain safetensors and a tokenizer.json; shown on a tiny Llama written here."""

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, pre_tokenizers
from transformers import AutoModelForCausalLM

from app.checkpoints import convert
from app.checkpoints.convert import Step
from app.errors import ModelUnavailable

WIDTH, HEADS, INNER, LAYERS = 64, 4, 128, 2


@pytest.fixture
def tiny_gguf(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """Seeded weights, float32 but for one matrix in 8-bit blocks, and SmolLM's kind of vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, "ĠĠ", "12", "<|im_end|>"]
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 1) + [3])
    writer.add_token_merges(["Ġ Ġ", "1 2"])
    writer.add_bos_token_id(len(tokens) - 1)
    writer.add_eos_token_id(len(tokens) - 1)

    random = np.random.default_rng(0)
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.{name}": (WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")
        }
        shapes |= {f"blk.{layer}.{name}": (INNER, WIDTH) for name in ("ffn_gate", "ffn_up")}
        shapes |= {f"blk.{layer}.ffn_down": (WIDTH, INNER)}
        shapes |= {f"blk.{layer}.{name}": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
    tensors = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        if name == "token_embd":
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(f"{name}.weight", gguf.quants.quantize(tensor, kind), raw_dtype=kind)
        else:
            writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, tensors


def test_a_gguf_file_becomes_bfloat16_safetensors_and_a_tokenizer(
    tiny_gguf: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gguf, "GGUFReader", gguf.GGUFReader)  # convert caches it; put it back afterwards
    monkeypatch.setattr(convert, "check", lambda folder: None)  # random weights speak no English
    path, tensors = tiny_gguf
    folder = tmp_path / "out"
    folder.mkdir()
    steps: list[Step] = []
    threads = torch.get_num_threads()
    convert.convert(path, folder, steps.append)
    torch.set_num_threads(threads)

    assert [step.end for step in steps][:-1] == [step.start for step in steps][1:]
    assert steps[-1].end == 1.0
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    assert not any("path" in key for key in config)
    weights = load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    embedding = weights["model.embed_tokens.weight"].float().numpy()
    assert np.abs(embedding - tensors["token_embd"]).max() < 0.005  # 8-bit blocks, then bfloat16
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    assert model(torch.tensor([[1, 2, 3]])).logits.shape == (1, 3, len(tensors["token_embd"]))

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("a  12<|im_end|>").tokens == ["a", "ĠĠ", "1", "2", "<|im_end|>"]


def test_merges_are_lines_where_a_line_can_be_told_apart():
    plain = [["a", "b"], ["#ver", "sion"], ["\n", "\n"]]
    assert convert._as_lines(plain) == ["a b", "#ver sion", "\n \n"]
    for odd in (["a ", "b"], ["#version", "s"]):
        assert convert._as_lines([*plain, odd]) == [*plain, odd]


def test_a_model_that_speaks_nonsense_is_refused(
    tiny_gguf: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gguf, "GGUFReader", gguf.GGUFReader)
    folder = tmp_path / "out"
    folder.mkdir()
    threads = torch.get_num_threads()
    with pytest.raises(ModelUnavailable, match="its weights are wrong"):
        convert.convert(tiny_gguf[0], folder, lambda step: None)
    torch.set_num_threads(threads)
