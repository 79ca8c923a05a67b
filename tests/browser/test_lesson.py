"""The lesson frame and its figures, as the page of patterns mounts them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.in_browser import NewPage, Troubles, axe


def specimen(page: Page, name: str):
    return page.locator(".specimen").filter(has=page.get_by_role("heading", name=name, exact=True))


def patterns(page: Page) -> Page:
    page.goto("/patterns")
    expect(page.locator("#gallery line-figure svg.figure-svg").first).to_be_visible()
    return page


def heard(page: Page, event: str) -> None:
    """Collect the details of an event, for `told`."""
    page.evaluate(
        "event => { window.told = []; addEventListener(event, ({ detail }) => window.told.push(detail)); }",
        event,
    )


def told(page: Page) -> list[dict[str, object]]:
    return page.evaluate("window.told")


# predict-reveal


def test_the_answer_waits_for_a_guess(page: Page):
    question = patterns(page).locator("#predict-choice")
    heard(page, "predicted")
    reveal = question.locator("summary")
    expect(reveal).to_have_attribute("aria-disabled", "true")
    reveal.click(force=True)  # Playwright would wait for it to be enabled
    expect(question.get_by_text("It recites 64 of 64")).to_be_hidden()
    expect(question.get_by_text("Choose first")).to_be_visible()

    question.get_by_role("radio", name="about twelve").check()
    reveal.click()
    expect(question.get_by_role("status")).to_have_text(
        "Close. You said about twelve; the model: all of them."
    )
    expect(question.get_by_text("It recites 64 of 64")).to_be_visible()
    assert told(page) == [{"choice": "12", "verdict": "close"}]

    question.get_by_text("Guess again").click()
    expect(question.get_by_role("radio", name="about twelve")).not_to_be_checked()
    expect(question.get_by_role("status")).to_be_empty()


def test_a_question_is_answered_by_keyboard_alone(page: Page):
    question = patterns(page).locator("#predict-choice")
    question.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowUp")
    expect(question.get_by_text("It recites 64 of 64")).to_be_hidden()  # choosing is not yet revealing
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(question.get_by_role("status")).to_contain_text("Right.")
    expect(question.locator("summary")).to_be_focused()


def test_a_slider_is_a_guess_with_a_unit(page: Page):
    question = patterns(page).locator("#predict-slider")
    heard(page, "predicted")
    question.get_by_role("slider").fill("9")
    expect(question.locator("output")).to_have_text("9 of 16")
    question.locator("summary").click()
    expect(question.get_by_role("status")).to_contain_text("You said 9 of 16; the model: 5 of 16.")
    assert told(page) == [{"choice": 9, "verdict": "off"}]


def test_the_loaded_model_may_answer_otherwise(page: Page):
    question = patterns(page).locator("#predict-choice")
    question.get_by_role("radio", name="none").check()
    question.locator("summary").click()
    expect(question).to_have_attribute("data-verdict", "off")
    live = {"answer": 0, "measured": "It recites 0 of 64 <b>tokens</b>.", "model": "gpt2"}
    question.evaluate("(question, live) => { question.live = live; }", live)
    expect(question).to_have_attribute("data-verdict", "right")
    expect(question.locator(".predict-measured")).to_have_text("It recites 0 of 64 <b>tokens</b>.")
    expect(question.get_by_text("Computed here just now with gpt2")).to_be_visible()
    question.evaluate("question => { question.live = null; }")
    expect(question.locator(".predict-measured")).to_contain_text("64 of 64")


def test_nothing_is_remembered_between_visits(page: Page):
    question = patterns(page).locator("#predict-choice")
    question.get_by_role("radio", name="none").check()
    page.reload()
    expect(question.locator("summary")).to_have_attribute("aria-disabled", "true")
    expect(question.get_by_role("radio", name="none")).not_to_be_checked()


def test_without_scripts_the_answer_unfolds(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)")  # so Chromium calls a script it was told not to run
    page = new_page(java_script_enabled=False)
    page.goto("/patterns")
    question = page.locator("#predict-choice")
    expect(question.get_by_role("radio")).to_have_count(3)
    question.locator("summary").click()
    expect(question.get_by_text("It recites 64 of 64")).to_be_visible()


# line-figure


def test_a_curve_is_walked_with_arrows_and_moves_its_marker(page: Page):
    figure = specimen(patterns(page), "line-figure: four lines, pickable").locator("line-figure")
    heard(page, "x-picked")
    hand = figure.get_by_role("slider", name="tokens given")
    hand.focus()
    expect(hand).to_have_attribute(
        "aria-valuetext",
        "8: Lorem ipsum 1.13, A passage written for this project 7.10, Lorem ipsum, words changed 6.30",
    )
    page.keyboard.press("ArrowRight")
    expect(hand).to_have_attribute(
        "aria-valuetext",
        "16: Lorem ipsum 0.563, A passage written for this project 6.80, Lorem ipsum, words changed 5.90, Random words 9.50",
    )
    assert told(page) == [{"x": 16}]
    page.keyboard.press("End")
    assert told(page)[-1] == {"x": 64}


def test_a_click_picks_the_nearest_x_and_the_page_may_set_it(page: Page):
    figure = specimen(patterns(page), "line-figure: four lines, pickable").locator("line-figure")
    heard(page, "x-picked")
    figure.scroll_into_view_if_needed()
    ticks = figure.locator("text.figure-tick", has_text="32")
    box, plot = ticks.bounding_box(), figure.locator(".figure-plot").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 4, plot["y"] + plot["height"] / 2)
    assert told(page) == [{"x": 32}]
    figure.evaluate("figure => { figure.at = 2; }")
    page.mouse.move(0, 0)
    expect(figure.locator(".figure-readout b")).to_have_text("2")
    assert told(page) == [{"x": 32}]


def test_every_number_of_a_figure_stands_in_a_table(page: Page):
    figure = specimen(patterns(page), "line-figure: four lines, pickable").locator("line-figure")
    figure.get_by_text("Numbers").click()
    table = figure.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_count(5)
    expect(table.get_by_role("row")).to_have_count(8)
    eight = table.get_by_role("row").nth(4).get_by_role("cell").all_text_contents()
    assert eight == ["1.13 (0.900–1.35)", "7.10 (5.68–8.52)", "6.30 (5.04–7.56)", "–"]


@pytest.mark.parametrize("width", [320, 1280, 1920])
def test_figures_fit_their_page_and_nothing_jumps(new_page: NewPage, width: int):
    page = new_page(viewport={"width": width, "height": 900})
    patterns(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    names = specimen(page, "line-figure: four lines, pickable").locator(".figure-name")
    boxes = sorted((name.bounding_box() for name in names.all()), key=lambda box: box["y"])
    assert all(
        one["y"] + one["height"] <= other["y"] + 1 for one, other in zip(boxes, boxes[1:], strict=False)
    )
    figure = specimen(page, "line-figure: surprise along a text").locator("line-figure")
    before = figure.bounding_box()["height"]
    figure.evaluate("figure => { figure.at = 40; }")
    expect(figure.locator(".figure-cursor.is-at")).to_have_count(1)
    assert figure.bounding_box()["height"] == before


# heat-strip


def test_tokens_are_walked_and_selected_by_keyboard(page: Page):
    strip = specimen(patterns(page), "heat-strip: one row").locator("heat-strip")
    heard(page, "token-selected")
    options = strip.get_by_role("option")
    options.first.focus()
    page.keyboard.press("ArrowRight")
    expect(options.nth(1)).to_be_focused()
    expect(options.nth(1)).to_have_attribute("aria-label", "2: space ipsum, 0.2 bits")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert len(told(page)) == 1
    assert told(page)[0]["index"] >= 10  # the second line begins after the line break
    expect(strip.locator("[aria-selected=true]")).to_be_focused()
    page.keyboard.press("End")
    expect(options.last).to_be_focused()


def test_surprise_has_an_underline_of_its_own_weight(page: Page):
    strip = specimen(patterns(page), "heat-strip: one row").locator("heat-strip")
    weights = strip.get_by_role("option").evaluate_all(
        "options => options.map(option => [option.dataset.level, getComputedStyle(option).textDecorationLine,"
        " getComputedStyle(option).textDecorationThickness])"
    )
    lines = {level: (line, weight) for level, line, weight in weights}
    assert {level for level in lines if lines[level][0] == "underline"} == {"2", "3", "4"}
    assert [lines[level][1] for level in "234"] == ["2px", "3px", "4px"]


def test_aligned_rows_say_where_they_part(page: Page):
    strip = specimen(patterns(page), "heat-strip: aligned").locator("heat-strip")
    heard(page, "token-selected")
    pair = strip.get_by_role("option").nth(5)
    expect(pair).to_have_attribute("aria-label", "6: original ,, model nothing, other, 3.3 bits")
    expect(pair.locator(".heat-mark")).to_have_text("≠")
    strip.get_by_role("option").nth(4).locator("[data-row=model]").click()
    assert told(page) == [{"index": 4, "row": "model"}]


# run-bar


def test_a_run_counts_and_can_be_cancelled(page: Page):
    bar = specimen(patterns(page), "run-bar: measured on another").locator("run-bar")
    expect(bar).to_contain_text("Measured on gemma-3-270m, 22 Nov 2026.")
    expect(bar.get_by_role("note")).to_contain_text("Another model is loaded now")
    page.evaluate("addEventListener('run-asked', ({ target }) => target.run.start('slowly', {}))")
    bar.get_by_role("button", name="Run", exact=True).click()
    expect(bar).to_contain_text("Computing with")
    expect(bar.locator(".run-count")).to_contain_text("of 64")
    page.keyboard.press("Escape")
    expect(bar).to_contain_text("Cancelled after")
    expect(bar.get_by_role("button")).to_be_focused()
    bar.get_by_role("button").click()
    expect(bar).to_contain_text("Computed here just now with", timeout=15_000)


def test_a_run_that_fails_says_what_to_do(page: Page):
    bar = specimen(patterns(page), "run-bar: failed").locator("run-bar")
    expect(bar).to_contain_text("Every place is taken just now. Try again in 5 seconds.")
    expect(bar.get_by_role("button", name="Run", exact=True)).to_be_enabled()


# all of them


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_axe_has_nothing_to_say(new_page: NewPage, scheme: str, locale: str):
    page = patterns(new_page(color_scheme=scheme, locale=locale))
    for name in ("choice", "slider"):
        page.locator(f"#predict-{name} input").last.focus()
        page.keyboard.press("ArrowUp")
        page.locator(f"#predict-{name} summary").click()
    for details in page.locator("line-figure .figure-numbers summary").all():
        details.click()
    axe(page)


def test_on_paper_notes_are_open_and_controls_are_gone(page: Page):
    patterns(page)
    page.evaluate(
        "new Promise(loaded => document.head.append(Object.assign(document.createElement('link'),"
        " { rel: 'stylesheet', href: '/static/css/print.css', media: 'print', onload: loaded })))"
    )
    page.emulate_media(media="print")
    expect(page.get_by_text("temperature does").first).to_be_visible()
    expect(page.locator("header")).to_be_hidden()
    expect(page.get_by_role("button", name="Run", exact=True).first).to_be_hidden()
    expect(page.locator("line-figure svg.figure-svg").first).to_be_visible()
    expect(page.locator("#predict-choice").get_by_text("It recites 64 of 64")).to_be_hidden()


def test_a_figure_is_saved_as_it_is_drawn(page: Page):
    page.goto("/patterns")
    figure = page.locator("line-figure").first
    expect(figure.locator("svg.figure-svg")).to_be_visible()
    with page.expect_download() as saved:
        figure.get_by_role("button", name="Save this figure as SVG").click()
    drawn = ElementTree.parse(saved.value.path()).getroot()
    words = " ".join(drawn.itertext())
    assert saved.value.suggested_filename == "patterns-figure.svg"
    assert figure.locator(".figure-y-label").inner_text() in words
    assert figure.locator(".figure-name").first.inner_text().strip() in words
    assert "written by a language model" in words
    paths = [
        one
        for one in drawn.iter("{http://www.w3.org/2000/svg}path")
        if one.get("stroke") not in (None, "none")
    ]
    assert len(paths) >= figure.locator("svg.figure-svg .figure-line").count()
    with page.expect_download() as saved:
        figure.get_by_role("button", name="Save this figure as PNG").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
