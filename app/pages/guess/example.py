"""The texts of the guessing page, and how many bits the model needs for the token that comes next in each."""

import math
from typing import Any

from app.experiments.experiment import OpenLaboratory
from app.tokenization.tokenizer import opening

TEXTS = {
    "en": (
        ("She put the kettle on and made a cup of", " cocoa"),
        ("Monday, Tuesday,", " Wednesday"),
        ("He looked out of the window and saw that it was still", " raining"),
        ("The train was late, so we sat down on the platform and", " sang"),
        ("My grandmother kept her letters in an old wooden", " box"),
    ),
    "zh-CN": (
        ("春天来了，树上的叶子都变", "绿"),
        ("星期一、星期二、", "星期三"),
        ("他往窗外看了一眼，外面还在下", "雨"),
        ("火车晚点了，我们只好坐在站台上", "等"),
        ("外婆把信都放在一个旧木", "箱"),
    ),
}


async def worked_example(laboratory: OpenLaboratory, measured: str) -> dict[str, Any]:
    """Each text, what comes next in it, and the model's bits and rank for the first token of that.

    A token of probability p takes -log2 p bits: Shannon, "A Mathematical Theory of Communication", 1948.
    """
    opened = laboratory(exact=False)
    engine, tokenizer = opened.engine, opened.tokenizer
    example: dict[str, Any] = {"model": engine.name, "measured": measured}
    for language, texts in TEXTS.items():
        example[language] = []
        for text, after in texts:
            before = (*opening(tokenizer), *tokenizer.encode(text))
            scores = await engine.score([*opening(tokenizer), *tokenizer.encode(text + after)])
            scored = scores[len(before)]
            assert scored.raw_logprob is not None
            bits = -scored.raw_logprob / math.log(2)
            example[language].append(
                {"text": text, "next": after, "bits": round(bits, 2), "rank": scored.rank}
            )
    return example
