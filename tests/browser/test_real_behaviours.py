"""The four behaviours with nothing made up: a student's own text, the default model, from a click to the picture."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.main import create_app
from app.settings import Settings
from tests.in_browser import NewPage
from tests.live import serve, wait_until

pytestmark = pytest.mark.weights
PATIENCE = 240_000  # milliseconds; a run takes seconds, on a machine that does nothing else
GENESIS = (
    "And God said, Let there be light: and there was light. And God saw the light, that it was good: and God "
    "divided the light from the darkness. And God called the light Day, and the darkness he called Night."
)


@pytest.fixture(scope="module")
def live_server(default_model: Path) -> Iterator[str]:
    app = create_app(Settings(weights_dir=default_model.parent, context_length=1024))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 120)
        yield f"http://127.0.0.1:{port}"


def computed(page: Page, bar: str) -> None:
    done = re.compile("Computed here just now with gemma-3-270m|刚刚在这里用 gemma-3-270m 算出")
    expect(page.locator(bar)).to_contain_text(done, timeout=PATIENCE)


def test_a_text_of_ones_own_is_recited(page: Page):
    page.goto("/regurgitation#own")
    page.locator("#own").fill(GENESIS)
    page.get_by_role("slider", name="Tokens shown", exact=True).fill("8")
    page.locator("#run button").click()
    computed(page, "#run")
    same = page.locator("#main-recital .recital-same").all_text_contents()
    given = page.locator("#main-recital .recital-given").text_content()
    assert GENESIS.startswith(given + same[0])
    assert len(same[0].split()) >= 8
    expect(page.locator("#control-score")).not_to_have_text("–", timeout=PATIENCE)
    page.get_by_role("button", name="Details").click()
    expect(page.locator("#main-heat .heat-token").first).to_have_text("And")


def test_a_prompt_of_ones_own_asked_sixteen_times(new_page: NewPage):
    page = new_page(locale="zh-CN")
    page.goto("/hallucination#own")
    own = page.locator("[data-asking=own]")
    own.get_by_role("textbox").fill("The most beautiful town in Norway is")
    own.locator("[data-ask]").click()
    expect(own.locator("[data-ask]")).to_have_text("再问一遍", timeout=PATIENCE)
    answers = own.locator(".card-try.is-answered")
    expect(answers).to_have_count(16)
    different = answers.evaluate_all("nodes => new Set(nodes.map(node => node.dataset.hue)).size")
    expect(own.locator("[data-number]")).to_have_text(str(different))
    page.locator("[popovertarget=details]").click()
    expect(page.locator("#figures .universe-tree")).to_be_visible()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_a_question_is_asked_and_stopped_by_keyboard_alone(new_page: NewPage, locale: str):
    page = new_page(locale=locale)
    page.goto("/hallucination#own")
    own = page.locator("[data-asking=own]")
    own.get_by_role("textbox").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(f"The oldest library of {locale} is")  # what was asked before is answered at once
    button = own.locator("[data-ask]")
    expect(button).to_be_enabled()
    for _ in range(30):
        if button.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    some_came = "() => /\\w/.test(document.querySelector('[data-asking=own] .card-try').textContent)"
    page.wait_for_function(some_came, timeout=PATIENCE)  # looks at every frame: it is over in a second
    page.keyboard.press("Escape")
    expect(own.locator("[data-note]")).to_contain_text(re.compile(r"Stopped: \d+ of 16|已停止"))
    expect(own.locator(".card-try").first).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(own.locator(".card-try.is-answered")).to_have_count(16, timeout=PATIENCE)


def percent(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text))


def test_rows_of_ones_own_are_learned_from(page: Page):
    page.goto("/few-shot#own")
    expect(page.locator("#few-run button")).to_be_enabled()
    page.locator("[data-task]").select_option("")
    rows = page.locator("#few-rows")
    for number, (word, digit) in enumerate([("one", "1"), ("two", "2"), ("three", "3")], 1):
        if rows.locator(".example-row").count() < number:
            rows.get_by_role("button", name="Add an example").click()
        rows.get_by_label(f"input, row {number}").fill(word)
        rows.get_by_label(f"output, row {number}").fill(digit)
    page.locator("#few-queries").get_by_label("input, row 1").fill("seven")
    page.locator("#few-queries").get_by_label("output, row 1").fill("7")
    page.locator("#few-run button").click()
    computed(page, "#few-run")
    expect(page.locator(".example-verdict")).to_contain_text("✓ right")
    expect(page.locator("[data-score]")).to_have_text("1 of 1 right")
    page.get_by_role("button", name="Details").click()
    with_three = percent(page.locator("[data-big]").inner_text())
    page.get_by_role("slider", name="Examples shown", exact=True).fill("0")
    assert with_three > 10 * percent(page.locator("[data-big]").inner_text())


def test_a_question_of_ones_own_is_answered_in_the_costume(page: Page):
    page.goto("/assistant#own")
    page.locator("#question").fill("What is the capital of France?")
    expect(page.locator("#ask")).to_be_enabled()
    page.locator("#question").press("Enter")
    document = page.locator("#document .one-document")
    expect(document).to_contain_text("Human: What is the capital of France?\nAssistant: ", timeout=PATIENCE)
    expect(document).to_have_attribute("data-end", "cut at “Human:”", timeout=PATIENCE)
    expect(page.locator("chat-lines .chat-text").last).to_contain_text("Paris")
    page.locator("[popovertarget=details]").click()
    page.locator("#tries-run button").click()
    computed(page, "#tries-run")
    expect(page.locator("#bare-tries .try")).to_have_count(4)
    page.locator("#shift-run button").click()
    computed(page, "#shift-run")
    expect(page.locator("#shift-0 .heat-token").first).to_be_visible()


def test_the_bare_question_is_followed_by_questions_and_the_same_in_the_costume_by_an_answer(
    new_page: NewPage,
):
    for locale, answer in (("en", "2 + 2 = 4."), ("zh-CN", "2 + 2 = 4。")):
        page = new_page(locale=locale)
        page.goto("/assistant#bare")
        document = page.locator("#document .one-document")
        page.locator("#ask").click()
        expect(document).to_have_attribute("data-end", re.compile("40"), timeout=PATIENCE)
        assert len(re.findall("[?？]", document.text_content())) >= 3
        page.locator('.stage-steps a[href="#costume"]').click()
        page.locator("#dressed").check()
        expect(document).to_contain_text(answer, timeout=PATIENCE)
