"""The encodings by name: OpenAI's four, and the own tokenizer of each loaded model."""

import json
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from app.errors import ModelUnavailable, NotFound
from app.tokenization.hf_tokenizer import HfTokenizer
from app.tokenization.tiktoken_encoding import TiktokenEncoding, load_encoding
from app.tokenization.tokenizer import Tokenizer
from app.tokenization.tokenizer_file import TokenizerFile
from app.tokenization.workers import TokenizerWorkers

TIKTOKEN_VOCABULARIES = {"gpt2": 50_257, "p50k_base": 50_281, "cl100k_base": 100_277, "o200k_base": 200_019}


class EncodingInfo(NamedTuple):
    name: str
    vocabulary_size: int
    kind: str


class Encodings:
    """Each of the four is read from its file when first asked for (0.1 to 0.4 s); safe between threads."""

    def __init__(self, folder: Path) -> None:
        self.workers = TokenizerWorkers()
        self._folder = folder
        self._lock = Lock()
        self._tiktoken: dict[str, TiktokenEncoding] = {}
        self._models: dict[str, Tokenizer] = {}

    def get(self, name: str) -> Tokenizer:
        if name in self._models:
            return self._models[name]
        if name not in TIKTOKEN_VOCABULARIES:
            allowed = ", ".join([*self.names(), "model"])
            raise NotFound(f"there is no encoding of that name; there are {allowed}", "encoding")
        with self._lock:
            if name not in self._tiktoken:
                self._tiktoken[name] = load_encoding(self._folder / f"{name}.json")
            return self._tiktoken[name]

    def register(self, name: str, tokenizer: Tokenizer) -> None:
        """Offer a loaded model's own tokenizer; one of that name is replaced."""
        self._models = {**self._models, name: tokenizer}

    def forget(self, name: str) -> None:
        """The model was let go."""
        self._models = {other: tokenizer for other, tokenizer in self._models.items() if other != name}

    def names(self) -> list[str]:
        return [info.name for info in self.infos()]

    def infos(self) -> list[EncodingInfo]:
        own = self._models
        return [
            *(EncodingInfo(n, v, "tiktoken") for n, v in TIKTOKEN_VOCABULARIES.items() if n not in own),
            *(EncodingInfo(n, tokenizer.vocabulary_size, "model") for n, tokenizer in own.items()),
        ]


def load_model_tokenizer(folder: Path, name: str | None = None) -> HfTokenizer:
    """A model folder's own tokenizer, with the ids that begin and end its texts."""
    if not (folder / "tokenizer.json").is_file():
        raise ModelUnavailable(f"{folder.name} has no tokenizer.json")
    file = TokenizerFile(folder / "tokenizer.json")
    ids = dict(_special_ids(file))
    settings = _read_json(folder / "tokenizer_config.json")
    model = _read_json(folder / "config.json")
    model = {**model.get("text_config", {}), **model}
    generation = _read_json(folder / "generation_config.json")

    bos = ids.get(_content(settings.get("bos_token")))
    if bos is None:
        bos = next(iter(_ids(model.get("bos_token_id"))), None)
    eos = _ids(generation.get("eos_token_id")) or _ids(model.get("eos_token_id"))
    named_eos = ids.get(_content(settings.get("eos_token")))
    return HfTokenizer(
        name or folder.name,
        file,
        vocabulary_size=model.get("vocab_size"),
        bos_token_id=bos,
        adds_bos=_adds_bos(settings, file, bos),
        eos_token_ids=eos if named_eos is None else eos | {named_eos},
    )


def _adds_bos(settings: dict[str, Any], file: TokenizerFile, bos: int | None) -> bool:
    """tokenizer_config.json has the word; without one, what the file's own post-processor does."""
    said = settings.get("add_bos_token")
    if isinstance(said, bool):
        return said
    return bos is not None and file.backend.encode("").ids[:1] == [bos]


def _special_ids(file: TokenizerFile) -> list[tuple[str, int]]:
    return [(file.tokens[i].decode(errors="replace"), i) for i in sorted(file.special)]


def _content(token: Any) -> str:
    """A special token stands there by its name, or as an object with its content."""
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")


def _ids(value: Any) -> frozenset[int]:
    return frozenset(i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int))


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{file.name} of {file.parent.name} cannot be read") from error
    return data if isinstance(data, dict) else {}
