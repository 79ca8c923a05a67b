"""Words with their meaning: by pointer, by keyboard and by touch, without moving anything."""

import pytest
from playwright.sync_api import Page, expect

from tests.in_browser import NewPage, axe


def word(page: Page):
    return page.locator("glossary-term .term-word").first


def meaning(page: Page):
    return page.locator("glossary-term .term-meaning").first


def test_a_meaning_comes_with_the_pointer_and_goes_with_it(page: Page):
    page.goto("/tokenizer")
    expect(meaning(page)).to_be_hidden()
    before = page.locator("h2").first.bounding_box()
    word(page).hover()
    expect(meaning(page)).to_be_visible()
    assert page.locator("h2").first.bounding_box() == before
    meaning(page).hover()  # stays while the pointer reads along
    expect(meaning(page)).to_be_visible()
    page.mouse.move(0, 0)
    expect(meaning(page)).to_be_hidden()


def test_a_meaning_comes_with_the_keyboard_and_goes_with_escape(page: Page):
    page.goto("/tokenizer")
    page.wait_for_load_state("networkidle")
    page.locator("#main").focus()
    page.keyboard.press("Tab")
    expect(word(page)).to_be_focused()
    expect(meaning(page)).to_be_visible()
    expect(word(page)).to_have_accessible_description(
        "a piece of text, often a word or part of one; models read and write nothing else"
    )
    page.keyboard.press("Escape")
    expect(meaning(page)).to_be_hidden()
    expect(word(page)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_meaning_comes_with_a_touch_and_fits_a_narrow_phone(new_page: NewPage, scheme: str):
    page = new_page(
        viewport={"width": 320, "height": 640}, has_touch=True, locale="zh-CN", color_scheme=scheme
    )
    page.goto("/playground")
    word(page).tap()
    expect(meaning(page)).to_be_visible()
    box = meaning(page).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 320 and box["y"] >= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    axe(page)
    page.touchscreen.tap(160, 600)
    expect(meaning(page)).to_be_hidden()


def test_a_word_that_a_script_draws_has_its_meaning_too(page: Page):
    page.goto("/playground")
    drawn = page.locator("step-card glossary-term[key=surprise]")
    drawn.hover()
    expect(drawn.locator(".term-meaning")).to_contain_text("how little a token was expected")
    expect(drawn.locator(".term-word")).to_have_accessible_description(
        "how little a token was expected, in bits: probability 1 in 8 is 3 bits"
    )
