"""What would give a prediction away stays covered until it is made, skipped, run here, or brought along by a link."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.in_browser import NewPage, Troubles, axe


@dataclass(frozen=True)
class Place:
    """A page whose question a figure answers: how to bring that figure up, and where the answer stands in it."""

    path: str
    question: str
    answer: str
    run: str
    ready: str
    figure: str  # the control that shows the figure
    other: str  # and one that shows another
    opens_with: bool = False

    def open(self, page: Page) -> Locator:
        page.goto(self.path)
        expect(page.locator(self.ready).first).to_be_attached()
        expect(page.locator(self.run)).to_be_enabled()
        answer = page.locator(self.answer).first if self.opens_with else self.show(page)
        expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=20_000)  # a library is read
        return answer

    def show(self, page: Page) -> Locator:
        page.locator(self.figure).click(force=True)  # a radio button lies under its label
        return page.locator(self.answer).first


PLACES = [
    Place(
        "/few-shot", "korean", "[data-big]", "#few-run button", "#few-curve svg.figure-svg",
        "[data-preset=korean]", "[data-preset=antonyms]", opens_with=True,
    ),
    Place(
        "/assistant", "bare", "#bare-tries .try", "#ask-run button", "costume-movers .movers",
        "[data-costume=conversation]", "[data-costume=pirate]", opens_with=True,
    ),
    Place(
        "/regurgitation", "words", "#curve .figure-name", "#run button", "#curve svg.figure-svg",
        "[value=preamble]", "[value=amendment]",
    ),
]  # fmt: skip
places = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)


def skip(page: Page) -> Locator:
    return (
        page.get_by_role("button", name="Show it anyway")
        .or_(page.get_by_role("button", name="还是直接看"))
        .first
    )


def layout(page: Page) -> list[float]:
    """How high the page is, and where everything under a veil lies on it."""
    return page.evaluate(
        "() => [document.documentElement.scrollHeight, ...[...document.querySelectorAll('answer-veil, answer-veil > :not(.veil)')]"
        ".flatMap((one) => { const { x, y, width, height } = one.getBoundingClientRect();"
        " return [x, y + scrollY, width, height].map(Math.round); })]"
    )


@places
def test_it_is_covered_and_nothing_moves_when_it_is_shown_anyway(page: Page, place: Place):
    answer = place.open(page)
    expect(answer).to_be_hidden()
    expect(page.get_by_text("Predict first: the answer is under here.").first).to_be_visible()
    before = layout(page)
    skip(page).click()
    expect(answer).to_be_visible()
    expect(skip(page)).to_be_hidden()
    assert layout(page) == before


@places
def test_the_reveal_lifts_it(page: Page, place: Place):
    answer = place.open(page)
    guess = page.locator(f"#predict-{place.question}")
    slider = guess.get_by_role("slider")
    if slider.count():
        slider.fill("3")
    else:
        guess.get_by_role("radio").first.check()
    expect(answer).to_be_hidden()  # choosing is not yet revealing
    guess.locator("summary").click()
    expect(answer).to_be_visible()
    guess.get_by_text("Guess again").click()
    expect(answer).to_be_visible()  # what was seen is not hidden again


@places
def test_running_it_here_lifts_it(page: Page, place: Place):
    answer = place.open(page)
    page.locator(place.run).click()
    expect(answer).to_be_visible(timeout=20_000)
    page.locator(place.other).click(force=True)
    expect(place.show(page)).to_be_visible()  # the measured figure, too: who has run it has seen it
    expect(skip(page)).to_be_hidden()


@places
def test_a_shared_link_shows_what_it_brings_and_a_reload_asks_again(
    page: Page, new_page: NewPage, place: Place
):
    place.open(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url("**#s=*")
    other = new_page()
    other.goto(page.url)
    expect(other.locator(place.answer).first).to_be_visible()
    other.goto("about:blank")
    other.goto(place.path)
    expect(place.show(other)).to_be_hidden()


@places
def test_by_keyboard_alone(page: Page, place: Place):
    answer = place.open(page)
    skip(page).focus()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Predict first").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(answer).to_be_visible()
    assert page.evaluate("document.activeElement.localName") == "answer-veil"


@places
def test_a_change_of_language_leaves_it_as_it_is(page: Page, place: Place):
    place.open(page)
    page.get_by_role("link", name="中文").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(place.run)).to_be_enabled()
    expect(page.locator(place.answer).first).to_be_hidden()
    skip(page).click()
    page.get_by_role("link", name="English").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(place.answer).first).to_be_visible()


@places
def test_without_scripts_nothing_is_covered(new_page: NewPage, troubles: Troubles, place: Place):
    troubles.expect(r"\(csp\)")  # so Chromium calls a script it was told not to run
    page = new_page(java_script_enabled=False)
    page.goto(place.path)
    expect(page.get_by_text("Show it anyway").first).to_be_hidden()
    for veil in page.locator("answer-veil > :not(.veil)").all():
        assert veil.evaluate("it => getComputedStyle(it).visibility") == "visible"


@places
def test_paper_shows_everything(page: Page, place: Place):
    answer = place.open(page)
    page.emulate_media(media="print")
    expect(answer).to_be_visible()
    expect(skip(page)).to_be_hidden()
    assert page.locator("[data-unknown]").evaluate_all(
        "all => all.every(one => getComputedStyle(one, '::before').content === 'none')"
    )


@places
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_axe_is_content_with_what_is_covered(new_page: NewPage, place: Place, scheme: str, width: int):
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 900}, locale="zh-CN")
    expect(place.open(page)).to_be_hidden()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_only_the_figure_that_answers_is_covered(page: Page):
    korean = PLACES[0].open(page)
    page.get_by_role("button", name="Opposites").click()
    expect(korean).to_be_visible()
    page.get_by_role("button", name="English to Korean").click()
    expect(korean).to_be_hidden()
    page.get_by_role("slider", name="Examples shown", exact=True).fill("2")  # the controls go on working
    expect(page.locator("[data-shots]")).to_have_text("2")


def test_what_is_covered_is_not_spoken_either(page: Page):
    place = PLACES[2]
    place.open(page)
    expect(page.locator("#announcer")).not_to_contain_text("different answers")
    skip(page).click()
    place.show(page)
    expect(page.locator("#announcer")).to_contain_text("different answers")


@pytest.fixture
def patterns(page: Page) -> Page:
    page.goto("/patterns")
    expect(page.locator("#gallery line-figure svg.figure-svg").first).to_be_visible()
    return page


def test_under_the_veil_there_is_nothing_to_press_or_to_hear(patterns: Page):
    under = patterns.get_by_role("button", name="Show the others")
    expect(under).to_have_count(0)
    skip(patterns).focus()
    patterns.keyboard.press("Tab")
    assert "answer-veil" not in patterns.evaluate(
        "() => [...function* (one) { for (; one; one = one.parentElement) yield one.localName; }(document.activeElement)]"
    )
    skip(patterns).press("Space")
    expect(under).to_be_visible()
    expect(patterns.locator("answer-veil")).to_be_focused()
    patterns.keyboard.press("Tab")
    expect(under).to_be_focused()


def test_who_wants_no_motion_gets_none(new_page: NewPage):
    page = new_page(reduced_motion="reduce")
    page.goto("/patterns")
    durations = page.locator(".veil").first.evaluate("it => getComputedStyle(it).transitionDuration")
    assert set(durations.split(", ")) == {"0s"}
