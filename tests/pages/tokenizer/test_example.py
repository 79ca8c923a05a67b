"""The tokenizer page opens with an example that is already worked out; here it is worked out again."""

import pytest

from app.pages.presets import read_example
from app.pages.tokenizer.example import TEXT, worked_example
from app.paths import STATIC
from app.tokenization.registry import Encodings
from app.tokenization.tokenizer import Tokenizer

EXAMPLE = read_example("tokenizer")


async def test_the_example_is_what_the_tokenizer_says():
    assert await worked_example() == EXAMPLE
    assert bytes.fromhex("".join(token["bytes"] for token in EXAMPLE["tokens"])).decode() == TEXT


FOUR = ["gpt2", "p50k_base", "cl100k_base", "o200k_base"]


@pytest.fixture(scope="module")
def encodings() -> Encodings:
    return Encodings(STATIC / "vendor" / "encodings")


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return [span.bytes.decode(errors="replace") for span in tokenizer.spans(text)]


def test_the_numbers_in_the_teachers_notes(encodings: Encodings):
    counts = {name: len(encodings.get(name).encode(TEXT)) for name in FOUR}
    assert (len(TEXT), counts["cl100k_base"], counts["o200k_base"], counts["gpt2"]) == (41, 21, 15, 26)
    tax = {row["name"]: row["tokens"] for row in EXAMPLE["tax"]}
    assert (tax["Hindi"], tax["English"], round(tax["Hindi"] / tax["English"], 1)) == (180, 33, 5.5)


@pytest.mark.parametrize("name", FOUR)
def test_what_the_page_says_of_hard_things(encodings: Encodings, name: str):
    tokenizer = encodings.get(name)
    assert len(tokenizer.encode(" strawberry")) == 1
    assert len(tokenizer.encode("strawberry")) == 3
    dots = [piece for piece in pieces(tokenizer, "How many dots? " + 20 * ".") if "." in piece]
    assert 2 <= len(dots) <= 4 and len({len(dot) for dot in dots}) > 1
    assert "".join(dots).count(".") == 20
    digits = pieces(tokenizer, "1234567 + 89 = 1234656")
    assert digits[0] in ("123", "1234", "12345") and digits[:3] != ["1", "234", "567"]
    assert pieces(tokenizer, "The capital of France is ")[-1] == " "
    spellings = [set(tokenizer.encode(word)) for word in ("strawberry", " Strawberry", " STRAWBERRY")]
    assert not (spellings[0] & spellings[1] or spellings[1] & spellings[2] or spellings[0] & spellings[2])
    blanks = pieces(tokenizer, "def double(x):\n        return 2 * x\n")
    assert (" " * 7 in blanks) == (name != "gpt2")
    special = "The end.<|endoftext|>Once upon a time"
    assert not any(span.special for span in tokenizer.spans(special, "text"))
    assert sum(span.special for span in tokenizer.spans(special, "parse")) == 1


def test_strawberry_in_numbers(encodings: Encodings):
    assert encodings.get("o200k_base").encode("strawberry") == [302, 1618, 19772]
    assert encodings.get("cl100k_base").encode(" strawberry") == [73700]
