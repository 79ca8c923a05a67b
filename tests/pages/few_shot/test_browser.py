"""The few-shot page in Chromium: rows, the curve, controls, one's own task, and the link to it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.event_stream import events
from tests.in_browser import NewPage, axe


def live(page: Page, address: str = "/few-shot") -> Page:
    page.goto(address)
    expect(
        page.get_by_role("button", name="Run it here").or_(page.get_by_role("button", name="在这里运行"))
    ).to_be_enabled()
    expect(page.locator("#few-tokens [data-index], #few-tokens .token-chip").first).to_be_attached()
    page.evaluate("() => document.querySelectorAll('answer-veil').forEach((veil) => veil.lift())")
    return page


def slider(page: Page):
    return page.get_by_role("slider", name="Examples shown", exact=True)


def own_task(page: Page) -> None:
    """Two rows and a question of one's own, in the fields."""
    page.get_by_role("button", name="Your own").click()
    for name, text in (
        ("input, row 1", "one"),
        ("output, row 1", "eno"),
        ("input, row 2", "two"),
        ("output, row 2", "owt"),
    ):
        page.locator("#few-rows").get_by_label(name).fill(text)
    page.locator("#few-queries").get_by_label("input, row 1").fill("six")
    page.locator("#few-queries").get_by_label("output, row 1").fill("xis")


def run(page: Page) -> None:
    """Run to the end."""
    page.locator("#few-run button").click()
    expect(page.locator("#few-run")).to_contain_text("Computed here just now", timeout=30_000)


def test_it_opens_with_what_was_measured_and_asks_nothing(page: Page):
    asked = []
    page.on("request", lambda request: "/api/experiments/" in request.url and asked.append(request.url))
    live(page)
    expect(page.locator("#few-run")).to_contain_text("Measured on gemma-3-270m")
    expect(page.locator("[data-big]")).to_contain_text("%")
    expect(page.locator("#few-curve svg.figure-svg")).to_be_visible()
    expect(page.locator("#few-curve")).to_contain_text("shuffled labels")
    expect(page.locator("#few-repeat-curve svg.figure-svg")).to_be_visible()
    assert asked == []


def test_the_slider_moves_along_the_measured_curve(page: Page):
    live(page)
    ten = page.locator("[data-big]").inner_text()
    slider(page).focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-shots]")).to_have_text("0")
    expect(page.locator("[data-prompt]")).to_have_text("water:")
    assert page.locator("[data-big]").inner_text() != ten
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-prompt]")).to_have_text("butterfly: 나비\nwater:")
    expect(page.locator("#few-rows .is-hidden")).to_have_count(9)


def test_every_preset_opens_within_a_moment(page: Page):
    live(page)
    for name in ("Opposites", "Capital cities", "Praise or complaint", "Spell it backwards"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[data-big]")).to_contain_text("%", timeout=300)
        expect(page.locator("#few-run")).to_contain_text("Measured on")


def test_the_prompt_shown_is_what_the_model_gets(page: Page):
    live(page)
    own_task(page)
    shown = page.locator("[data-prompt]").text_content()
    with page.expect_request("**/api/experiments/few-shot") as asked:
        run(page)
    sent = page.request.post("/api/experiments/few-shot", data=asked.value.post_data_json)  # computed once
    parts = events(sent.text())
    questions = next(part for kind, part in parts if kind == "questions")
    true = next(part for kind, part in parts if kind == "examples" and part["line"] == "true")
    point = next(
        part for kind, part in parts if kind == "point" and part["line"] == "true" and part["shots"] == 2
    )
    assert shown == "".join(true["texts"]) + questions["prompts"][0] == "one: eno\ntwo: owt\nsix:"
    assert page.locator("[data-prompt]").text_content() == shown
    count = point["answers"][0]["prompt_tokens"] - questions["bos"]
    expect(page.locator("[data-tokens]")).to_have_text(re.compile(rf"^{count} tokens"))


def test_a_control_shows_its_own_prompt(page: Page):
    live(page)
    page.locator("[data-line]").select_option("format")
    expect(page.locator("[data-prompt]")).not_to_contain_text("butterfly: 나비")
    expect(page.locator("[data-prompt]")).to_contain_text("butterfly")


def test_rows_are_added_moved_and_removed_by_keyboard(page: Page):
    live(page)
    rows = page.locator("#few-rows")
    rows.get_by_label("input, row 1", exact=True).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.get_by_label("input, row 2")).to_have_value("butterfly")
    expect(rows.get_by_label("input, row 2")).to_be_focused()
    expect(page.locator("#few-run")).to_contain_text("The inputs have changed since")
    rows.get_by_role("button", name="Add an example").press("Enter")
    expect(rows.get_by_label("input, row 11")).to_be_focused()
    page.keyboard.type("star")
    page.keyboard.press("Tab")
    page.keyboard.type("별")
    expect(page.locator("[data-prompt]")).to_contain_text("star: 별")
    rows.get_by_role("button", name="Remove row 1", exact=True).press("Enter")
    expect(page.locator("[data-prompt]")).not_to_contain_text("ocean")
    expect(rows.locator(".example-row")).to_have_count(10)


