"""Each step is one screen: at a desk, on a projector, on a phone; and nothing moves when results come."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.in_browser import NewPage, Troubles
from tests.pages.hallucination.stage import add, add_column, ask, ask_of, ask_own, button, open_step

LONG = "The first woman who crossed the Southern Ocean alone in a small wooden boat was born in the city of"
SHIFT = """
  window.shift = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries())
    if (!entry.hadRecentInput) window.shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
"""
SIZES = {
    "desk": {"viewport": {"width": 1280, "height": 720}},
    "projector": {"viewport": {"width": 1920, "height": 1080}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
sizes = pytest.mark.parametrize("size", SIZES)
languages = pytest.mark.parametrize("locale", ["en", "zh-CN"])


@pytest.fixture
def seen(new_page: NewPage) -> Callable[[str, str], Page]:
    def open_at(size: str, locale: str) -> Page:
        page = new_page(locale=locale, **SIZES[size])
        if size == "projector":
            page.add_init_script("localStorage.setItem('projector', 'on')")
        page.add_init_script(SHIFT)
        return page

    return open_at


def scrolls(page: Page) -> int:
    """How far the screen would have to be scrolled to see all of it, in pixels."""
    return page.evaluate(
        "(() => { const main = document.querySelector('main'); return main.scrollHeight - main.clientHeight; })()"
    )


def smallest(page: Page, of: str) -> float:
    """The smallest type, in pixels, of the texts that can be seen."""
    return page.locator(of).evaluate_all(
        "nodes => Math.min(...nodes.filter(node => node.checkVisibility() && node.textContent.trim())"
        ".map(node => parseFloat(getComputedStyle(node).fontSize)))"
    )


@sizes
@languages
def test_question_control_and_result_are_one_screen(seen, size: str, locale: str):
    page = seen(size, locale)
    for step in ("invented", "real", "own"):
        open_step(page, step)
        assert scrolls(page) <= 0, step
        ask(page, step)
        assert scrolls(page) <= 0, step
        expect(button(page, step)).to_be_in_viewport(ratio=1)
        for part in ("tries-grid", "[data-number]"):
            expect(ask_of(page, step).locator(part)).to_be_in_viewport(ratio=0.98)
    page.goto("/hallucination#evidence")
    for column in range(4):
        add_column(page, column)
        assert scrolls(page) <= 0, column
    expect(page.locator("evidence-stream")).to_be_in_viewport(ratio=0.98)
    expect(add(page)).to_be_in_viewport(ratio=1)
    page.goto("/hallucination#why")
    assert scrolls(page) <= 0


@sizes
def test_a_long_prompt_of_ones_own_still_fits(seen, size: str):
    page = seen(size, "en")
    open_step(page, "own")
    ask_own(page, LONG)
    assert scrolls(page) <= (0 if size != "phone" else 40)
    expect(button(page, "own")).to_be_in_viewport(ratio=1)


def test_on_a_projector_it_is_read_from_the_last_row(seen):
    page = seen("projector", "en")
    open_step(page, "invented")
    assert smallest(page, "main .choice span, main legend, main .tries-prompt, main .button") >= 32
    ask(page, "invented")
    assert smallest(page, ".card-try b, [data-note], [data-unit], main .button") >= 32
    assert smallest(page, ".card-try span, [data-source]") >= 24
    page.goto("/hallucination#evidence")
    add_column(page, 0)
    assert smallest(page, "[data-heads] p, .evidence-says") >= 32
    assert smallest(page, ".stream-label, .evidence-label") >= 24
    page.goto("/hallucination#own")
    assert smallest(page, "main .switch span, #own-rule, main textarea") >= 32


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_nothing_jumps_while_the_page_comes_alive_and_answers_come(seen, size: str, troubles: Troubles):
    page = seen(size, "en")
    open_step(page, "invented")
    ask(page, "invented")
    page.goto("/hallucination#evidence")
    for column in range(4):
        add_column(page, column)
    page.goto("/hallucination#own")
    ask(page, "own")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift") <= 0.02


def test_where_the_button_was_it_stays(seen):
    page = seen("desk", "en")
    open_step(page, "invented")
    before = button(page, "invented").bounding_box()
    grid = ask_of(page, "invented").locator("tries-grid").bounding_box()
    ask(page, "invented")
    assert button(page, "invented").bounding_box() == before
    assert ask_of(page, "invented").locator("tries-grid").bounding_box() == grid
