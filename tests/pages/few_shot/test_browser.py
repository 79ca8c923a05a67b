"""The few-shot page in Chromium: guess, drag, break, rows of one's own, and the link to all of it."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.event_stream import events
from tests.in_browser import NewPage, Troubles, axe

STEPS = ("guess", "control", "surprise", "why", "copy", "own")


def at(page: Page, step: str) -> Page:
    page.goto(f"/few-shot#{step}")
    return alive(page)


def alive(page: Page) -> Page:
    expect(page.locator("few-document .few-rows")).to_be_attached()
    return page


def go(page: Page, step: str) -> None:
    page.evaluate("(step) => { location.hash = step; }", step)
    expect(page.locator(f'.stage-steps a[href="#{step}"]')).to_have_attribute("aria-current", "step")


def details(page: Page) -> None:
    page.get_by_role("button", name="Details").or_(page.get_by_role("button", name="细节")).click()
    expect(page.locator("#details")).to_be_visible()


def slider(page: Page):
    return page.get_by_role("slider", name="Examples shown").or_(
        page.get_by_role("slider", name="展示的例子数")
    )


def read(page: Page) -> str:
    """The examples as they stand on the stage."""
    return "\n".join(page.locator("few-document .few-rows .few-line").all_inner_texts())


def marks(page: Page) -> list[str]:
    return page.locator("few-document .few-mark > [aria-hidden]").all_inner_texts()


def points(page: Page, style: str = "main") -> int:
    return page.locator(f"#few-chart .line-{style} .figure-marker").count()


def own_task(page: Page) -> None:
    """Two rows and a question of one's own, in the fields."""
    page.locator("[data-task]").select_option("")
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


def seen(page: Page) -> dict[str, object]:
    """What stands on the stage, read as a person would."""
    return page.evaluate(
        """() => ({
          step: document.querySelector(".stage-steps a[aria-current]").hash,
          texts: [...document.querySelectorAll("few-document, [data-said], [data-score], [data-shots]")]
            .filter((each) => each.checkVisibility()).map((each) => each.textContent.replace(/\\s+/g, " ").trim()),
          fields: [...document.querySelectorAll(".few-own input")].filter((each) => each.checkVisibility()).map((field) => field.value),
          verdicts: [...document.querySelectorAll(".example-verdict")].filter((each) => each.checkVisibility()).map((each) => each.textContent),
          lines: [...document.querySelectorAll("#few-chart g[class^=line]")]
            .map((line) => [line.getAttribute("class"), line.querySelectorAll(".figure-marker").length]),
          label: document.querySelector("#few-chart .few-drawing")?.getAttribute("aria-label"),
        })"""
    )


