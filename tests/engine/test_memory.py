"""What a loaded model takes is measured."""

from pathlib import Path

import pytest

from app.checkpoints.manifests import read_manifest
from app.engine.local import load
from app.paths import MODELS
from app.settings import DEFAULT_MODEL
from app.tokenization.registry import load_model_tokenizer


@pytest.mark.weights
def test_the_default_models_weights_take_some_bytes_a_parameter(default_model: Path):
    """2.4 in integers, whose embedding stays bfloat16; 4.7 where the output layer is float32."""
    parameters = read_manifest(MODELS / f"{DEFAULT_MODEL}.toml").parameters
    tokenizer = load_model_tokenizer(default_model)
    engine = load(default_model, name="default", tokenizer=tokenizer, slots=2, context_length=512)
    engine.close()
    assert 2 < engine.memory_bytes / parameters < 5
