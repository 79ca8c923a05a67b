"""Half a sentence, the odds of every token that could come next, and a dice."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe

LABEL = "Half a sentence"
STEPS = ("roll", "story")


def box(page: Page):
    return page.get_by_label(LABEL, exact=True)


def rows(page: Page):
    return page.locator("odds-rows .odds-row")


def first_token(page: Page):
    return rows(page).first.locator(".odds-word")


def roll(page: Page):
    return page.get_by_role("button", name="Roll the dice")


def watch_questions(page: Page) -> list[dict]:
    """What the model is asked from now on."""
    asked: list[dict] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.post_data_json))
    return asked


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/")
    expect(rows(page)).to_have_count(6)
    expect(first_token(page)).to_have_text("·the")
    assert page.locator(".odds-drawn rect").first.bounding_box()["width"] > 50
    expect(
        page.get_by_role("link", name="Assistant", exact=True).first
    ).to_be_visible()  # and the story under it


def test_the_bars_move_as_one_types(page: Page):
    page.goto("/")
    expect(first_token(page)).to_have_text("·the")
    box(page).fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    expect(page.locator("#figure-state")).to_contain_text("Live from fake")


def test_the_bars_and_the_others_are_the_whole_distribution(page: Page):
    page.goto("/")
    for text, first in ((None, "·the"), ("The capital", "·of")):
        if text:
            box(page).fill(text)
        expect(first_token(page)).to_have_text(first)
        shares = page.locator("odds-rows .odds-value").all_inner_texts()
        values = [float(re.sub(r"[^\d.]", "", share)) for share in shares]
        assert len(values) == 6
        assert sum(values) == pytest.approx(100, abs=0.4)


def test_a_question_is_never_broken_off_and_only_the_newest_waits(page: Page, troubles: Troubles):
    """Bars that waited for a rest in typing stood on the first letter for seconds: every key ended its answer."""
    page.goto("/")
    asked = watch_questions(page)
    box(page).fill("")
    box(page).press_sequentially("Once upon a time in a small", delay=15)
    expect(first_token(page)).to_have_text("·village")
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    assert 2 <= len(asked) < 27
    assert troubles.unexpected() == []  # an aborted request would be one


def test_bars_of_another_text_are_marked_as_such(page: Page):
    page.goto("/")
    box(page).fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    held: list[Route] = []
    page.route("**/api/next-token", lambda route: held.append(route))
    box(page).fill("Once upon a time")
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#figure-state")).to_contain_text("on their way")
    held[0].continue_()
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    expect(first_token(page)).to_have_text("·in")


def test_a_space_just_typed_is_not_asked_about(page: Page):
    """After a lone space a model expects no word: real ones answer with markup."""
    page.goto("/")
    asked = watch_questions(page)
    box(page).fill("The capital ")
    expect(first_token(page)).to_have_text("·of")
    assert asked[-1]["prompt"] == "The capital"
    rows(page).first.get_by_role("button").click()
    expect(box(page)).to_have_value("The capital of")


def test_a_token_chosen_in_the_list_goes_on_with_the_text(page: Page):
    page.goto("/")
    box(page).fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    with page.expect_request("**/api/next-token") as asked:
        page.get_by_role("button", name="space of").click()
    assert "ids" in asked.value.post_data_json  # chosen, not typed: not tokenised again
    expect(box(page)).to_have_value("The capital of")
    expect(first_token(page)).to_have_text("·the")
    expect(page.locator("#rolled")).to_contain_text("You chose “·of”")


def test_a_roll_says_what_was_rolled_and_adds_the_token(page: Page):
    page.goto("/")
    box(page).fill("Once upon a time")
    roll(page).click()
    expect(page.locator("#rolled")).to_contain_text("You rolled 0.")
    expect(box(page)).not_to_have_value("Once upon a time")
    expect(page.locator(".prompt-mirror .by-model")).to_have_count(
        1
    )  # a model wrote it, and that can be seen


def test_ten_clicks_in_two_seconds_are_ten_tokens(page: Page):
    page.goto("/")
    box(page).fill("Once upon a time")
    for _ in range(10):
        roll(page).click(delay=0)
        page.wait_for_timeout(180)
    expect(page.locator(".prompt-mirror .by-model")).to_have_count(10)


def test_a_click_shows_pointer_bar_and_word_within_700_ms(page: Page):
    page.goto("/")
    box(page).fill("Once upon a time")
    expect(first_token(page)).to_have_text("·in")
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    took = page.evaluate(
        """async () => {
          const area = document.querySelector("#prompt"), before = area.value, start = performance.now();
          document.querySelector("#roll").click();
          let lit = false;
          while (area.value === before && performance.now() - start < 5000) {
            await new Promise(requestAnimationFrame);
            lit ||= document.querySelector(".is-lit") !== null;
          }
          return [performance.now() - start, lit];
        }"""
    )
    assert took[0] <= 700
    assert took[1]


def test_dice_that_land_beyond_the_named_tokens_ask_which_one_that_is(page: Page):
    page.add_init_script("Math.random = () => 0.9999")
    page.goto("/")
    box(page).fill("Once upon a time")
    expect(first_token(page)).to_have_text("·in")
    asked = watch_questions(page)
    roll(page).click()
    expect(page.locator("#rolled")).to_contain_text("You rolled 0.9999")
    assert any(question.get("roll") == 0.9999 for question in asked)


def test_a_roll_for_a_text_that_is_gone_is_let_go(page: Page):
    page.add_init_script("Math.random = () => 0.9999")
    page.goto("/")
    box(page).fill("Once upon a time")
    expect(first_token(page)).to_have_text("·in")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "roll" in route.request.post_data_json:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/next-token", hold)
    roll(page).click()
    page.wait_for_timeout(100)
    box(page).fill("The capital")
    expect(first_token(page)).to_have_text("·of")
    with page.expect_response("**/api/next-token"):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(box(page)).to_have_value("The capital")


@pytest.mark.parametrize("way", ["reload", "back", "language"])
def test_nothing_typed_or_rolled_is_lost(page: Page, way: str):
    page.goto("/")
    box(page).fill("Once upon a time")
    roll(page).click()
    expect(page.locator("#rolled")).to_contain_text("You rolled")
    expect(box(page)).not_to_have_value("Once upon a time")
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    seen = ["textarea.value", "odds-rows.innerText", "#rolled.textContent"]
    look = "(parts) => parts.map((part) => { const [of, what] = part.split('.'); return document.querySelector(of)[what] })"
    before = page.evaluate(look, seen)
    asked = watch_questions(page)
    if way == "reload":
        page.reload()
    elif way == "back":
        page.goto("/tokenizer")
        page.go_back()
    else:
        page.get_by_role("link", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_role("link", name="English").click()
    expect(box(page)).to_have_value(before[0])
    expect(page.locator("#rolled")).to_have_text(before[2])
    assert page.evaluate(look, seen) == before
    page.wait_for_timeout(200)
    assert [question for question in asked if "encoding" not in question] == []


def test_a_link_shows_what_its_maker_saw_and_asks_nothing(page: Page, new_page: NewPage):
    page.goto("/")
    box(page).fill("Once upon a time")
    roll(page).click()
    expect(page.locator("#rolled")).to_contain_text("You rolled")
    expect(box(page)).not_to_have_value("Once upon a time")
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page).to_have_url(re.compile("#s="))
    other = new_page()
    asked = watch_questions(other)
    other.goto(page.url)
    for part in ("#rolled", "odds-rows", "#entropy", "probability-bars"):
        expect(other.locator(part)).to_have_text(page.locator(part).text_content())
    expect(box(other)).to_have_value(box(page).input_value())
    other.wait_for_timeout(200)
    assert asked == []
    roll(other).click()  # and it goes on from there
    expect(other.locator(".prompt-mirror .by-model")).to_have_count(2)


def test_a_link_of_before_still_opens(page: Page):
    page.goto("/")
    link = page.evaluate(
        """async () => {
          const { encodeState } = await import("/static/js/base/share.js");
          return `${location.origin}/#s=${await encodeState({ page: "home", text: "The capital" })}`;
        }"""
    )
    page.goto("about:blank")
    asked = watch_questions(page)
    page.goto(link)
    expect(box(page)).to_have_value("The capital")
    expect(page.locator("odds-rows")).to_be_hidden()  # no other text's bars
    expect(page.locator("#figure-state")).to_contain_text("Opened from a link")
    page.evaluate(
        "import('/static/js/base/models.js').then(({ models }) => models.dispatchEvent(new Event('change')))"
    )  # news of the model are no wish of a person's
    page.wait_for_timeout(300)
    assert asked == []  # opening a link runs nothing
    page.locator("#figure-state").click()
    expect(first_token(page)).to_have_text("·of")


@pytest.mark.parametrize(("token", "after"), [("20", "One "), ("e2", "One"), ("2074776f", "One two")])
def test_a_token_is_never_rolled_from_older_odds_even_where_the_text_stays_as_it_was(
    page: Page, token: str, after: str
):
    """A blank was dropped, and after a piece of a character the odds before it counted as the text's."""
    page.goto("/")

    def answer(route: Route) -> None:
        ids = route.request.post_data_json.get("ids", [1])
        row = {"id": 100 + len(ids), "bytes": token, "raw_logprob": 0.0, "rank": 1}
        numbers = {"vocabulary": 9, "entropy_bits": 0, "remainder": 0.0}
        route.fulfill(json={"ids": ids, "tokens": [], "bos": False, "top": [row], **numbers})

    page.route("**/api/next-token", answer)
    box(page).fill("One")
    asked = watch_questions(page)
    expect(page.locator("odds-rows")).to_have_attribute("aria-busy", "false")
    for length in (2, 3):
        with page.expect_request("**/api/next-token"):
            roll(page).click()
        page.wait_for_timeout(700)
        assert asked[-1]["ids"] == [1, *range(101, 100 + length)]
        if length == 2:
            expect(box(page)).to_have_value(after)