def without_model_posts(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    return asked


def link_of(page: Page) -> str:
    before = page.url
    details(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url(lambda url: "#s=" in url and url != before)
    page.keyboard.press("Escape")
    return page.url


# The story


def test_it_opens_with_a_question_and_gives_nothing_away(page: Page):
    asked = without_model_posts(page)
    at(page, "guess")
    expect(page.locator("h1 > :not([data-off])")).to_have_text("How many examples does it need?")
    expect(page.get_by_role("group", name="The model reads “water:” and should write “물”.")).to_be_visible()
    expect(page.locator("few-document .few-open")).to_have_text(["?"] * 5)
    assert marks(page) == []
    expect(page.get_by_role("button", name="Show me")).to_be_disabled()
    details(page)
    expect(page.get_by_text("Guess first. Every number stands here afterwards.")).to_be_visible()
    expect(page.locator("#few-curve")).to_be_hidden()
    page.keyboard.press("Escape")
    page.get_by_role(
        "link", name="Next: Examples"
    ).click()  # whoever does not guess finds the slider at nothing, and no line
    expect(slider(page)).to_have_value("0")
    assert points(page) == 0
    expect(page.locator("[data-said]")).to_have_text("Drag the slider: one example more, and one more.")
    assert asked == []


def test_without_scripts_it_is_a_page_to_read(new_page: NewPage, troubles: Troubles):
    troubles.expect(
        r"\(csp\)$|preloaded using link preload"
    )  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/few-shot")
    expect(page.get_by_text("butterfly: 나비")).to_be_visible()
    expect(page.get_by_text("With no example: 0 of 5 right. With 2: 5 of 5.")).to_be_visible()
    expect(page.locator(".few-reason")).to_be_visible()


def test_the_reveal_moves_the_slider_and_holds_the_guess_against_what_comes(page: Page):
    at(page, "guess")
    page.get_by_label("three to six").check()
    page.get_by_role("button", name="Show me").click()
    expect(page).to_have_url(re.compile("#control$"))
    expect(page.locator("[data-said]")).to_have_text(
        "You said “three to six”. With no example: 0 of 5 right. With 2: 5 of 5."
    )
    expect(slider(page)).to_have_value("2")
    expect(page.locator("[data-score]")).to_have_text("5 of 5 right")
    assert points(page) == 3
    assert marks(page) == ["✓"] * 5
    expect(page.locator("[data-source]")).to_have_text("Measured on gemma-3-270m, 22 Nov 2026.")


def test_a_right_guess_is_told_so(page: Page):
    at(page, "guess")
    page.get_by_label("one or two").check()
    page.get_by_role("button", name="Show me").click()
    expect(page.locator("[data-said]")).to_have_text(
        "You said “one or two”, and so it is. With no example: 0 of 5 right. With 2: 5 of 5."
    )


def test_the_line_is_drawn_as_one_drags(page: Page):
    """Slider, prompt, answers and line are one thing."""
    at(page, "control")
    slider(page).focus()
    for shots, rows in enumerate(["butterfly: 나비", "ocean: 바다"], 1):
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-shots]")).to_have_text(str(shots))
        assert read(page).endswith(rows)
        assert points(page) == shots + 1
    assert marks(page) == ["✓"] * 5
    page.keyboard.press("ArrowLeft")
    assert read(page) == "butterfly: 나비"
    assert marks(page) == ["✓", "✗", "✗", "✗", "✗"]
    assert points(page) == 3  # what was seen stays
    expect(slider(page)).to_have_attribute("aria-valuetext", "1 example, 1 of 5 right")
    page.locator("#few-chart").click(position={"x": 300, "y": 60})
    assert int(page.locator("[data-shots]").inner_text()) > 2


def test_broken_examples_add_one_line_each_and_say_what_follows(page: Page):
    at(page, "surprise")
    assert (points(page), points(page, "control")) == (11, 0)
    page.get_by_role("button", name="Shuffle the answers").click()
    expect(page.locator("[data-said]")).to_contain_text("2 of them are still enough")
    assert points(page, "control") == 11
    expect(page.locator("few-document")).to_contain_text("butterfly: 달빛")
    expect(page.locator("few-document .few-changed").first).to_have_text("달빛")
    page.get_by_role("button", name="Break the format").click()
    expect(page.locator("[data-said]")).to_contain_text("it needs 10 of them instead of 2")
    expect(page.locator("few-document .few-changed").first).to_have_text("...", use_inner_text=True)
    assert points(page, "control-2") == 11
    page.get_by_role("button", name="Break the format").click()
    assert points(page, "control-2") == 0
    go(page, "control")
    assert (points(page), points(page, "control")) == (11, 0)  # one line only
    expect(page.locator("few-document")).to_contain_text("butterfly: 나비")


def test_where_the_answer_is_made_of_the_question_wrong_answers_ruin_it(page: Page):
    at(page, "surprise")
    page.get_by_role("radio", name="Upper case").check()
    page.get_by_role("button", name="Shuffle the answers").click()
    expect(page.locator("[data-said]")).to_contain_text("no number of them is enough")
    assert marks(page) == ["✗"] * 4


def test_page_and_story_say_the_same_of_learning(page: Page):
    """Nowhere does it learn: the claim, the chapter's sentence and the reason agree."""
    at(page, "why")
    expect(page.locator("h1 > :not([data-off])")).to_have_text("Nothing was learned; something was read")
    expect(page.locator(".few-reason")).to_contain_text("0 weights changed")
    said = page.evaluate("document.documentElement.textContent")
    assert "It learns" not in said
    page.goto("/#story")
    expect(page.get_by_text("Nothing was learned; something was read.")).to_be_visible()


def test_random_tokens_are_copied_once_the_button_is_pressed(page: Page):
    asked = without_model_posts(page)
    at(page, "copy")
    expect(page.locator("#few-repeat-chart .line-main")).to_have_count(0)
    page.get_by_role("button", name="Read the second copy").click()
    expect(page.locator("#few-repeat-chart .line-main")).to_have_count(1)
    expect(page.locator("[data-repeat-sentence]")).to_contain_text(
        "First copy: 22.9 bits per token. Second copy: 1.3."
    )
    assert asked == []


def test_other_random_tokens_are_read_here(page: Page):
    at(page, "copy")
    before = page.locator("[data-drawn]").inner_text()
    details(page)
    page.get_by_label("tokens in a copy").select_option("10")
    page.get_by_role("button", name="Draw other tokens").click()
    expect(page.locator("#few-repeat-run")).to_contain_text("Computed here just now")
    page.keyboard.press("Escape")
    assert page.locator("[data-drawn]").inner_text() != before
    expect(page.locator("[data-drawn] .few-chip")).to_have_count(10)
    expect(page.locator("[data-repeat-sentence]")).to_contain_text("bits per token")


# What it looks like


def test_what_a_model_wrote_is_not_green_and_right_is_not_told_by_colour_alone(page: Page):
    at(page, "control")
    slider(page).fill("1")
    for written in page.locator("few-document .few-greedy").all():
        assert written.evaluate("node => getComputedStyle(node).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert {"✓", "✗"} == set(marks(page))
    details(page)
    for written in page.locator("few-shot-answers .few-greedy").all():
        assert written.evaluate("node => getComputedStyle(node).backgroundColor") == "rgba(0, 0, 0, 0)"


def test_only_the_true_line_is_solid(page: Page):
    at(page, "surprise")
    details(page)
    expect(page.locator("#few-curve .figure-svg .figure-line")).to_have_count(5)
    dashes = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#few-curve .figure-svg g[class^=line]")]
          .map((line) => [line.getAttribute("class"), getComputedStyle(line.querySelector(".figure-line")).strokeDasharray]))"""
    )
    assert len(dashes) == 5
    assert [style for style, dash in dashes.items() if dash == "none"] == ["line-main"]


def test_examples_are_counted_in_whole_numbers(page: Page):
    at(page, "own")
    own_task(page)
    assert page.locator("#few-chart .few-tick[text-anchor=middle]").all_text_contents() == ["0", "1", "2"]
    expect(page.locator("[data-score]")).to_have_text("")
    details(page)
    along = page.locator("#few-curve .figure-tick[text-anchor=middle]").all_text_contents()
    assert along == ["0", "1", "2"]
    assert "0 questions" not in page.locator("#details").inner_text()


def test_rows_are_edited_above_the_chart_on_a_phone_without_gaps(new_page: NewPage):
    page = at(new_page(viewport={"width": 390, "height": 844}, has_touch=True), "own")
    rows, chart, button = (
        page.locator(place).bounding_box() for place in ("#few-rows", "#few-chart", "#few-run button")
    )
    assert rows["y"] < 300 < chart["y"]
    assert button["y"] + button["height"] < 844  # stays in the bar at the foot
    edges = page.evaluate(
        """() => [...document.querySelectorAll(".example-row, .few-own .button, .few-heading")].filter((each) => each.checkVisibility())
          .map((each) => each.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]).sort((a, b) => a[0] - b[0])"""
    )
    assert max(after[0] - before[1] for before, after in zip(edges, edges[1:], strict=False)) < 40


SIZES = {
    "desk": {"viewport": {"width": 1280, "height": 720}},
    "projector": {"viewport": {"width": 1920, "height": 1080}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("size", SIZES)
def test_each_step_fits_one_screen(new_page: NewPage, size: str, locale: str):
    page = new_page(**SIZES[size], locale=locale, reduced_motion="reduce")
    if size == "projector":
        page.add_init_script("localStorage.setItem('projector', 'on')")
    at(page, "guess")
    for step in STEPS:
        go(page, step)
        if step == "control":
            slider(page).fill("10")
        if step == "surprise":
            page.locator("[data-break=shuffled]").click()
            page.locator("[data-break=format]").click()
        if step == "copy":
            page.locator("[data-action=second-copy]").click()
        main = page.evaluate(
            "(({ scrollHeight, clientHeight }) => [scrollHeight, clientHeight])(document.querySelector('main'))"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["viewport"]["width"]
        if size != "phone":
            assert main[0] <= main[1], step
            continue
        foot = page.locator(".stage-foot").bounding_box()["y"]
        together = {
            "guess": ("[data-question]", ".choice >> nth=3", ".few-guess button"),
            "control": ("few-document", "#few-shots", "[data-score]", "[data-said]"),
            "surprise": ("few-document", "#few-shots", "[data-break=format]"),
            "why": (".few-reason",),
            "copy": ("#few-repeat-chart", "[data-repeat-sentence]"),
            "own": ("#few-rows", "#few-run button"),
        }[step]
        for place in together:
            box = page.locator(place).first.bounding_box()
            assert 0 <= box["y"] and box["y"] + box["height"] <= foot, (step, place)


def test_what_is_read_on_a_wall_is_large_enough(new_page: NewPage):
    page = new_page(**SIZES["projector"])
    page.add_init_script("localStorage.setItem('projector', 'on')")
    at(page, "guess")
    for step in STEPS:
        go(page, step)
        small = page.evaluate(
            """() => [...document.querySelectorAll(".screen *")].filter((each) => each.checkVisibility()
                && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
              .map((each) => [each.className.baseVal ?? each.className, each.textContent.trim().slice(0, 30),
                Number.parseFloat(getComputedStyle(each).fontSize)])
              .filter(([, , size]) => size < 24)"""
        )
        assert [each for each in small if "visually-hidden" not in each[0]] == [], step
        read = page.evaluate(
            """() => [...document.querySelectorAll("few-document .few-line, .why, .few-said, .choice, .few-head, .example-row .field")]
              .filter((each) => each.checkVisibility()).map((each) => Number.parseFloat(getComputedStyle(each).fontSize))"""
        )
        assert min(read, default=32) >= 32, step


def test_nothing_jumps_when_results_come(page: Page):
    at(page, "control")
    page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) { // examples move up in their own box, as a text does that grows
            if (entry.sources.some(({ node }) => !node?.parentElement?.closest(".few-rows"))) window.shift += entry.value;
          } }).observe({ type: "layout-shift" }); }"""
    )
    for shots in range(11):
        slider(page).fill(str(shots))
    go(page, "surprise")
    page.get_by_role("button", name="Shuffle the answers").click()
    expect(page.locator("[data-said]")).to_contain_text("still enough")
    assert page.evaluate("window.shift") <= 0.02


