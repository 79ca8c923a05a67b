"""lm-evaluation-harness finds through `/v1/completions` what it finds by running the model itself."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from app.tokenization.registry import load_model_tokenizer
from tests.live import serve
from tests.site import OneModel

pytestmark = pytest.mark.filterwarnings("ignore")  # what the harness and its libraries warn of

ITEMS = (
    ("The capital of France is", ("Paris", "a fish", "seven")),
    ("Two and two make", ("four", "green", "Mozart")),
    ("The sun rises in the", ("east", "soup", "never")),
    ("Water freezes to", ("ice", "bread", "noise")),
    ("A cat is an", ("animal", "hour", "equation")),
    ("In summer it is", ("warm", "Tuesday", "Chinese")),
    ("Naïve café 你好,", ("世界", "déjà vu", "😀")),
    ("def add(a, b):\n    return", ("a + b", "the sea", "'no'")),
    ("The colour of the sky is", ("blue", "loud", "under")),
    ("To be, or not to be, that is the", ("question", "potato", "answer key")),
)
CHOICE = """
task: choice
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: 0
metric_list: [{metric: acc}]
"""
READING = """
task: reading
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list: [{metric: bits_per_byte}]
"""

Answers = dict[str, list[tuple[float, bool] | float]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Answers]:
    """Every loglikelihood a model gives for the two small tasks, in the order of the items."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    data = tmp_path / "items.jsonl"
    lines = [json.dumps({"question": question, "choices": choices}) for question, choices in ITEMS]
    data.write_text("\n".join(lines), encoding="utf-8")
    for name, task in (("choice", CHOICE), ("reading", READING)):
        (tmp_path / f"{name}.yaml").write_text(task.replace("DATA", str(data)), encoding="utf-8")
    tasks = TaskManager(include_path=str(tmp_path), include_defaults=False)

    def answers(model: Any) -> Answers:
        found = simple_evaluate(
            model, tasks=["choice", "reading"], task_manager=tasks, bootstrap_iters=0, verbosity="ERROR"
        )
        return {
            name: [response[0] for sample in samples for response in sample["resps"]]
            for name, samples in found["samples"].items()
        }

    return answers


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[Any]:
    """The harness's own client, on this site, with this model."""
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    from app.engine.local import load

    tokenizer = load_model_tokenizer(folder)
    engine = load(
        folder, name="subject", tokenizer=tokenizer, device="cpu", exact=True, slots=8, context_length=256
    )
    try:
        with serve(create_app(Settings(), OneModel(engine, tokenizer))) as port:
            yield LocalCompletionsAPI(
                base_url=f"http://127.0.0.1:{port}/v1/completions",
                model="subject",
                tokenizer=str(folder),
                tokenizer_backend="huggingface",
                max_length=256,
                max_retries=1,
                **options,
            )
    finally:
        engine.close()


def run_directly(folder: Path, **options: Any) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(
        pretrained=str(folder), device="cpu", dtype="float32", max_length=255, batch_size=1, **options
    )


def assert_the_same(through_the_site: Answers, directly: Answers, tolerance: float) -> None:
    assert len(directly["choice"]) == 3 * len(ITEMS)
    assert len(directly["reading"]) == len(ITEMS)
    for ours, theirs in zip(through_the_site["choice"], directly["choice"], strict=True):
        assert ours[0] == pytest.approx(theirs[0], abs=tolerance)
        assert ours[1] == theirs[1]
    assert through_the_site["reading"] == pytest.approx(directly["reading"], abs=tolerance)


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded two-layer Llama and a byte-level BPE tokenizer, trained here on these very items."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([f"{question} {' '.join(choices)}" for question, choices in ITEMS], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<end>", eos_token="<end>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256, bos_token_id=0, eos_token_id=0,
        initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("options", [{}, {"batch_size": 4, "num_concurrent": 4}], ids=str)
def test_a_tiny_model_gets_the_same_loglikelihoods(ask, tiny_folder: Path, options: dict):
    with served(tiny_folder, **options) as client:
        through_the_site = ask(client)
    assert_the_same(through_the_site, ask(run_directly(tiny_folder)), tolerance=1e-3)


@pytest.mark.weights
def test_the_default_model_gets_the_same_loglikelihoods(ask, default_model: Path):
    with served(default_model, add_bos_token=True) as client:
        through_the_site = ask(client)
    assert_the_same(through_the_site, ask(run_directly(default_model, add_bos_token=True)), tolerance=2e-3)
