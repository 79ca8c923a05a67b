"""How much of a text the model is shown, what it writes from there, and what breaks that."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from app.pages.presets import read_measurement
from tests.in_browser import NewPage, Troubles, axe

OWN = (
    "Once upon a time in a small village by the sea there was a dog named Max. Max loved to play with the "
    "children, and every morning he would run down to the harbour and wait for the boats to come in. One day "
    "the fishermen did not come back. The sky was dark, and the wind was strong, and Max sat at the end of the "
    "pier and waited."
)
STEPS = ("guess", "control", "compare", "break", "why", "own")

# Both clicks on the one button, the second as soon as it says Cancel.
START_AND_CANCEL = """() => new Promise((done) => {
  const button = document.querySelector("#run button");
  button.click();
  const look = () => {
    if (button.textContent !== "Cancel") return requestAnimationFrame(look);
    button.click();
    done();
  };
  look();
})"""


def measured(preset: str, kind: str) -> dict:
    measurement = read_measurement("regurgitation", "gemma-3-270m")
    assert measurement is not None
    return next(part for part in measurement.results[preset] if part["kind"] == kind)


def at(page: Page, step: str) -> Page:
    page.evaluate("step => { location.hash = step }", step)
    expect(page.locator(".regurgitation")).to_have_attribute("data-at", step)
    return page


def passage(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Passage").select_option(label=name)


def slider(page: Page):
    return page.get_by_role("slider", name="Tokens shown", exact=True)


def recite(page: Page):
    return page.get_by_role("button", name="Recite", exact=True)


def live(page: Page, path: str = "/regurgitation#control") -> Page:
    """The step with the slider, as soon as a model answers and the answer was played."""
    page.goto(path)
    expect(recite(page)).to_be_enabled()
    expect(page.locator("#main-score")).to_have_text("51")
    return page


def own(page: Page, text: str = OWN) -> Page:
    page.goto("/regurgitation#own")
    page.locator("#own").fill(text)
    expect(recite(page)).to_be_enabled()
    return page


def computed(page: Page, bar: str = "#run"):
    expect(page.locator(bar)).to_contain_text("Computed here just now", timeout=20_000)


def details(page: Page) -> None:
    if not page.locator("#details").is_visible():
        page.get_by_role("button", name="Details").click()


def link_of(page: Page) -> str:
    details(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url("**#s=*")
    return page.url


def seen(page: Page) -> dict[str, str]:
    """Everything that a step says, wherever its numbers come from."""
    return page.evaluate(
        """() => Object.fromEntries(["main-score", "main-of", "control-score", "control-of", "main-recital",
          "control-recital", "sentence", "word-sentence", "why-main", "why-control", "prefix-shown", "numbers"]
          .map((id) => [id, document.getElementById(id).textContent.replace(/\\s+/g, " ")]))"""
    )


def posts(page: Page) -> list[str]:
    """What the page asks of the model from now on."""
    asked: list[str] = []
    page.on("request", lambda request: "/api/experiments/" in request.url and asked.append(request.url))
    return asked


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)")  # modules that the page announces, and a browser without scripts lets go
    page = new_page(java_script_enabled=False)
    page.goto("/regurgitation")
    expect(page.locator("#main-recital .recital-same").first).to_contain_text("of religion, or prohibiting")
    expect(page.locator("#control-recital .recital-drift").first).to_be_visible()
    expect(page.locator("#main-score")).to_have_text("45")
    expect(page.locator("#main-of")).to_have_text("of 46 tokens match")


def test_nothing_is_given_away_before_the_guess(page: Page):
    page.goto("/regurgitation")
    expect(page.get_by_role("heading", level=1)).to_contain_text("How much must it be shown")
    expect(page.locator("#guess-score")).to_have_text("27")
    details(page)  # nor by the drawer
    expect(page.locator(".recite-details")).to_be_hidden()
    visible = page.locator("main").inner_text()
    assert "match" not in visible and "≠" not in visible
    assert page.locator("main .recital-same:visible, main .recital-drift:visible").count() == 0


def test_question_and_slider_speak_of_the_same_thing(page: Page):
    """The guess is made in tokens, on the slider that then shows the answer, and the words they are stand in bold."""
    page.goto("/regurgitation")
    slider(page).fill("3")
    expect(page.locator("#guess-score")).to_have_text("3")
    expect(page.locator("#guess-of")).to_have_text("of 54 tokens")
    expect(page.locator("#guess-text .recital-given")).to_have_text("Congress shall make")
    assert "words" not in page.locator("#guess-of").inner_text() + page.locator("h1").inner_text()


def test_the_reveal_moves_the_real_slider_and_needs_no_model(page: Page):
    page.route("**/api/experiments/*", lambda route: route.abort())
    asked = posts(page)
    page.goto("/regurgitation")
    slider(page).fill("20")
    page.get_by_role("button", name="Show how much it needs").click()
    expect(page).to_have_url(re.compile("#control$"))
    expect(slider(page)).to_have_value("2")
    expect(page.locator("#main-score")).to_have_text("51")
    expect(page.locator("#main-of")).to_have_text("of 52 tokens match")
    expect(page.locator("#sentence")).to_have_text(
        "You said 20; 2 tokens are enough. After “Congress shall” the next 45 follow without a slip."
    )
    assert asked == []


def test_what_is_revealed_comes_at_once_where_motion_is_unwelcome(new_page: NewPage):
    page = new_page(reduced_motion="reduce")
    page.goto("/regurgitation")
    page.get_by_role("button", name="Show how much it needs").click()
    expect(page.locator("#main-score")).to_have_text("51", timeout=600)


def test_a_passage_opens_at_once_with_its_measured_result(page: Page):
    live(page)
    asked = posts(page)
    milliseconds = page.evaluate(
        """() => {
          const start = performance.now();
          const passage = document.querySelector("#passage");
          passage.value = "preamble";
          passage.dispatchEvent(new Event("change"));
          return document.querySelector("#main-recital").updateComplete.then(() => performance.now() - start);
        }"""
    )
    assert milliseconds < 300
    expect(page.locator("#main-score")).to_have_text("37")
    expect(page.locator("#main-of")).to_have_text("of 48 tokens match")
    expect(page.locator("#run")).to_contain_text("Measured on gemma-3-270m")
    details(page)
    expect(page.locator("[data-source]:visible")).to_contain_text("1787")
    expect(page.locator("[data-row=preamble]")).to_contain_text("0.18")
    assert asked == []


def test_the_slider_tells_the_run_of_every_opening(page: Page):
    live(page)
    slider(page).fill("8")
    expect(page.locator("#main-score")).to_have_text("45")
    expect(page.locator("#main-of")).to_have_text("of 46 tokens match")
    expect(page.locator("#sentence")).to_have_text("Shown 8 tokens, it writes the next 39 without a slip.")
    slider(page).fill("1")
    expect(page.locator("#main-score")).to_have_text("0")
    expect(page.locator("#sentence")).to_have_text("Shown 1 token, it slips at the very next one.")
    expect(page.locator("#main-recital .recital-drift")).to_have_count(1)


def test_how_far_it_gets_is_drawn_and_where_the_text_ends(page: Page):
    live(page)
    details(page)
    figure = page.locator("#curve")
    expect(figure.locator(".figure-y-label")).to_have_text("how far it gets, in tokens")
    expect(figure).to_contain_text("the text's end")
    figure.get_by_text("Numbers").click()
    cells = figure.locator("tbody tr td:nth-of-type(1)").all_inner_texts()
    reached = [int(cell) for cell in cells if cell != "–"]  # the control's text is longer
    assert reached[:2] == [1, 47]
    assert reached == sorted(reached)
    assert reached[-1] == len(measured("amendment", "passage")["ids"])


def test_a_recitation_runs_from_the_click_to_its_picture(page: Page):
    live(page)
    slider(page).fill("8")
    recite(page).click()
    computed(page)
    expect(page.locator("#main-recital .recital-given")).to_have_text(
        re.compile("^Congress shall make no law respecting an establishment")
    )
    details(page)
    expect(page.locator("#curve path, #curve polyline").first).to_be_attached()
    expect(page.locator("#main-heat .heat-token").first).to_have_text("Congress")
    expect(page.locator("#numbers")).to_contain_text("fake:")  # its own number beside the measured one


def test_green_says_one_thing_that_a_model_wrote_it(page: Page):
    live(page)
    colours = page.evaluate(
        """() => {
          const probe = document.body.appendChild(document.createElement("i"));
          const role = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
          const of = (selector) => getComputedStyle(document.querySelector(selector));
          return {
            good: role("--color-good"), model: role("--color-model"), mark: role("--color-model-mark"),
            same: of("#main-recital .recital-same").backgroundColor,
            line: of("#main-recital .recital-same").textDecorationColor,
            drift: of("#main-recital .recital-drift").backgroundColor,
          };
        }"""
    )
    assert colours["same"] == colours["model"]
    assert colours["line"] == colours["mark"] != colours["good"]
    assert colours["drift"] not in (colours["model"], colours["good"])


def test_every_control_can_stand_beside_the_text(page: Page):
    at(live(page), "compare")
    expect(page.locator("#control-score")).to_have_text("0")
    expect(page.locator("#control-recital .recital-given")).to_have_text("The allotment")
    control = page.get_by_role("combobox", name="Control")
    control.select_option("famous")
    expect(page.locator("#control-recital .recital-given")).to_have_text("To be")
    slider(page).fill("8")
    control.select_option("changed")
    expect(page.locator("#control-recital")).to_contain_text("Bakers shall knead no loaf")
    control.select_option("swapped")
    expect(page.locator("#control-score")).not_to_be_empty()
    expect(page.locator("#control-recital .recital-given")).not_to_contain_text("Congress")


def test_a_recitation_is_cancelled_in_the_middle(page: Page):
    own(page, OWN * 3)
    slider(page).fill("8")
    page.evaluate(START_AND_CANCEL)
    expect(page.locator("#run")).to_contain_text("Cancelled")
    expect(page.locator("#own")).to_have_value(OWN * 3)
    recite(page).click()
    computed(page)


def test_a_text_of_ones_own_is_recited_and_kept(page: Page, troubles: Troubles):
    page.goto("/regurgitation#own")
    expect(recite(page)).to_be_disabled()
    mine = page.locator("#own")
    mine.fill("Too short")
    slider(page).fill("8")
    troubles.expect("422")
    recite(page).click()
    expect(page.locator("#run")).to_contain_text("nothing is left to recite")
    expect(mine).to_have_value("Too short")
    mine.fill("Once upon a time in a small village by the sea there was a dog.")
    recite(page).click()
    computed(page)
    expect(page.locator("#main-recital .recital-same").first).to_be_visible()
    details(page)
    expect(page.locator("#numbers")).to_contain_text("too short")
    page.keyboard.press("Escape")
    mine.fill(OWN)
    recite(page).click()
    computed(page)
    details(page)
    expect(page.locator("#numbers")).to_contain_text("of 32")


def test_a_result_never_stands_under_another_text(page: Page):
    own(page)
    recite(page).click()
    computed(page)
    expect(page.locator("#main-score")).not_to_have_text("–")
    page.locator("#own").fill(OWN + " Then he swam.")
    expect(page.locator("#main-score")).to_have_text("–")
    expect(page.locator("#sentence")).to_have_text("Not recited yet: press Recite.")
    expect(page.locator("#main-recital .recital-same")).to_have_count(0)


def test_a_text_at_hand_is_recited_without_a_model(page: Page):
    page.route("**/api/experiments/*", lambda route: route.abort())
    page.goto("/regurgitation#own")
    page.get_by_role("button", name="Genesis 1").click()
    expect(page.locator("#own")).to_have_value(re.compile("^In the beginning"))
    recital = measured("genesis", "recital")
    expect(page.locator("#main-score")).to_have_text(str(recital["equal"]))
    expect(page.locator("#own-trace")).to_contain_text("King James Bible", timeout=20_000)


def test_a_word_is_broken_in_the_text_itself(page: Page):
    page.route("**/api/experiments/*", lambda route: route.abort())  # measured: it needs no model
    at(live(page), "break")
    word = page.locator("#main-recital").get_by_role("button", name="Congress")
    word.click()
    expect(page.locator("#main-recital .recital-word[aria-pressed=true]")).to_have_text("CongressCnogress")
    expect(page.locator("#main-score")).to_have_text("0")
    expect(page.locator("#word-sentence")).to_contain_text("Unbroken, the next")
    slider(page).fill("8")
    expect(page.locator("#main-score")).to_have_text("45")
    expect(page.locator("#word-run")).to_contain_text("Measured on gemma-3-270m")
    page.locator("#main-recital .recital-word[aria-pressed=true]").click()  # and mended
    expect(page.locator("#main-recital .recital-word[aria-pressed=true]")).to_have_count(0)
    expect(page.locator("#word-sentence")).to_have_text("Click a word of the opening.")


def test_every_word_of_the_first_opening_was_broken_before(page: Page):
    page.route("**/api/experiments/*", lambda route: route.abort())
    at(live(page), "break")
    slider(page).fill("8")
    words = page.locator("#main-recital .recital-word")
    expect(words).to_have_count(8)
    for how in ("typo", "CAPITALS"):
        page.get_by_label(how).check()
        for index in range(8):
            words.nth(index).click()
            expect(page.locator("#word-sentence")).to_contain_text("Unbroken, the next")


def test_one_word_is_changed(page: Page):
    live(page)
    passage(page, "Preamble of the US Constitution")
    at(page, "break")
    details(page)
    page.get_by_role("button", name="People → Citizens (12 shown)").click()
    expect(page.locator("#word-sentence")).to_have_text("Unbroken, the next 41 follow without a slip.")
    expect(page.locator("#word-costs")).to_contain_text("per token instead of")
    page.keyboard.press("Escape")
    expect(slider(page)).to_have_value("12")
    expect(page.locator("#main-score")).to_have_text("13")
    expect(page.locator("#main-of")).to_have_text("of 48 tokens match")
    expect(page.locator("#main-recital")).to_contain_text("We the PeopleCitizens of the United States")
    change(page, "United", "CAPITALS")
    expect(page.locator("#main-recital .recital-given")).to_contain_text("UNITED")


def change(page: Page, word: str, how: str) -> None:
    """Another model is loaded than the one that was measured: it recites the text itself, and then with the change."""
    page.get_by_label(how).check()
    page.locator("#main-recital").get_by_role("button", name=word, exact=True).click()
    computed(page, "#word-run")


def test_what_a_changed_word_gave_says_which_model_it_is_from(page: Page):
    live(page)
    passage(page, "Preamble of the US Constitution")
    at(page, "break")
    change(page, "People", "CAPITALS")
    told = page.locator("#word-sentence").inner_text()
    page.locator("#main-recital").get_by_role("button", name="People").click()
    expect(page.locator("#word-sentence")).to_have_text("Click a word of the opening.")
    page.locator("#main-recital").get_by_role("button", name="People").click()
    expect(page.locator("#word-sentence")).to_have_text(told)
    expect(page.locator("#word-run")).to_contain_text(re.compile(r"Measured on fake, \d+ \w+ 20"))
    slider(page).fill("9")
    expect(page.locator("#word-sentence")).to_have_text("Not recited yet: press Recite.")
    expect(page.locator("#word-run")).to_contain_text("Not computed yet.")


def renamed(page: Page) -> None:
    """From now on the page hears that another model is loaded."""

    def answer(route: Route) -> None:
        state = route.fetch().json()
        state["loaded"]["name"] = "another"
        route.fulfill(body=json.dumps(state), content_type="application/json")

    page.route("**/api/models", answer)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_another_model_takes_nothing_away_and_it_is_said_whose_numbers_stand_there(page: Page):
    at(live(page), "break")
    change(page, "Congress", "new line")
    before = seen(page)
    renamed(page)
    expect(page.locator("#word-run")).to_contain_text("Another model is loaded now: another.")
    assert seen(page) == before
    at(page, "control")
    expect(page.locator("#run")).to_contain_text(
        "Another model is loaded now: another. These numbers are fake's"
    )


def test_a_token_of_either_text_tells_its_cost(page: Page):
    at(live(page), "compare")
    details(page)
    page.locator("#main-heat [role=option]").nth(2).click()
    expect(page.locator("#heat-said")).to_contain_text("Token 3, “·make”")
    page.locator("#control-heat [role=option]").nth(1).click()
    expect(page.locator("#heat-said")).to_contain_text("Control: Token 2")
    expect(page.locator("#control-heat [aria-selected=true]")).to_have_count(1)
    expect(page.locator("#main-heat [aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Control").select_option("swapped")
    expect(page.locator("#heat-said")).to_be_empty()


def run_done(page: Page) -> None:
    own(page)
    slider(page).fill("12")
    recite(page).click()
    computed(page)


def run_cancelled(page: Page) -> None:
    own(page, OWN * 3)
    slider(page).fill("8")
    page.evaluate(START_AND_CANCEL)
    expect(page.locator("#run")).to_contain_text("Cancelled")


def word_broken(page: Page) -> None:
    at(live(page), "break")
    change(page, "Congress", "new line")


def control_chosen(page: Page) -> None:
    live(page)
    passage(page, "Genesis 1")
    slider(page).fill("20")
    at(page, "compare").get_by_role("combobox", name="Control").select_option("swapped")
    recite(page).click()
    computed(page)
    expect(page.locator("#control-score")).not_to_be_empty()


WORK = pytest.mark.parametrize("work", [run_done, run_cancelled, word_broken, control_chosen])


@WORK
@pytest.mark.parametrize("model", ["the same", "another"])
def test_who_opens_a_link_sees_what_the_sharer_saw(page: Page, new_page: NewPage, work, model: str):
    work(page)
    step, before = page.locator(".regurgitation").get_attribute("data-at"), seen(page)
    link = link_of(page)
    assert len(link) < 8_000
    other = new_page()
    asked = posts(other)
    if model == "another":
        other.route("**/api/models", lambda route: route.fulfill(json=loaded_other(route)))
    other.goto(link)
    expect(other.locator(".regurgitation")).to_have_attribute("data-at", step)
    expect(other.locator("#own")).to_have_value(page.locator("#own").input_value())
    assert seen(other) == before
    assert asked == []


def loaded_other(route: Route) -> dict:
    state = route.fetch().json()
    state["loaded"]["name"] = "another"
    return state


@WORK
def test_a_reload_loses_nothing(page: Page, work):
    work(page)
    step, before = page.locator(".regurgitation").get_attribute("data-at"), seen(page)
    asked = posts(page)
    page.reload()
    expect(page.locator(".regurgitation")).to_have_attribute("data-at", step)
    assert seen(page) == before
    page.goto("/tokenizer")
    page.go_back()
    expect(page.locator(".regurgitation")).to_have_attribute("data-at", step)
    assert seen(page) == before
    assert asked == []


def test_a_guess_outlives_a_reload(page: Page):
    page.goto("/regurgitation")
    slider(page).fill("11")
    page.reload()
    expect(slider(page)).to_have_value("11")
    expect(page.locator("#guess-score")).to_have_text("11")


def test_a_link_of_before_opens_and_runs_nothing(page: Page):
    asked = posts(page)
    page.goto("/regurgitation")
    link = page.evaluate(
        """async (own) => {
          const { shareLink } = await import("/static/js/base/share.js");
          const state = { passage: "own", own, prefix: 12, control: "swapped" };
          return shareLink({ ...state, words: { word: 1, how: "typo", other: "" } }, location.href);
        }""",
        OWN,
    )
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".regurgitation")).to_have_attribute("data-at", "own")
    expect(page.locator("#own")).to_have_value(OWN)
    expect(slider(page)).to_have_value("12")
    expect(page.locator("#main-recital")).to_contain_text("Once upon a time")
    assert asked == []


def test_the_language_changes_in_place(page: Page):
    live(page)
    passage(page, "Lorem ipsum")
    slider(page).fill("30")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_text("粗体是给它看的，其余由它来写", exact=True)).to_be_visible()
    expect(page.locator("#passage")).to_have_value("lorem-ipsum")
    expect(page.locator("#prefix")).to_have_value("30")
    expect(page.locator("#sentence")).to_contain_text("给看 30 个词元")


def test_a_change_of_language_keeps_what_was_computed(page: Page):
    own(page)
    slider(page).fill("8")
    recite(page).click()
    computed(page)
    score, told = page.locator("#main-score").inner_text(), page.locator("#main-recital").inner_text()
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#own")).to_have_value(OWN)
    expect(page.locator("#main-recital .recital-same").first).to_be_visible()
    expect(page.locator("#main-score")).to_have_text(score)
    assert page.locator("#main-recital").inner_text().split()[:3] == told.split()[:3]
    expect(page.locator("#run")).to_contain_text("用 fake 测得")


def test_the_chinese_page_asks_about_a_chinese_text(new_page: NewPage):
    page = new_page(locale="zh-CN")
    page.goto("/regurgitation")
    expect(page.locator("#guess-text")).to_contain_text("郑重声明：本文版权归原作者所有")
    page.locator("#prefix").fill("20")
    page.locator("#reveal").click()
    expect(page.locator("#sentence")).to_contain_text("你猜 20 个，其实 8 个词元就够")
    expect(page.locator("#main-score")).to_have_text(str(measured("repost-zh", "recital")["equal"]))
    at(page, "compare")
    expect(page.locator("#control-recital")).to_contain_text("社区菜园")
    page.locator("#control").select_option("famous")
    expect(page.locator("#control-recital .recital-given")).to_contain_text("天地玄黄")
    expect(page.locator("#control-score")).to_have_text("0")
    at(page, "break")
    expect(page.locator(".recital-word")).to_have_count(6)  # words, not whole clauses
    page.locator(".recital-word").first.click()
    expect(page.locator("#word-run")).to_contain_text("测得")
    expect(page.get_by_label("大写")).to_be_disabled()


def test_by_keyboard_alone(page: Page):
    live(page)
    page.get_by_role("combobox", name="Passage").select_option("preamble")
    slider(page).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#sentence")).to_contain_text("Shown 15 tokens")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Passage")).to_be_focused()
    recite(page).focus()
    page.keyboard.press("Enter")
    computed(page)
    expect(page.locator("#announcer")).not_to_be_empty()
    at(page, "break")
    page.locator(".recital-word").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".recital-word").first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".recital-word").first).to_be_focused()


VIEWS = {
    "desk": {"viewport": {"width": 1280, "height": 720}},
    "projector": {"viewport": {"width": 1920, "height": 1080}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
SMALLEST = {"desk": 18, "projector": 32, "phone": 16}  # pixels, of what is read


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("view", VIEWS)
def test_each_step_is_one_screen(new_page: NewPage, view: str, locale: str):
    page = new_page(locale=locale, **VIEWS[view])
    if view == "projector":
        page.add_init_script("localStorage.setItem('projector', 'on')")
    page.goto("/regurgitation")
    for step in STEPS:
        at(page, step)
        page.wait_for_timeout(100)
        if step == "control":
            expect(page.locator("#main-score")).to_have_text(re.compile(r"51|16"))
        if step == "break":
            page.locator(".recital-word").first.click()
        if step == "own":
            page.locator("[data-try]").first.click()
        main = page.evaluate(
            "(({ scrollHeight, clientHeight }) => [scrollHeight, clientHeight])(document.querySelector('main'))"
        )
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= VIEWS[view]["viewport"]["width"], step
        if view != "phone":
            assert main[0] <= main[1], step
        else:  # what one moves, and what it does, stand above the bar at the foot
            foot = page.locator(".recite-action:visible, .stage-foot").first.bounding_box()["y"]
            together = [] if step == "why" else ["#prefix"]
            together += {"guess": ["#guess-text"], "why": ["#why-main"]}.get(
                step, ["#main-recital", "#main-score"]
            )
            for part in together:
                box = page.locator(part).bounding_box()
                assert box["y"] + box["height"] <= foot, (step, part)
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("main .recital, main .claim, main .recite-sentence, main .figure, main .why, main .choice")]
              .filter((one) => one.checkVisibility()).map((one) => parseFloat(getComputedStyle(one).fontSize))"""
        )
        assert min(sizes) >= SMALLEST[view], step