# Rows of one's own


def test_every_preset_opens_within_a_moment(page: Page):
    at(page, "own")
    for name in ("Opposites", "Capital cities", "Praise or complaint", "Spell it backwards"):
        page.locator("[data-task]").select_option(label=name)
        expect(page.locator("[data-score]")).to_contain_text("right", timeout=300)
        expect(page.locator("#few-run")).to_contain_text("Measured on")
    expect(page.locator("[data-said]")).to_have_text(
        "This model cannot do it: after 8 examples 0 of 4 right."
    )


def test_the_prompt_shown_is_what_the_model_gets(page: Page):
    at(page, "own")
    own_task(page)
    slider(page).fill("2")
    with page.expect_request("**/api/experiments/few-shot") as asked:
        run(page)
    sent = page.request.post("/api/experiments/few-shot", data=asked.value.post_data_json)  # computed once
    parts = events(sent.text())
    questions = next(part for kind, part in parts if kind == "questions")
    true = next(part for kind, part in parts if kind == "examples" and part["line"] == "true")
    point = next(
        part for kind, part in parts if kind == "point" and part["line"] == "true" and part["shots"] == 2
    )
    details(page)
    shown = page.locator("[data-prompt]").text_content()
    assert shown == "".join(true["texts"]) + questions["prompts"][0] == "one: eno\ntwo: owt\nsix:"
    count = point["answers"][0]["prompt_tokens"] - questions["bos"]
    expect(page.locator("[data-tokens]")).to_have_text(re.compile(rf"^{count} tokens"))
    expect(page.locator("#few-tokens [data-index], #few-tokens .token-chip").first).to_be_attached()