def test_separators_can_be_changed_and_are_shown(page: Page):
    live(page)
    page.locator(".few-format summary").click()
    page.get_by_label("between input and output").fill(" => ")
    expect(page.locator("[data-shape]")).to_have_text("butterfly·=>·나비↵")
    expect(page.locator("[data-prompt]")).to_contain_text("butterfly => 나비")
    page.get_by_label("after the row").fill("\\n\\n")
    assert page.locator("[data-prompt]").text_content().endswith("\n\nwater =>")


def test_a_task_of_ones_own_is_run(page: Page):
    live(page)
    own_task(page)
    expect(page.locator("#few-run")).to_contain_text("Not computed yet")
    run(page)
    expect(page.locator("[data-big]")).to_contain_text("%")
    expect(page.locator("few-shot-answers tbody tr")).to_have_count(1)
    expect(page.locator("[data-answer-tokens]")).to_contain_text("=")
    page.get_by_role("button", name="The rows themselves").click()
    expect(page.locator("[data-view-note]")).to_contain_text("One pass")
    page.get_by_role("button", name="log p").click()
    expect(page.locator("#few-curve svg.figure-svg")).to_be_visible()


def test_with_the_keyboard_alone(page: Page):
    live(page)
    page.get_by_role("button", name="Your own").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#few-rows").get_by_label("input, row 1")).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Tab")
    page.keyboard.type("eno")
    page.locator("#few-queries").get_by_label("input, row 1").focus()
    page.keyboard.type("six")
    page.keyboard.press("Tab")
    page.keyboard.type("xis")
    page.locator("#few-run button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#few-run")).to_contain_text("Computed here just now", timeout=30_000)
    slider(page).focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-prompt]")).to_have_text("six:")
    page.get_by_role("button", name="log p").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="log p")).to_have_attribute("aria-pressed", "true")


def test_what_is_missing_keeps_it_from_running(page: Page):
    live(page)
    page.get_by_role("button", name="Your own").click()
    expect(page.locator("#few-run button")).to_be_disabled()


def test_axes_stay_while_a_run_has_no_points_yet(page: Page):
    live(page)
    page.route("**/api/experiments/few-shot", lambda route: None)  # the answer never comes
    page.locator("#few-run button").click()
    expect(page.locator("#few-run button")).to_have_text("Cancel")
    expect(page.locator("#few-curve .figure-grid")).not_to_have_count(0)
    expect(page.locator("#few-curve .figure-line")).to_have_count(0)
    page.locator("#few-run button").click()


def test_a_run_is_cancelled_in_the_middle(page: Page):
    live(page)
    page.locator("#few-run button").click()
    expect(page.locator("#few-run button")).to_have_text("Cancel")
    expect(page.locator("#few-curve svg.figure-svg")).to_be_visible()
    page.locator("#few-run button").click()
    expect(page.locator("#few-run")).to_contain_text("Cancelled")
    expect(page.locator("#few-run button")).to_be_enabled()


