"""The guessing page in Chromium: a guess, the model's odds, both costs in bits, and the texts in turn."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from app.pages.guess.example import TEXTS
from tests.in_browser import NewPage, Troubles, axe


def guess(page: Page, word: str, sure: int = 50) -> None:
    page.get_by_label("Your guess").fill(word)
    page.get_by_label("How sure are you?").fill(str(sure))
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator("#guess-answer")).to_be_visible()


def test_nothing_is_given_away_before_the_guess(page: Page):
    page.goto("/guess")
    expect(page.locator("#guess-text")).to_contain_text(TEXTS["en"][0][0])
    expect(page.locator("#guess-answer")).to_be_hidden()
    assert "cocoa" not in page.locator("main").inner_text()


def test_a_right_guess_costs_its_certainty(page: Page):
    page.goto("/guess")
    guess(page, "cocoa", 50)
    expect(page.locator("#guess-verdict")).to_contain_text("You had it, 50% sure: 1.0 bits")
    expect(page.locator("#guess-you")).to_have_text("1.0")
    expect(page.locator("#guess-chance")).to_have_text("15.6")  # log2 of 50,257
    picked = page.locator("#guess-answer tbody tr.is-picked")
    expect(picked).to_have_count(1)
    expect(page.locator("#guess-text mark")).to_have_text("cocoa")


def test_the_odds_add_up_to_one_hundred_percent(page: Page):
    page.goto("/guess")
    guess(page, "tea")
    cells = page.locator("#guess-answer .bars-raw").all_inner_texts()[1:]
    shares = [float(re.sub(r"[^\d.]", "", cell)) for cell in cells]
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(shares))


def test_a_wrong_guess_is_dear_and_the_next_text_comes(page: Page):
    page.goto("/guess")
    guess(page, "tea", 90)
    expect(page.locator("#guess-verdict")).to_contain_text("90% sure and wrong costs 18.9 bits")
    page.get_by_role("button", name="Next text").click()
    expect(page.locator("#guess-text")).to_contain_text(TEXTS["en"][1][0])
    expect(page.get_by_label("Your guess")).to_be_focused()
    expect(page.locator("#guess-answer")).to_be_hidden()
    guess(page, "Wednesday")
    expect(page.locator("#guess-count")).to_have_text("bits per token, over 2 texts")


def test_after_the_last_text_it_begins_anew(page: Page):
    page.goto("/guess")
    for place in range(len(TEXTS["en"])):
        expect(page.locator("#guess-place")).to_have_text(f"Text {place + 1} of 5")
        guess(page, "x")
        page.locator("#guess-next").click()
    expect(page.locator("#guess-place")).to_have_text("Text 1 of 5")
    guess(page, "x")
    expect(page.locator("#guess-count")).to_have_text("bits per token, over 1 text")


def test_a_refusal_keeps_the_guess(page: Page, troubles: Troubles):
    troubles.expect("503")
    page.goto("/guess")
    error = {"code": "overloaded_memory", "message": "too little memory"}
    page.route("**/api/score", lambda route: refuse(route, error))
    page.get_by_label("Your guess").fill("tea")
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator("main status-message")).to_contain_text("too little memory")
    expect(page.get_by_label("Your guess")).to_have_value("tea")
    expect(page.get_by_role("button", name="Reveal")).to_be_enabled()


def refuse(route: Route, error: dict[str, str]) -> None:
    route.fulfill(status=503, json={"error": error})


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_it_fits_and_axe_is_content(new_page: NewPage, width: int, locale: str):
    page = new_page(locale=locale, viewport={"width": width, "height": 900})
    page.goto("/guess")
    page.locator("#guess-word").fill("a")
    page.locator("#guess-go").click()
    expect(page.locator("#guess-answer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    axe(page)


def test_by_keyboard_alone(page: Page):
    page.goto("/guess")
    page.get_by_label("Your guess").focus()
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Next text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#guess-place")).to_have_text("Text 2 of 5")