def test_a_control_shows_its_own_prompt(page: Page):
    at(page, "own")
    page.locator("[data-task]").select_option(label="English to Korean")
    details(page)
    page.get_by_label("Its answer to each question, given").select_option("format")
    expect(page.locator("[data-prompt]")).not_to_contain_text("butterfly: 나비")
    expect(page.locator("[data-prompt]")).to_contain_text("butterfly")


def test_rows_are_added_moved_and_removed_by_keyboard(page: Page):
    at(page, "own")
    page.locator("[data-task]").select_option(label="English to Korean")
    rows = page.locator("#few-rows")
    rows.get_by_label("input, row 1", exact=True).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.get_by_label("input, row 2")).to_have_value("butterfly")
    expect(rows.get_by_label("input, row 2")).to_be_focused()
    expect(page.locator("#few-run")).to_contain_text("You changed something")
    rows.get_by_role("button", name="Add an example").press("Enter")
    expect(rows.get_by_label("input, row 11")).to_be_focused()
    page.keyboard.type("star")
    page.keyboard.press("Tab")
    page.keyboard.type("별")
    rows.get_by_role("button", name="Remove row 1", exact=True).press("Enter")
    expect(rows.locator(".example-row")).to_have_count(10)
    slider(page).fill("10")
    details(page)
    expect(page.locator("[data-prompt]")).to_contain_text("star: 별")
    expect(page.locator("[data-prompt]")).not_to_contain_text("ocean")


