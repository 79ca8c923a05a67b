"""The tokenizer page opens with an example that is already worked out; here it is worked out again.

`python tests/pages/tokenizer/test_example.py` writes app/pages/tokenizer/example.json anew; read the difference before keeping it.
"""

import json
from typing import Any

import pytest

from app.pages.presets import example_file
from app.paths import STATIC
from app.tokenization.registry import Encodings
from app.tokenization.tokenizer import Tokenizer

PATH = example_file("tokenizer")
TEXT = "How many r's are in strawberry? 草莓有几个r？ 😀"
ENCODING = "cl100k_base"
SELECTED = 6

# Article 1 of the Universal Declaration of Human Rights, United Nations, 1948, in the United Nations' translations.
ARTICLE = [
    (
        "en",
        "English",
        "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.",
    ),
    (
        "zh-CN",
        "Chinese",
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    ),
    (
        "es",
        "Spanish",
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
    ),
    (
        "hi",
        "Hindi",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    ),
    (
        "ar",
        "Arabic",
        "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً وعليهم أن يعامل بعضهم بعضاً بروح الإخاء.",
    ),
    (
        "pt",
        "Portuguese",
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de consciência, devem agir uns para com os outros em espírito de fraternidade.",
    ),
    (
        "ru",
        "Russian",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.",
    ),
    (
        "ja",
        "Japanese",
        "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
    ),
    (
        "de",
        "German",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    ),
    (
        "sw",
        "Swahili",
        "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri, hivyo yapasa watendeane kindugu.",
    ),
]


def _tokens(tokenizer: Tokenizer, text: str) -> list[dict[str, Any]]:
    return [
        {
            "id": span.token_id,
            "bytes": span.bytes.hex(),
            "start": span.start,
            "end": span.end,
            "special": span.special,
        }
        for span in tokenizer.spans(text, "text")
    ]


def _details(tokenizer: Tokenizer, token_id: int) -> dict[str, Any]:
    """What `GET /api/vocabulary/{encoding}/{id}` says of the token whose card is open."""
    return {
        "merges": [[merge.left.hex(), merge.right.hex(), merge.rank] for merge in tokenizer.merges(token_id)],
        "spellings": [
            {"id": other, "bytes": tokenizer.token_bytes(other).hex()}
            for other in tokenizer.table.spellings(token_id)
        ],
    }


def worked_out() -> dict[str, Any]:
    """The example, but for what only the browser's code knows (`units`, checked by tests/js)."""
    tokenizer = Encodings(STATIC / "vendor" / "encodings").get(ENCODING)
    tokens = _tokens(tokenizer, TEXT)
    counts = {"tokens": len(tokens), "characters": len(TEXT), "bytes": len(TEXT.encode())}
    tax = [
        {
            "code": code,
            "name": name,
            "text": text,
            "tokens": len(tokenizer.encode(text)),
            "bytes": len(text.encode()),
        }
        for code, name, text in ARTICLE
    ]
    return {
        "text": TEXT,
        "encoding": ENCODING,
        "selected": SELECTED,
        "tokens": tokens,
        "counts": counts,
        "details": _details(tokenizer, tokens[SELECTED]["id"]),
        "tax": tax,
    }


def test_the_example_is_what_the_tokenizer_says():
    example = json.loads(PATH.read_text(encoding="utf-8"))
    expected = worked_out()
    assert {key: example[key] for key in expected} == expected
    assert bytes.fromhex("".join(token["bytes"] for token in example["tokens"])).decode() == TEXT


FOUR = ["gpt2", "p50k_base", "cl100k_base", "o200k_base"]


@pytest.fixture(scope="module")
def encodings() -> Encodings:
    return Encodings(STATIC / "vendor" / "encodings")


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return [span.bytes.decode(errors="replace") for span in tokenizer.spans(text)]


def test_the_numbers_in_the_teachers_notes(encodings: Encodings):
    counts = {name: len(encodings.get(name).encode(TEXT)) for name in FOUR}
    assert (len(TEXT), counts["cl100k_base"], counts["o200k_base"], counts["gpt2"]) == (41, 21, 15, 26)
    tax = {row["name"]: row["tokens"] for row in worked_out()["tax"]}
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


if __name__ == "__main__":
    kept = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    PATH.write_text(json.dumps(kept | worked_out(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
