"""Small tokenizers of both families, trained in a second, written as a model folder has them."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = [
    "the cat sat on the mat, and the other cats sat there too",
    "The weather is hot; THE HEAT of the day! it's 12345 degrees",
    "hello hello world, the world says hello\n\n\tthen    nothing",
    "중국어 한국어 中文 中文 ไทย émigré café naïve ️👩 😀 ▁",
] * 20
SPECIALS = ["<pad>", "<eos>", "<bos>", "<unk>"]


def byte_level(folder: Path, *, nfc: bool = False, special: str = "<|endoftext|>") -> Path:
    """GPT-2's kind; with `nfc` Qwen's, which rewrites the text first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=alphabet, special_tokens=[special], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return _write(folder, json.loads(tokenizer.to_str()), {"eos_token": special, "bos_token": special})


def byte_fallback(folder: Path, *, own_space: bool = False) -> Path:
    """Gemma's kind: U+2581 for a space, bytes for unknown characters; with `own_space` Llama 2's."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=SPECIALS + bytes_, show_progress=False, limit_alphabet=60
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = data["added_tokens"][: len(SPECIALS)]
    data["model"]["byte_fallback"] = True
    if own_space:
        replace = data["normalizer"]
        data["normalizer"] = {
            "type": "Sequence",
            "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace],
        }
    return _write(folder, data, {"eos_token": "<eos>", "bos_token": {"content": "<bos>"}})


def _write(folder: Path, tokenizer: dict[str, Any], config: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
