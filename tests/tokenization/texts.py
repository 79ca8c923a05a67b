"""Texts that tell a byte-true tokenizer from one that only looks like it."""

import random
from collections.abc import Iterator

AWKWARD = (
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "😀", "각", "\u1100\u1161\u11a8", "e\u0301", "\ufeff", "\ufffd", "\u2581", "\u2581\u2581",
    "\0", "\x07", "\x1b[0m", "\x85", "\u00a0", "\u3000", "\u200b", "\u2028", "ไทย", "中文", "שלום", "नमस्ते",
    "<|endoftext|>", "<bos>", "<eos>", "<s>", "<0x0A>", "<unk>", " ", "  ", "        ", "\n", "\r\n", "\t",
    " the", "The", "hello", "'s", "'RE", "12345", "3.14", "!!", "/", "ﬁ", "Å", "\u212b",
)  # fmt: skip


def random_text(rng: random.Random, longest: int = 30) -> str:
    """Letters, any character of Unicode, and the awkward ones above, mixed."""
    return "".join(_character(rng) for _ in range(rng.randint(0, longest)))


def random_texts(count: int, seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    return (random_text(rng) for _ in range(count))


def _character(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return chr(rng.randint(0x20, 0x7E))
    if kind < 0.5:
        return rng.choice(AWKWARD)
    if kind < 0.6:
        return rng.choice(" \n\t\r")
    if kind < 0.8:
        return chr(rng.randint(0, 0x2FFF))
    return chr(rng.choice([rng.randint(0, 0xD7FF), rng.randint(0xE000, 0x10FFFF)]))
