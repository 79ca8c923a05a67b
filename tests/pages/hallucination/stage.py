"""What the browser tests of this page have in common: how its steps are opened, asked and read."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

PATH = "/hallucination"
OWN = "My favourite colour is"
PATIENCE = 30_000  # milliseconds, for a run on a busy machine
ASKED = re.compile(r"^(Ask|Play) again$|^(再问一遍|再放一遍)$")


def open_step(page: Page, step: str, path: str = PATH) -> Page:
    """The page on that step, its scripts running."""
    page.goto(f"{path}#{step}")
    expect(
        page.locator("answer-groups .answer-group").first
    ).to_be_attached()  # the drawer's example is drawn
    return page


def ask_of(page: Page, step: str) -> Locator:
    return page.locator(f'[data-asking="{step}"]')


def button(page: Page, step: str) -> Locator:
    return ask_of(page, step).locator("[data-ask]")


def ask(page: Page, step: str) -> None:
    """Press, and wait for the end."""
    button(page, step).click()
    expect(button(page, step)).to_have_text(ASKED, timeout=PATIENCE)


def ask_own(page: Page, prompt: str = OWN) -> None:
    ask_of(page, "own").get_by_role("textbox").fill(prompt)
    ask(page, "own")


def cards(page: Page, step: str) -> Locator:
    return ask_of(page, step).locator(".card-try")


def answers(page: Page, step: str) -> list[str]:
    """What each card shows as its answer."""
    return [text.strip() for text in cards(page, step).locator("b").all_inner_texts()]


def shown(page: Page, step: str) -> dict[str, Any]:
    """All of a step that its reader sees."""
    part = ask_of(page, step)
    read = "nodes => nodes.map(node => node.textContent)"
    return {
        "cards": cards(page, step).evaluate_all(read),
        "hues": cards(page, step).evaluate_all("nodes => nodes.map(node => node.dataset.hue)"),
        "number": part.locator("[data-number]").inner_text(),
        "note": part.locator("[data-note]").inner_text(),
        "said": part.locator("[data-said]").inner_text(),
    }


def columns(page: Page) -> list[list[str]]:
    """The labels of each column of the stream."""
    labels = page.locator("#evidence .stream-label").evaluate_all(
        "nodes => nodes.map(node => [node.dataset.place.split(' ')[0], node.textContent.trim()])"
    )
    return [[text for at, text in labels if at == str(column)] for column in range(7)]


def add(page: Page) -> Locator:
    return page.locator("#evidence [data-add]")


def add_column(page: Page, column: int) -> None:
    """Press for the next column, and wait until it is there."""
    add(page).click()
    expect(page.locator(".evidence-says").nth(column)).not_to_be_empty(timeout=PATIENCE)


def drawer(page: Page) -> Locator:
    """The drawer, opened."""
    part = page.locator("#details")
    if not part.is_visible():
        page.get_by_role("button", name=re.compile("^(Details|详情)$")).click()
    expect(part).to_be_visible()
    return part


def close_drawer(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()


def share_link(page: Page) -> str:
    drawer(page).locator("[data-action=share]").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("link|链接")).first).to_be_attached()
    assert "#s=1." in page.url
    return page.url


def requests_of(page: Page) -> list[str]:
    """Every question to a model that the page asks from now on."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: request.method == "POST" and "/api/" in request.url and asked.append(request.url),
    )
    return asked


def without_a_model(page: Page) -> None:
    """From now on the page hears that no model is loaded yet."""

    def answer(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"loaded": None, "state": "loading"})

    page.route("**/api/models", answer)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it asks again
    expect(page.get_by_text("No model is ready.").first).to_be_attached()


def link_of(page: Page, state: dict[str, Any]) -> str:
    """A link that anyone may have written."""
    packed = page.evaluate(
        "state => import('/static/js/base/share.js').then((share) => share.encodeState(state))", state
    )
    return f"{PATH}#s={packed}"
