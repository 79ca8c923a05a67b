"""A GGUF file, once, to what loads in seconds: bfloat16 safetensors and a tokenizer.json.

`run` starts `python -m app.checkpoints.convert <file.gguf> <folder>` as a child: the gigabytes that it needs
go with it, and if it crashes, the site does not.
"""

import functools
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from app.checkpoints.subprocesses import end_with_parent, run_python, tail
from app.errors import ModelUnavailable

PROBE = "The capital of France is"
_ROUND_TRIPS = (PROBE, "naïve café – 北京 🙂\n\n\tdef f(x):  return x * 12345", "  two spaces, then 3.14")


def run(
    title: str,
    gguf: Path,
    folder: Path,
    progress: Callable[[str, float | None, str], None],
    cancelled: threading.Event,
) -> None:
    """Fill `folder`, which exists, with the converted model. Raises ModelUnavailable."""
    log = gguf.with_name("convert.log")
    error = ""
    step, since = Step(0.0, 0.02, 2.0, "starting"), time.monotonic()

    def news(message: dict[str, Any]) -> None:
        nonlocal error, step, since
        error = message.get("error", error)
        if "step" in message:
            step, since = Step(*message["step"]), time.monotonic()

    def watch() -> None:
        done = 1 - math.exp(-(time.monotonic() - since) / step.seconds)  # slows down, never arrives
        fraction = step.start + (step.end - step.start) * done
        progress("convert", fraction, f"converting {title}, once: {step.message}")

    status = run_python(
        ["-m", "app.checkpoints.convert", str(gguf), str(folder)],
        log=log,
        title=title,
        cancelled=cancelled,
        environment={"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TQDM_DISABLE": "1"},
        news=news,
        watch=watch,
    )
    if status == 0 and not error:
        return
    if "No space left" in tail(log, 30):
        raise ModelUnavailable(f"{title} could not be converted: the disk is full; free some space")
    if status in (-9, 137):
        raise ModelUnavailable(f"{title} could not be converted: there is too little memory on this machine")
    raise ModelUnavailable(f"{title} could not be converted: {error or tail(log) or f'exit status {status}'}")


class Step(NamedTuple):
    """A part of the work: its share of the bar, and about how long it takes for Gemma 3 270M on two cores."""

    start: float
    end: float
    seconds: float
    message: str


def convert(gguf: Path, folder: Path, say: Callable[[Step], None]) -> None:
    """The child's work."""
    say(Step(0.02, 0.06, 2, "reading the file"))
    _read_each_file_once()
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))  # one core stays free for the page
    unpacked: dict[str, Any] = {}
    if hasattr(transformers, "GgufConfig"):  # newer transformers would keep the 4-bit blocks
        unpacked["quantization_config"] = transformers.GgufConfig(dequantize=True)
    say(Step(0.06, 0.72, 20, "unpacking the weights"))
    model: Any = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, local_files_only=True, **unpacked
    )
    say(Step(0.72, 0.75, 1, "writing the weights"))
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # save_pretrained refuses a model that remembers being GGUF
    model.save_pretrained(folder)
    say(Step(0.75, 0.88, 5, "rebuilding the tokenizer"))
    tokenizer: Any = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    _split_digits(tokenizer, gguf)
    tokenizer.save_pretrained(folder)
    _rewrite_merges(folder / "tokenizer.json")
    _forget_this_machine(folder)
    del model, tokenizer
    say(Step(0.88, 1.0, 4, "checking that it speaks"))
    check(folder)


def check(folder: Path) -> None:
    """Load what was written; the tokenizer must give texts back, and the model must speak English."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in _ROUND_TRIPS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if tokenizer.decode(ids, skip_special_tokens=False) != text:
            raise ModelUnavailable("its tokenizer does not give a text back unchanged")
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, local_files_only=True, use_safetensors=True
    )
    ids = tokenizer.encode(PROBE).ids
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0, -1].float()
    likely = [tokenizer.decode([token_id]).strip() for token_id in logits.topk(10).indices.tolist()]
    if not bool(torch.isfinite(logits).all()) or not {"Paris", "the", "a"} & set(likely):
        raise ModelUnavailable(
            f"it goes on from {PROBE!r} with {', '.join(likely[:5])}: its weights are wrong"
        )


def _read_each_file_once() -> None:
    """transformers reads a GGUF file three times, for settings, weights and tokenizer: 10 s each."""
    import gguf

    library: Any = gguf
    library.GGUFReader = functools.lru_cache(maxsize=1)(library.GGUFReader)


def _split_digits(tokenizer: Any, gguf: Path) -> None:
    """SmolLM's vocabulary was learned with every digit on its own; the conversion leaves that out."""
    import gguf as library
    from tokenizers import pre_tokenizers

    field = library.GGUFReader(str(gguf)).fields.get("tokenizer.ggml.pre")
    if field is not None and bytes(field.parts[field.data[0]]) == b"smollm":
        backend = tokenizer.backend_tokenizer
        digits = pre_tokenizers.Digits(individual_digits=True)
        backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])


def _rewrite_merges(path: Path) -> None:
    """In the order that the model was trained with, and in the form that loads fastest."""
    table = json.loads(path.read_text(encoding="utf-8"))
    model = table["model"]
    if model.get("byte_fallback"):  # a SentencePiece vocabulary
        model["merges"] = _longest_blanks_first(model["merges"])
    model["merges"] = _as_lines(model["merges"])
    path.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _longest_blanks_first(merges: list[list[str]]) -> list[list[str]]:
    """SentencePiece takes the longest run of blanks it knows; merges rebuilt from GGUF build them up by rank.

    With the merges that make runs first, longest first, 40 spaces are 31 and 9 as in Gemma's own tokenizer.
    """
    blanks = [pair for pair in merges if len(set("".join(pair))) == 1 and "".join(pair)[0] in "\u2581\n\t"]
    others = [pair for pair in merges if len(set("".join(pair))) != 1 or "".join(pair)[0] not in "\u2581\n\t"]
    blanks.sort(key=lambda pair: -len("".join(pair)))
    return blanks + others


def _as_lines(merges: list[list[str]]) -> list[str] | list[list[str]]:
    """Half a million pairs as tokenizers' older form has them, which loads in half the time.

    Not where a symbol has a space of its own, or a line would be taken for the head of GPT-2's merges.txt.
    """
    lines = [" ".join(pair) for pair in merges]
    plain = all(line.count(" ") == 1 and not line.startswith("#version") for line in lines)
    return lines if plain else merges


def _forget_this_machine(folder: Path) -> None:
    """Take out of the JSON files what only says where they were made."""
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        path = folder / name
        table = json.loads(path.read_text(encoding="utf-8"))
        for key in ("_name_or_path", "_model_name_or_path", "name_or_path", "is_local", "local_files_only"):
            table.pop(key, None)
        path.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)


def main() -> int:
    """The child: progress and errors as lines of JSON on standard output."""

    def say(step: Step) -> None:
        sys.stdout.write(json.dumps({"step": step}) + "\n")

    end_with_parent()
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]), say)
    except ModelUnavailable as error:
        sys.stdout.write(json.dumps({"error": error.message}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
