"""A folder read without transformers' module for it: the same numbers as with it."""

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig

from app.engine import local
from app.engine.network.checkpoint import Checkpoint, read_checkpoint
from app.engine.network.model_runner import ModelRunner
from app.engine.network.runner import Chunk
from app.errors import ModelUnavailable
from tests.engine.conftest import CONTEXT_LENGTH, ByteVocabulary

TEXT = np.frombuffer(b"It was the best of times, it was the worst of times", np.uint8).astype(np.int32)
CPU = torch.device("cpu")
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 24}
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 24,
}  # fmt: skip


def logprobs(model) -> np.ndarray:
    """Of the token after each position of TEXT, (T, V), by the engine's own forward pass."""
    runner = ModelRunner(model, slots=1, context_length=CONTEXT_LENGTH)
    [prediction] = runner.forward([Chunk(0, TEXT, 0, len(TEXT))])
    return np.array([each.logprobs for each in prediction.distributions()])


def theirs(model) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.from_numpy(TEXT)[None].long()).logits[0].log_softmax(-1).numpy()


@pytest.mark.parametrize("name", ["llama", "gemma3", "qwen3"])
@pytest.mark.parametrize("shard", ["1GB", "20KB"])
def test_a_folder_holds_the_same_model_whole_or_in_pieces(build_model, tmp_path, name, shard):
    model = build_model(name)
    model.save_pretrained(tmp_path, max_shard_size=shard)
    assert (tmp_path / "model.safetensors.index.json").is_file() == (shard == "20KB")
    config = AutoConfig.from_pretrained(tmp_path)
    read = read_checkpoint(tmp_path, config, torch.float32, CPU)
    assert (read.dtype, read.device) == (torch.float32, CPU)
    assert np.abs(logprobs(read) - theirs(model)).max() <= 1e-4
    assert read_checkpoint(tmp_path, config, torch.bfloat16, CPU).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "rotation", [YARN, LLAMA3, {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}]
)
@pytest.mark.parametrize("tied", [True, False])
def test_stretched_rotations_and_an_output_layer_of_its_own_are_transformers(rotation, tied):
    config = LlamaConfig(
        vocab_size=257, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT_LENGTH, rope_parameters=rotation,
        tie_word_embeddings=tied, attention_bias=True, mlp_bias=True,
    )  # fmt: skip
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    assert np.abs(logprobs(Checkpoint.of(model)) - theirs(model)).max() <= 1e-4


def test_a_folder_that_lacks_a_tensor_is_a_damaged_one(build_model, tmp_path):
    from safetensors.torch import load_file, save_file

    build_model("llama").save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(ModelUnavailable, match="damaged"):
        local.load(tmp_path, name="broken", tokenizer=ByteVocabulary(), slots=1)
