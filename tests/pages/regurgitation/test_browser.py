"""A passage and its control, the opening given, and how far the model recites on."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe

OWN = (
    "Once upon a time in a small village by the sea there was a dog named Max. Max loved to play with the "
    "children, and every morning he would run down to the harbour and wait for the boats to come in. One day "
    "the fishermen did not come back. The sky was dark, and the wind was strong, and Max sat at the end of the "
    "pier and waited."
)

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


def passage(page: Page, name: str):
    return page.get_by_role("radio", name=re.compile(f"^{name}"))


def slider(page: Page):
    return page.get_by_role("slider", name="Tokens given", exact=True)


def recite(page: Page):
    return page.get_by_role("button", name="Recite", exact=True)


def live(page: Page, path: str = "/regurgitation") -> Page:
    page.goto(path)
    expect(recite(page)).to_be_enabled()
    expect(page.locator("#main-score")).not_to_be_empty()
    return page


def computed(page: Page):
    expect(page.locator("#run")).to_contain_text("Computed here just now", timeout=20_000)


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)")  # modules that the page announces, and a browser without scripts lets go
    page = new_page(java_script_enabled=False)
    page.goto("/regurgitation")
    expect(page.locator("#main-recital .recital-same").first).to_contain_text("of religion, or prohibiting")
    expect(page.locator("#control-recital .recital-drift").first).to_be_visible()
    expect(page.locator("#sentence")).to_contain_text("Recites 45 of 46 tokens, the first 39 without a slip")
    expect(page.locator("[data-bits=preamble]")).to_have_text("0.18")


def test_a_preset_opens_at_once_with_its_measured_result(page: Page):
    live(page)
    asked = []
    page.on("request", lambda request: "/api/experiments/" in request.url and asked.append(request.url))
    milliseconds = page.evaluate(
        """() => {
          const start = performance.now();
          document.querySelector("[value=preamble]").click();
          return document.querySelector("#main-recital").updateComplete.then(() => performance.now() - start);
        }"""
    )
    assert milliseconds < 300
    expect(page.locator("#main-title")).to_have_text("Preamble of the US Constitution")
    expect(page.locator("#sentence")).to_contain_text("Recites 37 of 48 tokens")
    expect(page.locator("#run")).to_contain_text("Measured on gemma-3-270m")
    expect(page.locator(".recite-source:visible")).to_contain_text("1787")
    assert asked == []


def test_the_slider_tells_the_run_of_every_opening(page: Page):
    live(page)
    slider(page).fill("2")
    expect(page.locator("#main-score")).to_have_text("first 45 match")
    expect(page.locator("#sentence")).to_contain_text("Given 2 tokens, the next 45 match the text exactly")
    slider(page).fill("1")
    expect(page.locator("#main-score")).to_have_text("first 0 match")
    expect(page.locator("#main-recital .recital-drift")).to_have_count(1)


def test_a_recitation_runs_from_the_click_to_its_picture(page: Page):
    live(page)
    recite(page).click()
    computed(page)
    expect(page.locator("#sentence")).to_contain_text("Recites")
    expect(page.locator("#sentence")).to_contain_text("fake:")  # its own number beside the measured one
    expect(page.locator("#main-recital .recital-given")).to_have_text(
        re.compile("^Congress shall make no law respecting an establishment")
    )
    expect(page.locator("#curve path, #curve polyline").first).to_be_attached()
    expect(page.locator("#main-heat .heat-token").first).to_have_text("Congress")


def test_every_control_can_stand_beside_the_text(page: Page):
    live(page)
    control = page.get_by_role("combobox", name="Control")
    control.select_option("changed")
    expect(page.locator("#control-recital")).to_contain_text("Bakers shall knead no loaf")
    control.select_option("swapped")
    expect(page.locator("#control-score")).not_to_be_empty()
    expect(page.locator("#control-recital .recital-given")).not_to_contain_text("Congress")


def test_a_recitation_is_cancelled_in_the_middle(page: Page, new_page: NewPage):
    live(page)
    passage(page, "Your own text").check()
    page.get_by_label("Your own text", exact=True).last.fill(OWN * 3)
    slider(page).fill("8")
    page.evaluate(START_AND_CANCEL)
    expect(page.locator("#run")).to_contain_text("Cancelled")
    expect(page.locator("#own")).to_have_value(OWN * 3)
    recite(page).click()
    computed(page)


def test_a_text_of_ones_own_is_recited_and_kept(page: Page, troubles: Troubles):
    live(page)
    passage(page, "Your own text").check()
    expect(recite(page)).to_be_disabled()
    own = page.locator("#own")
    own.fill("Too short")
    slider(page).fill("8")
    troubles.expect("422")
    recite(page).click()
    expect(page.locator("#run")).to_contain_text("nothing is left to recite")
    expect(own).to_have_value("Too short")
    own.fill("Once upon a time in a small village by the sea there was a dog.")
    recite(page).click()
    computed(page)
    expect(page.locator("#main-recital .recital-same").first).to_be_visible()
    expect(page.locator("#main-numbers")).to_contain_text("too short")
    expect(page.locator("[data-bits=own]")).not_to_be_empty()
    own.fill(OWN)
    recite(page).click()
    computed(page)
    expect(page.locator("#main-numbers")).to_contain_text("of 32")


def test_one_word_is_changed(page: Page):
    live(page)
    passage(page, "Preamble").check()
    page.get_by_role("button", name="People → Citizens (12 given)").click()
    expect(slider(page)).to_have_value("12")
    expect(page.locator("#word-sentence")).to_contain_text("Before: 41 of 48 tokens follow exactly")
    expect(page.locator("#word-sentence")).to_contain_text("After: 5 of 48")
    expect(page.locator("#word-recital")).to_contain_text("We the Citizens of the United States")
    expect(page.locator("#word-run")).to_contain_text("Measured on gemma-3-270m")
    change(page, "United", "capitals")
    expect(page.locator("#word-recital .recital-given")).to_contain_text("UNITED")
    expect(page.locator("#word-sentence")).to_contain_text("After:")


def change(page: Page, word: str, how: str) -> None:
    """Recite, and again with a word of the opening changed."""
    recite(page).click()
    computed(page)
    page.get_by_role("radio", name=word).check(force=True)
    page.get_by_label("What happens to it").select_option(how)
    page.get_by_role("button", name="Recite with the change").click()
    expect(page.locator("#word-run")).to_contain_text("Computed here just now")


def test_a_word_is_changed_only_in_the_loaded_models_own_tokens(page: Page):
    """An opening of 8 tokens ends elsewhere in another model's: what was measured says nothing of its words."""
    live(page)
    button = page.get_by_role("button", name="Recite with the change")
    expect(page.get_by_text("Recite the text above first")).to_be_visible()
    expect(button).to_be_disabled()
    recite(page).click()
    computed(page)
    expect(page.get_by_text("Recite the text above first")).to_be_hidden()
    expect(button).to_be_enabled()