def test_a_refused_text_leaves_no_bars_of_an_older_one(page: Page, troubles: Troubles):
    troubles.expect("400")
    page.goto("/")
    error = json.dumps({"error": {"code": "context_overflow", "message": "too long"}})
    page.route(
        "**/api/next-token",
        lambda route: route.fulfill(status=400, content_type="application/json", body=error),
    )
    box(page).fill("far too long")
    expect(page.get_by_role("status").filter(has_text="more text than the model can read")).to_be_visible()
    expect(page.locator("odds-rows")).to_be_hidden()


def test_markup_in_a_text_stays_text(page: Page):
    page.goto("/")
    box(page).fill("<img src=x onerror=alert(1)>")
    expect(page.locator("#figure-state")).to_contain_text("fake")
    assert page.locator("main img").count() == 0


def test_a_server_that_falls_silent_is_said_kindly_and_the_text_stays(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED|Failed to load resource")
    page.goto("/")
    page.route("**/api/**", lambda route: route.abort())
    box(page).fill("My favourite colour")
    expect(page.get_by_role("status").filter(has_text="The server does not answer")).to_be_visible()
    expect(box(page)).to_have_value("My favourite colour")


def test_the_page_works_by_keyboard_alone(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(box(page)).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("The capital")
    expect(first_token(page)).to_have_text("·of")
    for _ in range(5):  # four examples, then the list
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("The capital of")


def test_axe_finds_nothing(new_page: NewPage):
    for options in (
        {},
        {"locale": "zh-CN", "color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 700}},
    ):
        page = new_page(**options)
        for step in STEPS:
            page.goto(f"/#{step}")
            page.wait_for_load_state("networkidle")
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
