"""Half a sentence, and the odds of every way on."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe


def table(page: Page, name: str = "The likeliest next tokens"):
    return page.get_by_role("table", name=name)


def first_token(page: Page, name: str = "The likeliest next tokens"):
    return table(page, name).locator("tbody tr").first.locator(".bars-token")


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/")
    expect(table(page).locator("tbody tr")).to_have_count(12)
    expect(first_token(page)).to_have_text("·the")
    expect(page.get_by_text("Paris gets only")).to_be_visible()
    assert page.locator(".bar-drawn rect").first.bounding_box()["width"] > 50


def test_the_bars_move_as_one_types(page: Page):
    page.goto("/")
    expect(first_token(page)).to_have_text("·the")
    page.get_by_label("Half a sentence").fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    expect(page.locator("#figure-state")).to_contain_text("fake")


def test_what_the_list_leaves_out_stands_below_it_as_its_own_remainder(page: Page):
    """Before the model is asked and after: rows and remainder are the whole distribution."""
    page.goto("/")
    for text, first in ((None, "·the"), ("The capital", "·of")):
        if text:
            page.get_by_label("Half a sentence").fill(text)
        expect(first_token(page)).to_have_text(first)
        expect(table(page).locator("tfoot tr")).to_have_count(1)
        shares = table(page).locator("tbody .bars-raw, tfoot .bars-raw").all_inner_texts()
        values = [float(re.sub(r"[^\d.]", "", share)) for share in shares]
        assert len(values) == 13
        assert sum(values) == pytest.approx(100, abs=0.7)


def test_an_answer_to_an_older_text_is_never_shown(page: Page):
    asked = []
    page.on("request", lambda request: request.url.endswith("/api/next-token") and asked.append(request))
    page.goto("/")
    prompt = page.get_by_label("Half a sentence")
    prompt.fill("")
    prompt.press_sequentially("Once upon a time in a small", delay=15)
    expect(first_token(page)).to_have_text("·village")
    assert len(asked) <= 4  # typing rests before the model is asked


def test_a_token_chosen_in_the_list_goes_on_with_the_text(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    with page.expect_request("**/api/next-token") as asked:
        page.get_by_role("button", name="space of, rank 1").click()
    assert "ids" in asked.value.post_data_json  # chosen, not typed: not tokenised again
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital of")
    expect(first_token(page)).to_have_text("·the")


def test_a_roll_says_what_was_rolled_and_adds_the_token(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("Once upon a time")
    page.get_by_role("button", name="Roll the dice").click()
    expect(page.locator("#rolled")).to_contain_text("Rolled 0.")
    expect(page.get_by_label("Half a sentence")).not_to_have_value("Once upon a time")


def test_a_roll_that_comes_after_more_was_typed_is_let_go(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("Once upon a time")
    expect(first_token(page)).to_have_text("·in")
    held: list[Route] = []
    page.route("**/api/completions", lambda route: held.append(route))
    page.get_by_role("button", name="Roll the dice").click()
    page.get_by_label("Half a sentence").fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    with page.expect_response("**/api/completions"):
        held[0].continue_()
    expect(page.get_by_role("button", name="Roll the dice")).to_be_enabled()
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital")
    expect(page.locator("#rolled")).not_to_contain_text("Rolled")


def test_another_language_shows_the_bars_of_the_same_text(page: Page):
    page.goto("/")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_label("半句话", exact=True)).to_have_value("The capital of France is")
    expect(first_token(page, "最可能的下一个词元")).to_have_text("·the")
    page.get_by_label("半句话", exact=True).fill("The capital")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital")
    expect(first_token(page)).to_have_text("·of")


def test_a_link_runs_nothing_and_shows_no_other_text_s_bars(page: Page):
    page.goto("/")
    link = page.evaluate(
        """async () => {
          const { shareLink } = await import("/static/js/base/share.js");
          return shareLink({ page: "home", text: "The capital" });
        }"""
    )
    page.goto("about:blank")
    asked = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    page.goto(link)
    expect(page.locator("#figure-state")).to_contain_text("Opened from a link: nothing has run yet.")
    expect(page.locator("probability-bars")).to_be_hidden()
    page.wait_for_timeout(300)
    assert asked == []
    page.locator("#figure-state").click()
    expect(first_token(page)).to_have_text("·of")


def test_a_refused_text_leaves_no_bars_of_an_older_one(page: Page, troubles: Troubles):
    troubles.expect("400")
    page.goto("/")
    error = json.dumps({"error": {"code": "context_overflow", "message": "too long"}})
    page.route(
        "**/api/next-token",
        lambda route: route.fulfill(status=400, content_type="application/json", body=error),
    )
    page.get_by_label("Half a sentence").fill("far too long")
    expect(page.get_by_role("status").filter(has_text="more text than the model can read")).to_be_visible()
    expect(table(page).locator("tbody tr")).to_have_count(0)


def test_markup_in_a_text_stays_text(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#figure-state")).to_contain_text("fake")
    assert page.locator("main img").count() == 0


def test_a_server_that_falls_silent_is_said_kindly_and_the_text_stays(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|Failed to load resource")
    page.goto("/")
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_label("Half a sentence").fill("My favourite colour")
    expect(page.get_by_role("status").filter(has_text="The server does not answer")).to_be_visible()
    expect(page.get_by_label("Half a sentence")).to_have_value("My favourite colour")


def test_the_page_works_by_keyboard_alone(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Half a sentence")).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("The capital")
    expect(first_token(page)).to_have_text("·of")
    for _ in range(5):  # four examples, then the list
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Half a sentence")).to_have_value("The capital of")


def test_axe_finds_nothing(new_page: NewPage):
    for options in (
        {},
        {"locale": "zh-CN", "color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 700}},
    ):
        page = new_page(**options)
        page.goto("/")
        page.wait_for_load_state("networkidle")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
