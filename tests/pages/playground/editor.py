"""The playground as a person drives it: what its tests share."""

import re

from playwright.sync_api import Locator, Page, expect

PROMPT = "My favourite colour is"


def text_area(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Document")


def entries(page: Page) -> list[dict]:
    return page.evaluate(
        "() => document.querySelector('document-editor').entries.map(({id, bytes, by, draft, step, score, moved, chosen}) =>"
        " ({id, bytes, by, draft, step: !!step, score: !!score, moved: !!moved, chosen: !!chosen}))"
    )


def ids(page: Page) -> list[int]:
    return [entry["id"] for entry in entries(page)]


def text(page: Page) -> str:
    return text_area(page).input_value()


def open_with(page: Page, prompt: str = PROMPT) -> None:
    """The playground with this text typed into an empty document, and its ids settled."""
    page.goto("/playground")
    text_area(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(prompt)
    page.wait_for_function(
        "() => { const e = document.querySelector('document-editor').entries;"
        " return e.length > 0 && e.every(({draft}) => draft === undefined) }"
    )


def ended(page: Page, milliseconds: int = 30_000) -> None:
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled(timeout=milliseconds)


def write(page: Page, button: str = "Ten more tokens") -> None:
    before = len(entries(page))
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_function("n => document.querySelector('document-editor').entries.length > n", arg=before)
    ended(page)


def put_caret(page: Page, start: int, end: int | None = None) -> None:
    text_area(page).focus()
    text_area(page).evaluate(
        "(area, [a, b]) => area.setSelectionRange(a, b)", [start, start if end is None else end]
    )


def at_most(page: Page, tokens: int) -> None:
    page.get_by_label("Tokens at most").fill(str(tokens))
    page.get_by_label("Tokens at most").blur()


def same_dice(page: Page, seed: int) -> None:
    page.get_by_label("Seed").fill(str(seed))
    page.get_by_label("Seed").blur()
    expect(page.get_by_label("same dice")).to_be_checked()


def share_link(page: Page) -> str:
    """The link to this document, as a browser that may not copy shows it."""
    page.get_by_text("Share, replay, download").click()
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_label("To copy by hand")
    expect(link).to_have_value(re.compile("#s="))
    return link.input_value()