def test_what_a_changed_word_gave_says_which_model_it_is_from(page: Page):
    live(page)
    passage(page, "Preamble").check()
    change(page, "People", "capitals")
    told = page.locator("#word-sentence").inner_text()
    page.get_by_role("radio", name="United").check(force=True)
    expect(page.locator("#word-sentence")).to_be_empty()
    expect(page.locator("#word-run")).to_contain_text("Not computed yet.")
    page.get_by_role("radio", name="People").check(force=True)
    expect(page.locator("#word-sentence")).to_have_text(told)
    expect(page.locator("#word-run")).to_contain_text(re.compile(r"Measured on fake, \d+ \w+ 20"))
    slider(page).fill("9")
    expect(page.locator("#word-sentence")).to_be_empty()
    expect(page.locator("#word-run")).to_contain_text("Not computed yet.")


def test_another_model_lets_go_of_what_this_one_told(page: Page):
    live(page)
    change(page, "Congress", "capitals")

    def renamed(route: Route) -> None:
        state = route.fetch().json()
        state["loaded"]["name"] = "another"
        route.fulfill(body=json.dumps(state), content_type="application/json")

    page.route("**/api/models", renamed)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#run")).to_contain_text("Measured on gemma-3-270m")
    expect(page.locator("#word-sentence")).to_be_empty()
    expect(page.locator("#word-run")).to_contain_text("Not computed yet.")
    expect(page.get_by_role("button", name="Recite with the change")).to_be_disabled()


def test_a_token_of_either_text_tells_its_cost(page: Page):
    live(page)
    page.locator("#main-heat [role=option]").nth(2).click()
    expect(page.locator("#heat-said")).to_contain_text("Token 3, “·make”")
    page.locator("#control-heat [role=option]").nth(1).click()
    expect(page.locator("#heat-said")).to_contain_text("Control: Token 2")
    expect(page.locator("#control-heat [aria-selected=true]")).to_have_count(1)
    expect(page.locator("#main-heat [aria-selected=true]")).to_have_count(0)
    page.get_by_role("combobox", name="Control").select_option("swapped")
    expect(page.locator("#heat-said")).to_be_empty()