def test_a_link_restores_the_task_and_runs_nothing(page: Page, new_page: NewPage):
    live(page)
    own_task(page)
    page.get_by_role("button", name="log p").click()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url("**#s=*")
    other = new_page()
    asked = []
    other.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    live(other, page.url)
    expect(other.locator("#few-rows").get_by_label("output, row 2")).to_have_value("owt")
    expect(other.locator("[data-prompt]")).to_have_text("one: eno\ntwo: owt\nsix:")
    expect(other.get_by_role("button", name="log p")).to_have_attribute("aria-pressed", "true")
    assert {url.rsplit("/", 1)[1] for url in asked} == {"tokenize"}


def test_the_language_changes_and_takes_the_task_along(page: Page):
    live(page)
    own_task(page)
    run(page)
    number = page.locator("[data-big]").inner_text()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("它从眼前这一页里学")
    expect(page.locator("[data-prompt]")).to_have_text("one: eno\ntwo: owt\nsix:")
    expect(page.locator("[data-big]")).to_have_text(number.replace("\u00a0", ""))
    expect(page.locator("#few-run")).to_contain_text("fake")


def test_the_language_changes_where_storage_is_blocked(page: Page):
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); }"
    )
    live(page)
    own_task(page)
    run(page)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("[data-prompt]")).to_have_text("one: eno\ntwo: owt\nsix:")
    expect(page.locator("#few-run")).to_contain_text("还没有计算")


def test_a_run_of_today_is_not_dated_as_the_measurement(page: Page):
    live(page)
    run(page)
    page.get_by_label("tokens in a copy").select_option("10")
    page.locator("#few-repeat-run button").click()
    expect(page.locator("#few-repeat-run")).to_contain_text("Computed here just now")
    read = page.locator("[data-drawn]").inner_text()
    page.get_by_role("link", name="中文").click()
    for bar in ("#few-run", "#few-repeat-run"):
        expect(page.locator(bar)).to_contain_text("fake")
        expect(page.locator(bar)).not_to_contain_text("2026 年 11 月 22 日")
    expect(page.locator("[data-drawn]")).to_have_text(read)


def test_options_are_read_with_chinese_commas(page: Page):
    live(page)
    page.locator(".few-format summary").click()
    options = page.get_by_label("answers to weigh against each other")
    options.fill("물、밥，물,  불")
    options.press("Tab")
    expect(options).to_have_value("물, 밥, 불")


def test_random_tokens_are_read_twice(page: Page):
    live(page)
    before = page.locator("[data-drawn]").inner_text()
    page.get_by_label("tokens in a copy").select_option("10")
    page.get_by_role("button", name="Draw other tokens").click()
    expect(page.locator("#few-repeat-run")).to_contain_text("Computed here just now")
    assert page.locator("[data-drawn]").inner_text() != before
    expect(page.locator("[data-repeat-sentence]")).to_contain_text("bits a token")


def test_the_guess_comes_before_the_number(page: Page):
    live(page)
    guess = page.locator("#predict-korean")
    guess.get_by_text("one or two").click()
    guess.get_by_text("Reveal").click()
    expect(guess.locator(".predict-measured")).to_be_visible()
    expect(guess).to_contain_text("Measured on gemma-3-270m")


def test_the_question_is_answered_anew_by_a_run_here(page: Page):
    live(page)
    guess = page.locator("#predict-korean")
    guess.get_by_text("one or two").click()
    guess.get_by_text("Reveal").click()
    expect(guess).to_have_attribute("data-verdict", "right")
    run(page)
    expect(guess.locator(".predict-measured")).to_have_text(
        "Here, with no example: 0 of 5 right. With 10: 0 of 5."
    )
    expect(guess).to_contain_text("Computed here just now with fake")
    expect(guess).to_have_attribute("data-verdict", "off")
    expect(guess.get_by_role("status")).to_contain_text("the model: ten are not enough")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_for_axe_to_object_to(new_page: NewPage, scheme: str, width: int):
    page = live(new_page(color_scheme=scheme, viewport={"width": width, "height": 900}))
    page.locator(".few-format summary").click()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
