"""The encodings made a second time, independently of app/tokenization, with the published patterns."""

import base64
import json
from functools import cache

import tiktoken
from tiktoken_ext.openai_public import r50k_pat_str
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from app.paths import STATIC
from app.tokenization.tokenizer_file import BYTE_OF

# As tiktoken 0.14 publishes them (tiktoken_ext/openai_public.py), inside functions that would download.
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PUBLISHED = {
    "gpt2": r50k_pat_str,
    "p50k_base": r50k_pat_str,
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "o200k_base": "|".join(
        [
            rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}",
            rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
}


@cache
def published_encoding(name: str) -> tiktoken.Encoding:
    data = json.loads((STATIC / "vendor" / "encodings" / f"{name}.json").read_text())
    ranks = {}
    for line in data["bpe_ranks"].split("\n"):
        words = line.split()
        for i, word in enumerate(words[2:]):
            ranks[base64.b64decode(word)] = int(words[1]) + i
    return tiktoken.Encoding(
        name, pat_str=PUBLISHED[name], mergeable_ranks=ranks, special_tokens=data["special_tokens"]
    )


@cache
def gpt2_as_tokenizers() -> Tokenizer:
    """GPT-2's merges won back from its ranks, run by the library that transformers uses."""
    ranks = published_encoding("gpt2")._mergeable_ranks
    character = {byte: sign for sign, byte in BYTE_OF.items()}
    spell = {token: "".join(character[byte] for byte in token) for token in ranks}
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            pairs = [(ranks.get(parts[i] + parts[i + 1], rank), i) for i in range(len(parts) - 1)]
            _, i = min(pairs)
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        if len(parts) == 2:
            merges.append((spell[parts[0]], spell[parts[1]]))
    tokenizer = Tokenizer(models.BPE({spell[token]: rank for token, rank in ranks.items()}, merges))
    published = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(published), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