def test_changed_rows_never_stand_under_an_older_result(page: Page):
    at(page, "own")
    expect(page.locator("[data-score]")).to_have_text("3 of 3 right")
    expect(page.locator(".example-verdict")).to_have_count(3)
    page.locator("#few-rows").get_by_label("output, row 1").fill("zam lamp")
    expect(page.locator("[data-score]")).to_have_text("")
    expect(page.locator(".example-verdict")).to_have_count(0)
    assert points(page) == 0
    page.locator("#few-rows").get_by_label("output, row 1").fill("zim lamp zom")
    expect(page.locator("[data-score]")).to_have_text("3 of 3 right")


def test_separators_can_be_changed_and_are_shown(page: Page):
    at(page, "own")
    page.locator("[data-task]").select_option(label="English to Korean")
    page.locator(".few-format summary").click()
    page.get_by_label("between input and output").fill(" => ")
    expect(page.locator("[data-shape]")).to_have_text("butterfly·=>·나비↵")
    page.get_by_label("after the row").fill("\\n\\n")
    details(page)
    expect(page.locator("[data-prompt]")).to_contain_text("butterfly => 나비")
    assert page.locator("[data-prompt]").text_content().endswith("\n\nwater =>")


def test_a_task_of_ones_own_is_run(page: Page):
    at(page, "own")
    own_task(page)
    expect(page.locator("#few-run")).to_contain_text("Not computed yet")
    run(page)
    expect(page.locator("[data-score]")).to_contain_text("of 1 right")
    expect(page.locator(".example-verdict")).to_have_count(1)
    assert points(page) == 3
    page.get_by_role("button", name="Shuffle the answers").click()
    expect(page.locator("#few-chart .line-control .figure-marker")).to_have_count(3)
    details(page)
    expect(page.locator("few-shot-answers tbody tr")).to_have_count(1)
    expect(page.locator("[data-big]")).to_contain_text("%")
    expect(page.locator("[data-answer-tokens]")).to_contain_text("=")
    page.get_by_role("button", name="Score the examples themselves").click()
    expect(page.locator("[data-view-note]")).to_contain_text("One pass")
    page.get_by_role("button", name="log p").click()
    expect(page.locator("#few-curve svg.figure-svg")).to_be_visible()


