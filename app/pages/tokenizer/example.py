"""The tokenizer page's: a text that is cut, the card of one of its tokens, and what ten languages pay."""

from typing import Any

from app.pages.presets import read_example
from app.paths import STATIC
from app.tokenization.registry import Encodings
from app.tokenization.tokenizer import Tokenizer

TEXT = "How many r's are in strawberry? 草莓有几个r？ 😀"
ENCODING = "cl100k_base"
SELECTED = 6

# Article 1 of the Universal Declaration of Human Rights, 1948, in the United Nations' translations.
ARTICLE = [
    (
        "en",
        "English",
        "All human beings are born free and equal in dignity and rights. They are endowed with reason "
        "and conscience and should act towards one another in a spirit of brotherhood.",
    ),
    (
        "zh-CN",
        "Chinese",
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    ),
    (
        "es",
        "Spanish",
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de "
        "razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
    ),
    (
        "hi",
        "Hindi",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें "
        "बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    ),
    (
        "ar",
        "Arabic",
        "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً وعليهم أن يعامل "
        "بعضهم بعضاً بروح الإخاء.",
    ),
    (
        "pt",
        "Portuguese",
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de "
        "consciência, devem agir uns para com os outros em espírito de fraternidade.",
    ),
    (
        "ru",
        "Russian",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
        "совестью и должны поступать в отношении друг друга в духе братства.",
    ),
    (
        "ja",
        "Japanese",
        "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、"
        "理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
    ),
    (
        "de",
        "German",
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
        "Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    ),
    (
        "sw",
        "Swahili",
        "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri, hivyo "
        "yapasa watendeane kindugu.",
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


async def worked_example(*_: object) -> dict[str, Any]:
    """Of an encoding, whose file is the site's own: no model is asked, and no day matters.

    `units` is what the browser's code makes of the tokens, and is taken from the file as it is.
    `UPDATE_EXAMPLE=1 node --test tests/js/token-groups.test.js` works it out again.
    """
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
        "units": read_example("tokenizer").get("units", []),
    }
