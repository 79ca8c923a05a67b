"""The pages there are, a row each. Header, story, presets, README and the tests of all pages read these rows.

What a page consists of lies under its name: `app/pages/<name>/` (experiments, presets, what they gave, the
example it opens with), `templates/pages/<name>/`, `static/pages/<name>/` and `tests/pages/<name>/`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    path: str
    title: str  # English, as is `sentence`; pages translate both
    sentence: str  # what one sees there
    chapter: bool = False  # of the story, in the order of `PAGES`
    presets: bool = False  # worked examples that `python -m app presets --measure` runs
    bare: bool = False  # for a wall: neither header nor footer, and nothing that the frame does
    development: bool = False  # served by the scripted engine only


PAGES = (
    Page("home", "/", "Home", "The odds of the next token, moving while you type."),
    Page(
        "tokenizer",
        "/tokenizer",
        "Tokens",
        "It never sees letters. Text is cut into tokens, and each token is a number.",
        chapter=True,
    ),
    Page(
        "sampling",
        "/sampling",
        "Next token",
        "The biggest bar does not always win: temperature, top-k, top-p, and a roll of the dice.",
        chapter=True,
    ),
    Page(
        "playground",
        "/playground",
        "Playground",
        "One document, continued; every token coloured by surprise, every branch kept.",
        chapter=True,
    ),
    Page(
        "regurgitation",
        "/regurgitation",
        "Regurgitation",
        "Some passages it knows by heart. How many words does it take to set it off?",
        chapter=True,
        presets=True,
    ),
    Page(
        "hallucination",
        "/hallucination",
        "Hallucination",
        "Sixteen universes, one question: what it knows stays the same in most of them.",
        chapter=True,
        presets=True,
    ),
    Page(
        "few_shot",
        "/few-shot",
        "Few-shot",
        "Show it three examples, and it does the fourth. Nothing was learned; something was read.",
        chapter=True,
        presets=True,
    ),
    Page(
        "assistant",
        "/assistant",
        "Assistant",
        "A conversation is only a document that looks like one.",
        chapter=True,
        presets=True,
    ),
    Page(
        "guess",
        "/guess",
        "Guess",
        "Guess the next token of a text, say how sure you are, and score yourself in bits beside the model.",
    ),
    Page(
        "status",
        "/status",
        "The class",
        "For the teacher: who runs, who waits, a QR code to let the class in.",
    ),
    Page(
        "join", "/join", "Join", "For the projector: the code and the address that let a class in.", bare=True
    ),
    Page("patterns", "/patterns", "Patterns", "Every element in every state.", development=True),
)
CHAPTERS = tuple(page for page in PAGES if page.chapter)
BESIDE = tuple(
    page for page in PAGES if not (page.chapter or page.bare or page.development or page.path == "/")
)
WITH_PRESETS = tuple(page.name for page in PAGES if page.presets)
BY_NAME = {page.name: page for page in PAGES}