def test_with_the_keyboard_alone(page: Page):
    at(page, "guess")
    page.get_by_label("none: it knows them already").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("one or two")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("[data-said]")).to_contain_text("You said “one or two”")
    go(page, "own")
    page.locator("[data-task]").select_option("")
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
    expect(page.locator("[data-shots]")).to_have_text("0")
    details(page)
    expect(page.locator("[data-prompt]")).to_have_text("six:")
    page.get_by_role("button", name="log p").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="log p")).to_have_attribute("aria-pressed", "true")


def test_what_is_missing_keeps_it_from_running_and_is_said(page: Page):
    at(page, "own")
    page.locator("[data-task]").select_option("")
    expect(page.locator("#few-run button")).to_be_disabled()
    expect(page.locator("[data-said]")).to_have_text("Write at least one example: an input and its output.")


def test_axes_stay_while_a_run_has_no_points_yet(page: Page):
    at(page, "own")
    page.route("**/api/experiments/few-shot", lambda route: None)  # the answer never comes
    page.locator("#few-run button").click()
    expect(page.locator("#few-run button")).to_have_text("Cancel")
    expect(page.locator("#few-chart .few-grid")).not_to_have_count(0)
    assert points(page) == 0
    page.locator("#few-run button").click()


def test_a_run_is_cancelled_in_the_middle_and_what_came_stays(page: Page):
    at(page, "own")
    asked = []

    def cut(route: Route) -> None:
        asked.append(route)
        route.continue_()

    page.route("**/api/experiments/few-shot", cut)
    page.locator("#few-run button").click()
    expect(page.locator("#few-run button")).to_have_text("Cancel")
    page.locator("#few-run button").click()
    expect(page.locator("#few-run")).to_contain_text("Cancelled")
    expect(page.locator("#few-run button")).to_be_enabled()
    expect(page.locator("#few-chart svg")).to_be_visible()
    assert len(asked) == 1