def test_nothing_jumps_when_results_come(page: Page):
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    live(page)
    page.evaluate("window.shift = 0")
    recite(page).click()
    computed(page)
    assert page.evaluate("window.shift") <= 0.02


def test_without_a_server_it_is_said_at_the_button_and_the_measured_run_still_plays(
    page: Page, troubles: Troubles
):
    troubles.expect("ERR_INTERNET_DISCONNECTED")
    page.goto("/regurgitation")
    slider(page).fill("5")
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("button", name="Show how much it needs").click()
    expect(page.locator("#main-score")).to_have_text("51")
    expect(recite(page)).to_be_disabled()
    expect(page.locator("#run")).to_contain_text("The server does not answer just now.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_for_axe_to_object_to(new_page: NewPage, scheme: str, width: int):
    page = live(new_page(color_scheme=scheme, viewport={"width": width, "height": 900}))
    recite(page).click()
    computed(page)
    for step in STEPS:
        at(page, step)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, step
    details(page)
    axe(page)


def test_a_refusal_is_said_in_the_pages_language(new_page: NewPage, troubles: Troubles):
    page = new_page(locale="zh-CN")
    page.goto("/regurgitation#own")
    page.locator("#own").fill("Too short")
    page.locator("#prefix").fill("8")
    troubles.expect("422")
    page.locator("#run button").click()
    expect(page.locator("#run")).to_contain_text("没有剩下可背的")
    expect(page.locator("#run")).not_to_contain_text("nothing is left")
