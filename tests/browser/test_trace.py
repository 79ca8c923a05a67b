"""Where the model's words are found: marked in the text, numbered, and named beside it."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe


def opened(page: Page, passage: str = "First Amendment of the US Constitution") -> Page:
    """A measured recitation, and the drawer in which its words are looked up."""
    page.goto("/regurgitation#control")
    expect(page.locator("#main-score")).to_have_text(re.compile(r"51|16"))
    page.locator("#passage").select_option(label=passage)
    page.locator("[popovertarget=details]").click()
    expect(page.locator("#main-trace .trace-places")).to_be_visible(timeout=20_000)
    return page


def test_a_measured_recitation_is_traced_as_the_page_opens(page: Page):
    opened(page)
    found = page.locator("#main-trace .traced-found")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("of religion, or prohibiting the free exercise thereof")
    place = page.locator("#main-trace .trace-places li")
    expect(place).to_contain_text("First Amendment of the US Constitution, 1791")
    expect(place).to_contain_text(re.compile(r"31 words, rarity \d+ bits"))
    expect(page.locator("#control-trace")).to_contain_text(
        "No run of 6 words or more here is in our library."
    )
    expect(page.locator("#trace-library")).to_contain_text("What the model itself read was never published")
    assert page.locator("#main-trace .traced").text_content().startswith("of religion")


def test_nothing_moves_when_the_answer_comes(page: Page):
    held: list[Route] = []
    page.route("**/api/trace", lambda route: held.append(route))
    page.goto("/regurgitation#own")
    page.get_by_role("button", name="Genesis 1").click()
    expect(page.locator("#own-trace").get_by_text("Looking through the library …")).to_be_visible()
    boxes = """[...document.querySelectorAll("main, .recite-stage > *, .recite-text, .recite-action")]
      .map((one) => JSON.stringify([one.scrollWidth, one.offsetHeight, one.getBoundingClientRect()]))"""
    before = page.evaluate(boxes)
    for route in held:
        route.continue_()
    expect(page.locator("#own-trace [aria-busy=false]")).to_have_count(1, timeout=20_000)
    assert page.evaluate(boxes) == before


def test_words_and_place_are_picked_together_by_mouse_and_by_keyboard(page: Page):
    opened(page)
    words = page.locator("#main-trace .traced-found")
    place = page.locator("#main-trace .trace-place")
    place.click()
    expect(words).to_have_attribute("aria-pressed", "true")
    words.focus()
    page.keyboard.press("Enter")
    expect(place).to_have_attribute("aria-pressed", "false")
    page.keyboard.press(" ")
    expect(page.locator("#main-trace li")).to_have_attribute("data-selected", "true")


def test_what_is_written_often_is_listed_once(page: Page):
    opened(page, "Gettysburg Address")
    places = page.locator("#main-trace .trace-place")
    texts = page.locator("#main-trace .trace-places li").all_text_contents()
    assert len(texts) == len(set(texts)) == places.count()
    assert page.locator("#main-trace .traced-found").count() >= places.count()


def test_an_opening_that_was_not_recited_says_so_and_reciting_traces_it(page: Page):
    opened(page, "Gettysburg Address")
    page.keyboard.press("Escape")
    page.get_by_role("slider", name="Tokens shown", exact=True).fill("3")
    page.locator("[popovertarget=details]").click()
    expect(page.locator("#main-trace")).to_contain_text("Press Recite")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Recite", exact=True).click()
    expect(page.locator("#run")).to_contain_text("Computed here just now", timeout=20_000)
    page.locator("[popovertarget=details]").click()
    expect(page.locator("#main-trace .traced")).to_be_visible(timeout=20_000)
    expect(page.locator("#main-trace")).to_contain_text(re.compile("No run of 6 words|rarity"))


def test_a_library_that_is_not_whole_says_how_to_get_the_rest(page: Page):
    def half(route: Route) -> None:
        reply = route.fetch()
        answer = reply.json()
        answer["library"]["missing"] = ["King James Bible", "Constitutions"]
        route.fulfill(response=reply, json=answer)

    page.route("**/api/trace", half)
    opened(page)
    expect(page.locator("#trace-missing")).to_contain_text("King James Bible, Constitutions")
    expect(page.locator("#trace-missing")).to_contain_text("python -m app.assets")


def test_a_trace_that_fails_is_a_sentence_under_the_text(page: Page, troubles: Troubles):
    troubles.expect("503")
    error = {"error": {"code": "overloaded", "message": "too much"}}
    page.route("**/api/trace", lambda route: route.fulfill(status=503, json=error))
    page.goto("/regurgitation#own")
    page.get_by_role("button", name="Genesis 1").click()
    expect(page.locator("#own-trace .traced")).to_contain_text("darkness was upon")
    expect(page.locator("#own-trace p.quiet")).not_to_have_text(re.compile("Looking through"), timeout=20_000)
    expect(page.locator("#own-trace p.quiet")).not_to_be_empty()


def test_in_chinese(new_page: NewPage):
    page = opened(new_page(locale="zh-CN"), "美国宪法第一修正案")
    expect(page.locator("#details").get_by_role("heading", name="这些词出现在哪里")).to_be_visible()
    expect(page.locator("#main-trace .trace-places")).to_contain_text("“背诵”页的段落")
    expect(page.locator("#control-trace")).to_contain_text("没有任何连续 6 个词以上")


def test_the_playground_traces_what_the_model_wrote_last(page: Page):
    page.goto("/playground")
    page.get_by_text("Where is this from?").click()
    trace = page.locator("#trace traced-text")
    expect(trace.locator(".traced")).to_be_visible(timeout=20_000)
    before = trace.locator(".traced").text_content()
    page.get_by_role("button", name="Ten more tokens").click()
    expect(trace.locator(".traced")).not_to_have_text(before)
    expect(trace).to_contain_text(re.compile("No run of 6 words|rarity"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_for_axe_to_object_to(new_page: NewPage, scheme: str, width: int):
    page = opened(
        new_page(color_scheme=scheme, viewport={"width": width, "height": 900}), "Gettysburg Address"
    )
    page.locator("#main-trace .trace-place").first.click()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/playground")
    page.get_by_text("Where is this from?").click()
    expect(page.locator("#trace .traced")).to_be_visible(timeout=20_000)
    axe(page)