def test_a_link_restores_the_page_and_runs_nothing(page: Page, new_page: NewPage):
    live(page)
    passage(page, "Your own text").check()
    page.locator("#own").fill(OWN)
    slider(page).fill("12")
    page.get_by_role("combobox", name="Control").select_option("swapped")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url("**#s=*")

    other = new_page()
    asked = []
    other.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    other.goto(page.url)
    expect(passage(other, "Your own text")).to_be_checked()
    expect(other.locator("#own")).to_have_value(OWN)
    expect(slider(other)).to_have_value("12")
    expect(other.get_by_role("combobox", name="Control")).to_have_value("swapped")
    expect(other.locator("#main-recital")).to_contain_text("Once upon a time")
    assert asked == []


def test_the_language_changes_in_place(page: Page):
    live(page)
    passage(page, "Lorem ipsum").check()
    slider(page).fill("30")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("有些文字会一字不差地回来")
    expect(page.get_by_role("radio", name="Lorem ipsum")).to_be_checked()
    expect(page.locator("#prefix")).to_have_value("30")
    expect(page.locator("#sentence")).to_contain_text("给出 30 个词元")


def test_a_change_of_language_keeps_what_was_computed(page: Page):
    live(page)
    passage(page, "Your own text").check()
    page.locator("#own").fill(OWN)
    slider(page).fill("8")
    change(page, "village", "capitals")
    score = page.locator("#main-score").inner_text()
    told = page.locator("#word-recital").inner_text()
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#own")).to_have_value(OWN)
    expect(page.locator("#main-recital .recital-same").first).to_be_visible()
    expect(page.locator("#control-score")).not_to_be_empty()
    equal, total = re.findall(r"\d+", score)  # Chinese names them the other way round
    expect(page.locator("#main-score")).to_have_text(re.compile(rf"{total}\D+{equal}"))
    assert page.locator("#word-recital").inner_text().split()[:3] == told.split()[:3]
    for bar in ("#run", "#word-run"):
        expect(page.locator(bar)).to_contain_text("用 fake 测得")


def test_the_prediction_is_revealed(page: Page):
    live(page)
    page.get_by_role("radio", name="nine").check()
    page.get_by_text("Reveal", exact=True).click()
    expect(page.locator("#predict-words")).to_contain_text("the next 43 tokens match")


def test_by_keyboard_alone(page: Page):
    live(page)
    passage(page, "First Amendment").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#main-title")).to_have_text("Preamble of the US Constitution")
    page.keyboard.press("Tab")
    expect(slider(page)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#sentence")).to_contain_text("Given 15 tokens")
    page.keyboard.press("Tab")
    expect(recite(page)).to_be_focused()
    page.keyboard.press("Enter")
    computed(page)
    expect(page.locator("#announcer")).to_contain_text("Recites")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_for_axe_to_object_to(new_page: NewPage, scheme: str, width: int):
    page = live(new_page(color_scheme=scheme, viewport={"width": width, "height": 900}))
    recite(page).click()
    computed(page)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_refusal_is_said_in_the_pages_language(new_page: NewPage, troubles: Troubles):
    page = new_page(locale="zh-CN")
    page.goto("/regurgitation")
    page.get_by_role("radio", name="自己的文字").check()
    page.locator("#own").fill("Too short")
    page.locator("#prefix").fill("8")
    troubles.expect("422")
    page.locator("#run button").click()
    expect(page.locator("#run")).to_contain_text("没有剩下可背的")
    expect(page.locator("#run")).not_to_contain_text("nothing is left")


def test_a_recitation_keeps_its_room_while_it_is_written_anew(page: Page):
    live(page)
    passage(page, "MIT licence").check()
    before = page.evaluate("document.querySelector('#main-recital').offsetHeight")
    page.evaluate(
        """() => {
          const recital = document.querySelector("#main-recital");
          window.seen = [];
          const look = () => {
            if (recital.style.minBlockSize) window.seen.push(recital.offsetHeight);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    recite(page).click()
    computed(page)
    seen = page.evaluate("window.seen")
    assert len(seen) > 0
    assert min(seen) >= before
