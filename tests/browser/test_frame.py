"""What stands around every page: navigation, language, colours, the model and its progress."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from app.pages.registry import CHAPTERS, PAGES
from tests.in_browser import TEACHER, NewPage, Troubles, axe

FRAMED = [page for page in PAGES if not page.bare]
PATHS = [page.path for page in FRAMED]
PHONE = {"width": 360, "height": 800}


def status(page: Page):
    return page.locator("header button.model-status")


def dialog(page: Page):
    return page.get_by_role("dialog", name="Models")


def models(**changes: object) -> dict[str, object]:
    """An answer of GET /api/models: one model runs, one could be fetched, one is out of reach."""
    facts = {
        "parameters": 268098176, "layers": 18, "width": 640, "heads": 4, "vocabulary": 262144, "context_length": 32768,
        "licence": "Gemma Terms of Use", "licence_url": "", "tokens_read": 6000000000000, "data": "not published",
        "cut_off": "not published", "source": "package index", "fact_sources": {"layers": "counted"},
    }  # fmt: skip
    one = facts | {
        "name": "gemma-3-270m",
        "title": "Gemma 3 270M",
        "kind": "base",
        "available": True,
        "on_disk": True,
        "note": None,
    }
    two = one | {
        "name": "smollm2-135m-instruct",
        "title": "SmolLM2 135M Instruct",
        "kind": "instruct",
        "on_disk": False,
    }
    three = two | {
        "name": "gpt2",
        "title": "GPT-2",
        "kind": "base",
        "available": False,
        "note": "Needs huggingface.co.",
    }
    return {
        "loaded": one, "state": "ready", "engine": {"device": "cpu", "dtype": "bfloat16", "mode": "mixed"}, "context_length": 8192,
        "task": None, "error": None, "models": [one, two, three], "switch": "anyone",
    } | changes  # fmt: skip


def answer_models(page: Page, **changes: object) -> None:
    page.route("**/api/models", lambda route: route.fulfill(json=models(**changes)))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens_without_trouble(page: Page, path: str):
    page.goto(path)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.title()


@pytest.mark.parametrize("width", [320, 768, 1280, 2560])
def test_no_page_scrolls_sideways(new_page: NewPage, width: int):
    page = new_page(viewport={"width": width, "height": 800})
    for path in PATHS:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_the_navigation_says_where_one_is(page: Page):
    page.goto("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next token").click()
    expect(page).to_have_url("/sampling")
    here = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Next token")
    expect(here).to_have_attribute("aria-current", "page")
    expect(here).to_have_text("2 Next token")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_foot_of_each_chapter_leads_to_the_next(page: Page, language: str):
    page.goto(f"{CHAPTERS[0].path}?lang={language}")
    for chapter in CHAPTERS[1:]:
        page.wait_for_load_state()
        onwards = page.locator("a.stage-next:not([rel])").locator("visible=true")
        while onwards.count():  # a page told in steps: to its last one
            step = onwards.first.get_attribute("href")
            onwards.first.click()
            expect(page).to_have_url(re.compile(f"{step}$"))
            expect(page.locator(f".stage-steps a[href='{step}']")).to_have_attribute("aria-current", "step")
        page.locator("a[rel=next]").click()
        expect(page).to_have_url(f"{chapter.path}?lang={language}")
    expect(page.locator("a[rel=next]")).to_have_count(0)
    page.locator("a[rel=prev]").click()
    expect(page).to_have_url(f"{CHAPTERS[-2].path}?lang={language}")


def test_a_menu_names_all_chapters_and_closes_when_attention_goes_elsewhere(page: Page):
    page.goto("/")
    menu = page.get_by_role("navigation", name="Pages").locator("details")
    menu.get_by_text("All chapters").click()
    expect(menu.get_by_role("link")).to_have_text(
        [f"{number} {chapter.title}" for number, chapter in enumerate(CHAPTERS, start=1)]
    )
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link")).to_have_count(0)


def test_on_a_phone_the_navigation_folds_into_one_button(new_page: NewPage):
    page = new_page(viewport=PHONE, has_touch=True)
    page.goto("/")
    tokens = page.get_by_role("navigation").get_by_role("link", name="Tokens")
    expect(tokens).to_be_hidden()
    page.get_by_role("button", name="Menu").tap()
    expect(tokens).to_be_visible()
    page.keyboard.press("Escape")
    expect(tokens).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.get_by_role("button", name="Menu").tap()
    tokens.tap()
    expect(page).to_have_url("/tokenizer")


def test_changing_the_language_keeps_what_was_typed(page: Page):
    page.goto("/")
    page.get_by_label("Half a sentence").fill("It was 草莓 <b> 😀")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_label("半句话", exact=True)).to_have_value("It was 草莓 <b> 😀")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("Half a sentence")).to_have_value("It was 草莓 <b> 😀")


def test_a_broken_link_says_so_and_the_page_still_works(page: Page):
    page.goto("/#s=1.AAAA")
    message = page.get_by_role("status").filter(has_text="This link is damaged")
    expect(message).to_contain_text("This link is damaged: part of it is missing. Ask for it again.")
    expect(message).not_to_contain_text("Something went wrong")
    page.goto("about:blank")
    page.goto("/#s=9.AAAA")
    expect(page.get_by_role("status").filter(has_text="another version")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("another version")).to_have_count(0)


def test_a_chosen_theme_is_there_at_once_after_a_reload(new_page: NewPage):
    page = new_page(color_scheme="light")
    page.goto("/")
    light = background(page)
    page.get_by_role("button", name="Colours: as the system says").click()
    page.get_by_role("button", name="Colours: light").click()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    dark = background(page)
    assert dark != light
    page.goto("/sampling", wait_until="commit")
    # nothing is painted before the style sheets are there: the first frame that has colours
    first = page.wait_for_function(
        f"() => document.body && !({BACKGROUND}).includes('rgba(0, 0, 0, 0)') && ({BACKGROUND})"
    )
    assert first.json_value() == dark
    page.get_by_role("button", name="Colours: dark").click()
    assert background(page) == light


BACKGROUND = (
    "getComputedStyle(document.documentElement).colorScheme + getComputedStyle(document.body).backgroundColor"
)


def background(page: Page) -> str:
    return page.evaluate(BACKGROUND)


def test_projector_mode_is_larger_and_stays(page: Page):
    page.goto("/tokenizer")
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="Projector").click()
    assert page.evaluate(size) == pytest.approx(1.4 * before, rel=0.01)
    page.reload()
    expect(page.get_by_role("button", name="Projector")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(size) == pytest.approx(1.4 * before, rel=0.01)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_status_opens_the_models_and_gives_the_focus_back(page: Page):
    answer_models(page)
    page.goto("/")
    status(page).focus()
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("heading", name=re.compile("^GPT-2( · base)?$"))).to_be_visible()
    expect(dialog(page).get_by_text("Needs huggingface.co.")).to_be_visible()
    expect(dialog(page).get_by_role("button", name="Load GPT-2")).to_have_count(0)
    expect(dialog(page).get_by_text("268M parameters").first).to_be_visible()
    dialog(page).locator("summary").first.click()
    expect(dialog(page).get_by_text("6T").first).to_be_visible()
    expect(status(page)).to_contain_text("gemma-3-270m")
    axe(page)
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(status(page)).to_be_focused()


def test_a_load_shows_its_progress_while_the_running_model_stays(page: Page):
    progress = {"fraction": 0.25}
    loading = {
        "name": "smollm2-135m-instruct",
        "title": "SmolLM2 135M Instruct",
        "stage": "fetch",
        "message": None,
    }
    asked = []

    def load(route: Route) -> None:
        asked.append(json.loads(route.request.post_data))
        page.route("**/api/models", lambda route: route.fulfill(json=models(task=loading | progress)))
        route.fulfill(status=202, json=models(task=loading | progress))

    answer_models(page)
    page.route("**/api/models/load", load)
    page.goto("/")
    page.get_by_label("Half a sentence").fill("What I typed")
    status(page).click()
    dialog(page).get_by_role("button", name="Load SmolLM2 135M Instruct").click()
    expect(dialog(page).get_by_role("progressbar")).to_have_attribute("value", "0.25")
    expect(dialog(page).get_by_text("Gemma 3 270M answers until then.")).to_be_visible()
    expect(status(page)).to_contain_text("25")
    progress["fraction"] = 0.75
    expect(status(page)).to_contain_text("75")  # it asks again by itself
    page.keyboard.press("Escape")
    expect(page.get_by_label("Half a sentence")).to_have_value("What I typed")
    assert asked == [{"name": "smollm2-135m-instruct"}]


def test_a_model_that_cannot_be_had_is_said_clearly(page: Page, troubles: Troubles):
    troubles.expect("409")
    answer_models(page)
    error = {"code": "model_unavailable", "message": "SmolLM2 135M Instruct: the disk is full"}
    page.route("**/api/models/load", lambda route: route.fulfill(status=409, json={"error": error}))
    page.goto("/")
    status(page).click()
    dialog(page).get_by_role("button", name="Load SmolLM2 135M Instruct").click()
    expect(dialog(page).get_by_text("the disk is full")).to_be_visible()
    expect(dialog(page).get_by_text("running", exact=True)).to_be_visible()


def test_on_an_open_server_the_models_are_the_teachers_to_load(new_page: NewPage):
    student, teacher, chinese = new_page(), new_page(), new_page(locale="zh-CN")
    for page, start in ((student, "/"), (teacher, f"/status#teacher={TEACHER}"), (chinese, "/")):
        answer_models(page, switch="teacher")
        page.goto(start)
        status(page).click()
    load = dialog(teacher).get_by_role("button", name="Load SmolLM2 135M Instruct")
    said = "Only the teacher can load another one."
    expect(load).to_be_enabled()
    expect(dialog(teacher).get_by_text(said)).to_have_count(0)
    expect(dialog(student).get_by_text(said)).to_be_visible()
    expect(dialog(student).get_by_text("running", exact=True)).to_be_visible()
    expect(dialog(student).get_by_role("button")).to_have_text(["Close"])
    axe(student)
    expect(
        chinese.get_by_role("dialog", name="模型").get_by_text("只有老师可以换成别的模型。")
    ).to_be_visible()
    teacher.evaluate("import('/static/js/base/teacher.js').then(({ teacher }) => teacher.keep(null))")
    expect(load).to_have_count(0)
    expect(dialog(teacher).get_by_text(said)).to_be_visible()


def test_the_server_says_who_may_load(page: Page):
    """This one listens to its own machine alone."""
    page.goto("/")
    status(page).click()
    expect(dialog(page).get_by_text("not available here").first).to_be_visible()  # by the scripted engine


def test_the_first_start_shows_how_far_it_is(page: Page):
    task = {
        "name": "gemma-3-270m",
        "title": "Gemma 3 270M",
        "stage": "convert",
        "fraction": None,
        "message": "converting, once",
    }
    page.goto("/")
    answer_models(page, loaded=None, engine=None, state="loading", task=task)
    status(page).click()
    expect(status(page)).to_contain_text("converting")
    expect(page.locator("header progress.model-progress")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Half a sentence").fill("Still usable")
    expect(page.locator("#figure-state")).to_contain_text("still getting ready")
    expect(page.get_by_role("button", name="Roll the dice")).to_be_disabled()


def test_a_server_that_is_gone_shows_in_the_status(page: Page, troubles: Troubles):
    troubles.expect("ERR_FAILED")
    page.goto("/")
    page.route("**/api/**", lambda route: route.abort())
    status(page).click()
    expect(status(page)).to_contain_text("no answer")
    expect(dialog(page).get_by_text("The server does not answer just now.")).to_be_visible()
    page.unroute("**/api/**")
    expect(status(page)).to_contain_text("ready", timeout=8000)  # it tries again by itself


def test_motion_ends_where_it_is_unwelcome(new_page: NewPage):
    quick = "getComputedStyle(document.documentElement).getPropertyValue('--quick')"
    page = new_page(reduced_motion="reduce")
    page.goto("/")
    assert page.evaluate(quick) == "0s"


def test_controls_are_large_enough_for_a_finger(new_page: NewPage):
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/")
    page.get_by_role("button", name="Menu").tap()
    small = page.evaluate(
        """() => [...document.querySelectorAll("header a, header button, main button:not(.bars-pick)")]
          .map((control) => [control.outerHTML.slice(0, 80), control.getBoundingClientRect()])
          .filter(([, {width, height}]) => width && (height < 44 || width < 40)).map(([html]) => html)"""
    )
    assert small == []


def test_axe_finds_nothing_in_the_gallery(new_page: NewPage):
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto("/patterns")
        page.wait_for_load_state("networkidle")
        axe(page)


@pytest.mark.parametrize("page_of_site", FRAMED, ids=lambda page: page.name)
def test_a_page_begins_below_its_header_however_short_it_is(new_page: NewPage, page_of_site):
    page = new_page(viewport={"width": 1920, "height": 2000})
    page.goto(page_of_site.path)
    top, below, foot = page.evaluate(
        "['main', '.page-header', '.page-footer, .stage-foot'].map((each) => document.querySelector(each).getBoundingClientRect())"
        ".map((box, index) => (index === 0 ? box.top : box.bottom))"
    )
    assert top == pytest.approx(below, abs=1)
    assert foot >= 1999


@pytest.mark.parametrize("page_of_site", PAGES, ids=lambda page: page.name)
def test_no_ligature_redraws_what_is_written(page: Page, page_of_site):
    """The mono face drew <|endoftext|> as two arrows: a token is what its characters are."""
    page.goto(page_of_site.path)
    page.wait_for_load_state("networkidle")
    drawn = page.evaluate(
        """[...document.body.querySelectorAll("*")]
          .filter((element) => getComputedStyle(element).fontVariantLigatures !== "none").map((element) => element.nodeName)"""
    )
    assert drawn == []