def test_a_server_that_is_gone_is_said_at_the_button(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|Failed to load resource")
    at(page, "own")
    page.route("**/api/**", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it asks again
    expect(page.locator("#few-run")).to_contain_text("The server does not answer just now.")
    expect(page.locator("#few-run button")).to_be_disabled()
    go(page, "control")  # and what was measured is played all the same
    slider(page).fill("2")
    expect(page.locator("[data-score]")).to_have_text("5 of 5 right")


def test_all_steps_at_once_still_run_what_is_pressed(page: Page):
    at(page, "control")
    page.evaluate("document.documentElement.toggleAttribute('data-all', true)")
    own_task(page)
    run(page)
    expect(page.locator(".example-verdict")).to_have_count(1)
    expect(page.locator("[data-score]")).to_contain_text("of 1 right")


def test_options_are_read_with_chinese_commas(page: Page):
    at(page, "own")
    page.locator(".few-format summary").click()
    options = page.get_by_label("possible answers")
    options.fill("물、밥，물,  불")
    options.press("Tab")
    expect(options).to_have_value("물, 밥, 불")


# Kept, and shared


def test_typed_rows_and_every_step_outlive_reload_back_and_language(page: Page):
    at(page, "guess")
    page.get_by_label("one or two").check()
    page.get_by_role("button", name="Show me").click()
    expect(slider(page)).to_have_value("2")
    go(page, "surprise")
    page.get_by_role("button", name="Shuffle the answers").click()
    expect(page.locator("[data-said]")).to_contain_text("still enough")
    go(page, "own")
    own_task(page)
    run(page)
    for step in ("own", "surprise", "control", "copy", "why", "guess"):
        go(page, step)
        before = seen(page)
        page.reload()
        alive(page)
        expect(page.locator("few-document .few-questions")).to_be_attached()
        assert seen(page) == before, f"{step}, reloaded"
        page.goto("/tokenizer")
        page.go_back()
        alive(page)
        assert seen(page) == before, f"{step}, and back"
    go(page, "own")
    before = seen(page)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    alive(page)
    expect(page.locator("#few-chart .few-drawing")).to_be_attached()
    assert seen(page)["fields"] == before["fields"]
    assert seen(page)["lines"] == [["line-main", 3]]
    expect(page.locator("#few-run")).to_contain_text("fake")


def test_the_story_is_told_in_the_readers_language(page: Page):
    at(page, "guess")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1 > :not([data-off])")).to_have_text("要看几个例子才够？")
    expect(page.get_by_role("button", name="看结果")).to_be_disabled()
    expect(page.get_by_role("group", name="模型读到“纸 ->”，应当写出“一张纸”。")).to_be_visible()
    page.get_by_label("三到六个").check()
    page.get_by_role("button", name="看结果").click()
    expect(page.locator("[data-said]")).to_have_text(
        "你猜的是“三到六个”，猜对了。没有例子：5 题答对 0 题。4 个例子：答对 5 题。"
    )
    go(page, "surprise")
    page.get_by_role("button", name="打乱答案").click()
    expect(page.locator("[data-said]")).to_contain_text("可是 4 个照样够用")
    page.get_by_role("radio", name="简体→繁体").check()
    page.get_by_role("button", name="打乱答案").click()
    expect(page.locator("[data-said]")).to_contain_text("放多少个都不够")


def test_a_link_in_another_language_names_what_it_shows(page: Page, new_page: NewPage):
    at(page, "control")
    slider(page).fill("2")
    go(page, "surprise")
    other = new_page(locale="zh-CN")
    other.goto(link_of(page))
    alive(other)
    expect(other.locator("few-document")).to_contain_text("butterfly: 나비")
    expect(other.get_by_role("radio", name="英语译韩语")).to_be_checked()


def test_the_language_changes_where_storage_is_blocked(page: Page):
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); }"
    )
    at(page, "own")
    own_task(page)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#few-run button")).to_be_visible()


def nothing_measured(page: Page) -> None:
    """The server of another model, on which nothing was measured."""

    def answer(route: Route) -> None:
        data = route.fetch().json()
        route.fulfill(content_type="application/json", body=json.dumps(data | {"measurement": None}))

    page.route("**/page-data/few_shot/*", answer)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_opens_a_link_sees_what_the_sharer_saw(page: Page, new_page: NewPage, elsewhere: bool):
    at(page, "guess")
    page.get_by_label("three to six").check()
    page.get_by_role("button", name="Show me").click()
    expect(slider(page)).to_have_value("2")
    links = {"control": (link_of(page), seen(page))}
    go(page, "surprise")
    page.get_by_role("button", name="Break the format").click()
    expect(page.locator("[data-said]")).to_contain_text("instead of 2")
    links["surprise"] = (link_of(page), seen(page))
    go(page, "own")
    links["a preset"] = (link_of(page), seen(page))
    own_task(page)
    run(page)
    links["a run"] = (link_of(page), seen(page))
    assert all(len(link) < 8_000 for link, _ in links.values()), {k: len(v[0]) for k, v in links.items()}
    for name, (link, sharer_saw) in links.items():
        other = new_page()
        if elsewhere:
            nothing_measured(other)
        asked = without_model_posts(other)
        other.goto(link)
        alive(other)
        expect(other.locator("#few-chart .few-drawing")).to_be_attached()
        other.wait_for_timeout(300)
        assert seen(other) == sharer_saw, name
        assert asked == [], name


