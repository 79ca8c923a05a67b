"""Parallel universes in the browser: from a click to the picture, cancelled, shared, in two languages."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from app.main import create_app
from app.settings import Settings
from tests.in_browser import NewPage, Troubles, axe
from tests.live import serve, wait_until

OWN = "My favourite colour is"
SLOW_MS = 150  # a token: time enough to press Cancel


@pytest.fixture(scope="module")
def slow_server() -> Iterator[str]:
    app = create_app(Settings(engine="fake", ms_per_token=SLOW_MS))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


def section(page: Page, name: str):
    return page.locator(f"#{name}")


def run_button(page: Page, name: str):
    return section(page, name).get_by_role("button", name="Run it here")


def figure(page: Page):
    return page.locator("[data-figure] .universe-main")


def computed(page: Page, name: str) -> None:
    expect(section(page, name).locator("run-bar")).to_contain_text("Computed here just now")


def live(page: Page, path: str = "/hallucination") -> Page:
    page.goto(path)
    expect(page.locator(".universe-tree")).to_be_visible()
    expect(page.locator(".river-picture")).to_be_visible()
    return page


def run_own(page: Page, prompt: str = OWN) -> None:
    page.locator("#universes-prompt").fill(prompt)
    run_button(page, "universes").click()
    computed(page, "universes")


def test_a_control_of_another_model_says_whose_it_is(page: Page):
    live(page)
    whose = page.locator("[data-control-model]")
    expect(whose).to_be_empty()
    held: list[Route] = []

    def answer(route: Route) -> None:
        asks_own = route.request.post_data_json["prompt"] == OWN
        route.continue_() if asks_own else held.append(route)

    page.route("**/api/experiments/universes", answer)
    run_own(page)
    expect(whose).to_have_text("These are the answers of gemma-3-270m.")
    held[0].continue_()
    expect(whose).to_be_empty()


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/hallucination")
    expect(figure(page).locator(".answer-group").first).to_contain_text("Prague")
    expect(figure(page).locator(".agreement-meters")).to_contain_text("7.22 bits")
    expect(page.locator("[data-control] .answer-group").first).to_contain_text("Salzburg")
    expect(page.locator(".universe-all .universe")).to_have_count(16)
    expect(page.locator("universe-tree")).to_contain_text("everything else")
    expect(page.locator("evidence-river")).to_contain_text("Oslo 16")
    expect(page.locator("mistake-sides")).to_contain_text("London")
    assert page.locator(".answer-bar-fill").first.bounding_box()["width"] > 10


def test_a_preset_opens_at_once_from_its_measurement_beside_the_control(page: Page):
    live(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, answer, note in [
        ("A known fact", "Salzburg", "Mozart was born in Salzburg"),
        ("Confidently wrong", "Turkey", "the capital of Turkey is Ankara"),
        ("After the cut-off", "Joe Biden", "None of these sentences is a report"),
        ("An invented person", "Prague", "made up for this page"),
    ]:
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(figure(page).locator(".answer-group").first).to_contain_text(answer)
        expect(page.locator("[data-note]")).to_contain_text(note)
        control = "Prague" if name == "A known fact" else "Salzburg"
        expect(page.locator("[data-control] .answer-group").first).to_contain_text(control)
    assert [url for url in asked if "/api/experiments" in url] == []
    expect(section(page, "universes").locator("run-bar")).to_contain_text("Measured on gemma-3-270m")
    expect(page.locator(".universe-closing")).to_contain_text("never said that it does not know")


def test_of_the_event_after_the_cut_off_only_names_are_shown(page: Page):
    live(page)
    page.get_by_role("button", name="After the cut-off").click()
    page.get_by_role("button", name="Show it anyway").first.click()
    expect(page.locator(".universe-all .universe-text").first).not_to_be_empty()
    rests = page.locator(".universe-all .universe-rest").all_inner_texts()
    assert set(rests) == {""}


def test_ones_own_prompt_from_a_click_to_its_picture(page: Page):
    live(page)
    run_own(page)
    expect(figure(page).get_by_role("heading")).to_contain_text(OWN)
    counts = figure(page).locator(".answer-count").all_inner_texts()
    assert sum(int(re.match(r"\d+", count)[0]) for count in counts) == 16
    markers = page.locator(".universe-all .universe-marker").all_inner_texts()
    assert len(markers) == 16
    expect(page.locator("[data-control]")).to_contain_text("the same temperature 0.7")
    expect(page.locator("[data-note]")).to_contain_text("Your own prompt")
    page.get_by_text("The tree as a list").click()
    expect(page.locator(".tree-list li").first).to_contain_text("for the path")


def test_a_preset_that_fails_on_the_loaded_model_says_so(page: Page):
    live(page)
    page.get_by_role("button", name="A known fact").click()
    expect(page.locator("[data-failure]")).to_be_hidden()
    run_button(page, "universes").click()
    computed(page, "universes")
    expect(page.locator("[data-failure]")).to_contain_text("This model does not know it")
    page.get_by_role("button", name="An invented person").click()
    expect(page.locator("[data-failure]")).to_be_hidden()


def test_settings_go_into_the_question(page: Page):
    live(page)
    page.locator("#universes-n").fill("8")
    page.locator("#universes-temperature").fill("0")
    page.locator("#universes-cut").select_option("word")
    expect(section(page, "universes").locator("run-bar")).to_contain_text("The inputs have changed")
    with page.expect_request("**/api/experiments/universes") as asked:
        run_button(page, "universes").click()
    body = asked.value.post_data_json
    assert (body["n"], body["temperature"], body["cut"], body["seed"]) == (8, 0, "word", 7)
    computed(page, "universes")
    expect(figure(page).locator(".answer-count")).to_have_text(["8 of 8"])


def test_cancelled_in_the_middle_it_keeps_what_came(new_page: NewPage, slow_server: str, troubles: Troubles):
    troubles.expect("request to another host")
    page = live(new_page(base_url=slow_server))
    page.locator("#universes-prompt").fill(OWN)
    run_button(page, "universes").click()
    texts = page.locator(".universe-all .universe-text")
    expect(texts.first).not_to_be_empty()
    page.keyboard.press("Tab")
    section(page, "universes").get_by_role("button", name="Cancel").press("Escape")
    bar = section(page, "universes").locator("run-bar")
    expect(bar).to_contain_text(re.compile(r"Cancelled after \d+ of 24"))
    assert len(texts.first.inner_text()) > 0
    expect(run_button(page, "universes")).to_be_enabled()


def test_evidence_is_added_labelled_removed_and_run(page: Page):
    live(page)
    evidence = section(page, "evidence")
    expect(evidence.locator(".river-step")).to_have_count(4)
    evidence.get_by_role("button", name="Remove sentence 3").click()
    evidence.get_by_role("button", name="Add a sentence").click()
    evidence.get_by_label("Sentence 3", exact=True).fill("The sky is green.")
    evidence.get_by_label("Is sentence 3 true?").select_option("false")
    page.locator("#evidence-prompt").fill(OWN)
    with page.expect_request("**/api/experiments/evidence") as asked:
        run_button(page, "evidence").click()
    assert asked.value.post_data_json["sentences"][2] == {"text": "The sky is green.", "label": "false"}
    computed(page, "evidence")
    expect(evidence.locator(".river-step")).to_have_count(4)
    expect(evidence.locator(".river-step").last).to_contain_text("The sky is green.")
    expect(evidence.locator(".river-step").last.locator(".evidence-label")).to_have_text("false")
    expect(evidence.locator("[data-measured]")).to_be_hidden()
    evidence.get_by_role("button", name="Back to the example").click()
    expect(evidence.locator(".river-step").last).to_contain_text("Oslo")


def test_words_put_in_its_mouth(page: Page):
    live(page)
    page.locator("#mistake-prompt").fill(OWN)
    page.locator("#mistake-forced").fill(" green")
    page.locator("#mistake-watch").fill("trees, sky")
    run_button(page, "mistake").click()
    computed(page, "mistake")
    sides = section(page, "mistake")
    expect(sides.locator(".side .universe")).to_have_count(32)
    expect(sides.locator(".mentions").last).to_contain_text(re.compile(r"trees in \d+ of 16"))
    expect(sides.locator(".sides-odds")).to_contain_text("green")


def test_temperatures_side_by_side(page: Page):
    live(page)
    run_own(page)
    run_button(page, "temperatures").click()
    computed(page, "temperatures")
    expect(section(page, "temperatures").locator("[data-prompt]")).to_contain_text(OWN)
    expect(page.locator('[data-temperature="invented-greedy"] .answer-count')).to_have_text(["16 of 16"])


def test_a_shared_link_restores_and_runs_nothing(page: Page, new_page: NewPage):
    live(page)
    run_own(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="link")).to_be_visible()
    address = page.url
    assert "#s=1." in address
    other = new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(address)
    expect(other.locator("#universes-prompt")).to_have_value(OWN)
    expect(figure(other).get_by_role("heading")).to_contain_text("Vossmark")
    expect(section(other, "universes").locator("run-bar")).to_contain_text("The inputs have changed since")
    assert [url for url in asked if "/api/experiments" in url] == []


def link(page: Page, state: dict) -> str:
    """A link that anyone may have written."""
    return page.evaluate(
        "state => import('/static/js/base/share.js').then((share) => share.shareLink(state))", state
    )


def test_a_damaged_link_is_put_right(page: Page, new_page: NewPage):
    live(page)
    damaged = {"universes": {"request": {"prompt": 5, "n": 900}}, "evidence": {"request": 1}, "mistake": {}}
    strange = new_page()
    strange.goto(link(page, damaged))
    expect(strange.locator("#universes-n")).to_have_value("32")
    expect(strange.locator(".river-picture")).to_be_visible()


def test_a_link_brings_no_numbers_along(page: Page, new_page: NewPage):
    """As links once carried them: whoever wrote them could invent what gemma-3-270m said."""
    live(page)
    measured = page.evaluate(
        "async () => (await import('/static/js/base/page.js')).pageData.measurement.results"
    )
    invented = json.loads(json.dumps(measured["invented"]).replace("Prague", "Atlantis"))
    parts = {part["kind"]: part for part in invented}
    source = {"model": "gemma-3-270m", "measured_on": "2026-11-22"}
    figure_of = {"opening": parts["opening"], "outcome": parts["outcome"], "source": source}
    steps = [part for part in measured["collapse"] if part["kind"] == "step"]
    steps = json.loads(json.dumps(steps).replace("Oslo", "Atlantis"))
    request = {"prompt": OWN, "n": 16, "temperature": 0.7, "cut": "name", "seed": 7}
    sides = dict.fromkeys(("invented-greedy", "invented-plain"), figure_of)
    forged = {
        "universes": {"preset": None, "request": request, "own": {"request": request, **figure_of}},
        "temperatures": {"own": {"prompt": OWN, "sides": sides, "source": source}},
        "evidence": {"request": request, "own": {"steps": steps, "made": request, "source": source}},
    }
    other = new_page()
    other.goto(link(page, forged))
    expect(other.locator("#universes-prompt")).to_have_value(OWN)
    expect(figure(other).locator(".answer-group").first).to_contain_text("Prague")
    expect(other.locator("body")).not_to_contain_text("Atlantis")


def test_in_chinese_and_the_language_switch_keeps_what_one_typed(new_page: NewPage):
    page = new_page(locale="zh-CN")
    live(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("它从不说“我不知道”")
    page.locator("#universes-prompt").fill(OWN)
    section(page, "universes").get_by_role("button", name="在这里运行").click()
    expect(section(page, "universes").locator("run-bar")).to_contain_text("刚刚在这里")
    page.locator("#mistake-watch").fill("trees、sky，sea")
    section(page, "mistake").get_by_role("button", name="在这里运行").click()
    expect(section(page, "mistake").locator("run-bar")).to_contain_text("刚刚在这里")
    expect(section(page, "mistake").locator(".side").first.locator(".mentions li")).to_have_count(3)
    answers = figure(page).locator(".answer-text").all_inner_texts()
    page.get_by_role("link", name="English").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It never says that it does not know")
    expect(page.locator("#universes-prompt")).to_have_value(OWN)
    expect(figure(page).get_by_role("heading")).to_contain_text(OWN)
    assert figure(page).locator(".answer-text").all_inner_texts() == answers
    for name in ("universes", "mistake"):
        expect(section(page, name).locator("run-bar")).to_contain_text(
            re.compile(r"Measured on fake, \d+ \w+ 20")
        )
    expect(section(page, "mistake").locator(".mentions").first).to_contain_text("sea in")


def test_by_keyboard_alone(page: Page):
    live(page)
    page.get_by_role("button", name="A known fact").focus()
    page.keyboard.press("Enter")
    expect(figure(page).locator(".answer-group").first).to_contain_text("Salzburg")
    page.locator("#universes-prompt").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(OWN)
    run_button(page, "universes").focus()
    page.keyboard.press("Enter")
    computed(page, "universes")


def test_the_prediction_is_revealed(page: Page):
    live(page)
    predict = page.locator("#predict-after")
    predict.get_by_role("slider").fill("3")
    predict.locator("summary").click()
    expect(predict.locator(".predict-measured")).to_contain_text("9 different answers")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_overflows_and_axe_is_content(new_page: NewPage, scheme: str, width: int):
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    live(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    axe(page)


@pytest.mark.parametrize("width", [320, 2560])
def test_it_fits_the_narrowest_and_the_widest(new_page: NewPage, width: int):
    page = new_page(viewport={"width": width, "height": 900}, locale="zh-CN")
    live(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_jumps_while_the_page_comes_alive(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|request failed")
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())"
        " window.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    live(page)
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < 0.02
    figures = "universe-tree, evidence-river, evidence-editor, mistake-sides, answer-groups, universe-list"
    heights = (
        f"() => [...document.querySelectorAll('{figures}')].map((one) => Math.round(one.offsetHeight / 8))"
    )
    after = page.evaluate(heights)
    page.route("**/static/pages/**/*.js", lambda route: route.abort())
    page.goto("/hallucination")
    assert page.evaluate(heights) == pytest.approx(after, abs=1)