def test_a_link_after_a_cancelled_run_holds_what_came(page: Page, new_page: NewPage):
    at(page, "own")
    own_task(page)
    body = page.request.post(
        "/api/experiments/few-shot",
        data={"rows": [["one", "eno"], ["two", "owt"]], "queries": [["six", "xis"]], "controls": []},
    ).text()
    half = body[: body.index("event: point", body.index("event: point") + 1)]
    page.route(
        "**/api/experiments/few-shot",
        lambda route: route.fulfill(content_type="text/event-stream", body=half),
    )
    page.locator("#few-run button").click()
    expect(page.locator("#few-chart .line-main .figure-marker")).to_have_count(1)
    sharer_saw = seen(page)
    other = new_page()
    asked = without_model_posts(other)
    other.goto(link_of(page))
    alive(other)
    assert seen(other) == sharer_saw
    assert asked == []


def test_a_link_made_before_there_were_steps_opens(page: Page):
    at(page, "guess")
    asked = without_model_posts(page)
    for shared, step, check in (
        ({"preset": "korean", "stop": 2, "query": 0, "line": "true"}, "control", "5 of 5 right"),
        ({"preset": "antonyms", "stop": 1, "query": 0, "line": "shuffled"}, "own", "1 of 5 right"),
        (
            {"preset": None, "stop": 2, "task": {"rows": [["a", "b"], ["c", "d"]], "queries": [["e", "f"]]}},
            "own",
            "",
        ),
    ):
        link = page.evaluate(
            """async (state) => {
              const { encodeState } = await import("/static/js/base/share.js");
              return `/few-shot#s=${await encodeState(state)}`;
            }""",
            shared,
        )
        page.goto("about:blank")
        page.goto(link)
        alive(page)
        expect(page.locator(f'.stage-steps a[href="#{step}"]')).to_have_attribute("aria-current", "step")
        expect(page.locator("[data-score]")).to_have_text(check)
        expect(page.locator("[data-shots]")).to_have_text(str(shared["stop"]))
    assert asked == []


def test_a_run_of_today_is_not_dated_as_the_measurement(page: Page):
    at(page, "own")
    own_task(page)
    run(page)
    go(page, "copy")
    details(page)
    page.get_by_label("tokens in a copy").select_option("10")
    page.locator("#few-repeat-run button").click()
    expect(page.locator("#few-repeat-run")).to_contain_text("Computed here just now")
    page.keyboard.press("Escape")
    read_out = page.locator("[data-drawn]").inner_text()
    page.get_by_role("link", name="中文").click()
    go(page, "own")
    for place in ("#few-run", "#few-repeat-run"):
        expect(page.locator(place)).to_contain_text("fake")
        expect(page.locator(place)).not_to_contain_text("2026 年 11 月 22 日")
    expect(page.locator("[data-drawn]")).to_have_text(read_out)


def test_the_question_is_answered_anew_by_a_run_here(page: Page):
    at(page, "guess")
    page.get_by_label("one or two").check()
    page.get_by_role("button", name="Show me").click()
    expect(page.locator("[data-said]")).to_contain_text("and so it is")
    details(page)
    page.locator("#few-run-here button").click()
    expect(page.locator("#few-run-here")).to_contain_text("Computed here just now with fake", timeout=30_000)
    page.keyboard.press("Escape")
    expect(page.locator("[data-said]")).to_have_text(
        "You said “one or two”. With no example: 0 of 5 right. With 10: 0 of 5."
    )
    expect(page.locator("[data-source]")).to_contain_text("fake")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_for_axe_to_object_to(new_page: NewPage, scheme: str, width: int):
    page = at(new_page(color_scheme=scheme, viewport={"width": width, "height": 900}), "guess")
    for step in STEPS:
        go(page, step)
        if step == "own":
            page.locator(".few-format summary").click()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    details(page)
    axe(page)
