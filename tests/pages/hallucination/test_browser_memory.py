"""What the page remembers, and what a link shows to whoever opens it."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from app.main import create_app
from app.settings import Settings
from tests.in_browser import NewPage, Troubles
from tests.live import serve, wait_until
from tests.pages.hallucination.stage import (
    OWN,
    PATIENCE,
    add_column,
    ask,
    ask_of,
    ask_own,
    button,
    cards,
    close_drawer,
    columns,
    drawer,
    link_of,
    open_step,
    requests_of,
    share_link,
    shown,
    without_a_model,
)

SLOW_MS = 150


@pytest.fixture(scope="module")
def slow_server() -> Iterator[str]:
    app = create_app(Settings(engine="fake", ms_per_token=SLOW_MS))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


def work(page: Page) -> dict:
    """Something in every step: what stands there afterwards."""
    open_step(page, "invented")
    ask_of(page, "invented").get_by_label("7 to 11").check()
    ask(page, "invented")
    page.goto("/hallucination#real")
    ask(page, "real")
    page.goto("/hallucination#evidence")
    for column in range(3):
        add_column(page, column)
    page.goto("/hallucination#own")
    ask_of(page, "own").get_by_label("Count as the answer").select_option("word")
    ask_own(page)
    return everything(page)


def everything(page: Page) -> dict:
    asked = {step: shown(page, step) for step in ("invented", "real", "own")}
    return asked | {
        "columns": columns(page),
        "prompt": ask_of(page, "own").get_by_role("textbox").input_value(),
        "rule": ask_of(page, "own").locator("#own-rule").input_value(),
        "meters": page.locator("#figures .agreement-meters").first.inner_text()
        if page.locator("#details").is_visible()
        else None,
    }


def test_a_reload_and_a_trip_to_another_page_lose_nothing(page: Page):
    before = work(page)
    asked = requests_of(page)
    page.reload()
    expect(button(page, "own")).to_have_text("Ask again")
    assert everything(page) == before
    page.goto("/tokenizer")
    page.go_back()
    expect(button(page, "own")).to_have_text("Ask again")
    assert everything(page) == before
    assert [url for url in asked if "/api/experiments" in url] == []


@pytest.mark.parametrize("step", ["invented", "real", "evidence", "why", "own"])
def test_every_step_is_where_one_left_it(page: Page, step: str):
    open_step(page, step)
    page.reload()
    expect(page.locator(f".stage-steps [href='#{step}']")).to_have_attribute("aria-current", "step")


def test_a_run_that_was_stopped_is_remembered_as_such(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host")
    page = open_step(new_page(base_url=slow_server), "own")
    ask_of(page, "own").get_by_role("textbox").fill(OWN)
    button(page, "own").click()
    expect(cards(page, "own").filter(has_text=re.compile(r"\w"))).to_have_count(16)
    button(page, "own").click()
    expect(ask_of(page, "own").locator("[data-note]")).to_contain_text("Stopped:")
    before = shown(page, "own")
    link = share_link(page)
    page.reload()
    expect(ask_of(page, "own").locator("[data-note]")).to_contain_text("Stopped:")
    assert shown(page, "own") == before
    other = new_page(base_url=slow_server)
    asked = requests_of(other)
    other.goto(link)
    expect(ask_of(other, "own").locator("[data-note]")).to_contain_text("Stopped:")
    expect(ask_of(other, "own").get_by_role("textbox")).to_have_value(OWN)
    assert shown(other, "own") == before
    assert asked == []


def test_a_run_under_way_when_one_leaves_is_kept_as_far_as_it_came(
    new_page: NewPage, slow_server: str, troubles: Troubles
):
    troubles.expect("request to another host|ERR_FAILED|cut")
    page = open_step(new_page(base_url=slow_server), "own")
    ask_of(page, "own").get_by_role("textbox").fill(OWN)
    button(page, "own").click()
    expect(cards(page, "own").filter(has_text=re.compile(r"\w"))).to_have_count(16)
    page.reload()
    expect(ask_of(page, "own").locator("[data-note]")).to_contain_text("Stopped:")
    assert all(text.strip() for text in cards(page, "own").all_inner_texts())


def test_whoever_opens_a_link_sees_what_its_sender_saw(page: Page, new_page: NewPage):
    before = work(page)
    link = share_link(page)
    assert len(link) <= 8000
    close_drawer(page)
    other = new_page()
    asked = requests_of(other)
    other.goto(link)
    expect(button(other, "own")).to_have_text("Ask again")
    expect(other.locator(".stage-steps [href='#own']")).to_have_attribute("aria-current", "step")
    assert everything(other) == before
    drawer(page), drawer(other)
    figures = page.locator("#figures").inner_text()
    assert other.locator("#figures").inner_text() == figures
    assert asked == []
    whose = ask_of(other, "own").locator("[data-source]")
    expect(whose).to_contain_text("From a link. Its sender had these answers from fake on")


def test_a_link_says_whose_answers_it_holds_where_another_model_is_loaded(page: Page, new_page: NewPage):
    open_step(page, "real")
    without_a_model(page)
    ask(page, "real")
    before = shown(page, "real")
    other = new_page()
    asked = requests_of(other)
    other.goto(share_link(page))
    expect(button(other, "real")).to_have_text("Ask again")
    assert shown(other, "real") == before
    expect(ask_of(other, "real").locator("[data-source]")).to_contain_text("gemma-3-270m")
    expect(ask_of(other, "real").locator("[data-source]")).to_contain_text("Loaded now: fake.")
    assert asked == []


def test_a_link_opens_in_the_other_language_with_the_same_answers(page: Page, new_page: NewPage):
    before = work(page)
    other = new_page(locale="zh-CN")
    other.goto(share_link(page))
    expect(button(other, "own")).to_have_text("再问一遍")
    assert shown(other, "own")["cards"] == before["own"]["cards"]
    assert shown(other, "invented")["cards"] == before["invented"]["cards"]
    expect(ask_of(other, "invented").locator("[data-prompt]")).to_contain_text("Vossmark")


def test_a_link_made_before_anything_was_asked_shows_empty_cards(page: Page, new_page: NewPage):
    open_step(page, "own")
    ask_own(page, "The capital of France is")
    ask_of(page, "own").get_by_role("textbox").fill(OWN)
    other = new_page()
    other.goto(share_link(page))
    expect(ask_of(other, "own").get_by_role("textbox")).to_have_value(OWN)
    expect(button(other, "own")).to_have_text("Ask 16 times")
    assert all(text.strip() == "" for text in cards(other, "own").all_inner_texts())


def test_an_older_link_still_opens_with_its_settings_and_runs_nothing(page: Page, new_page: NewPage):
    open_step(page, "invented")
    request = {"prompt": OWN, "n": 8, "seed": 5, "temperature": 1.2, "max_tokens": 24, "cut": "word"}
    sentences = [{"text": "The sky is green.", "label": "false"}]
    older = {
        "universes": {"preset": None, "request": request},
        "temperatures": {},
        "evidence": {"request": {**request, "sentences": sentences}},
        "mistake": {"request": {**request, "forced": " red", "watch": ["sea"]}},
    }
    other = new_page()
    asked = requests_of(other)
    other.goto(link_of(page, older))
    own = ask_of(other, "own")
    expect(other.locator("#own-n")).to_have_value("8")
    expect(own.get_by_role("textbox")).to_have_value(OWN)
    expect(own.locator("#own-rule")).to_have_value("word")
    expect(button(other, "own")).to_have_text("Ask 8 times")
    expect(other.locator("#mistake-forced")).to_have_value(" red")
    expect(other.locator("#evidence [data-heads] li").first).to_contain_text(OWN)
    assert asked == []


def test_a_damaged_link_is_put_right(page: Page, new_page: NewPage):
    open_step(page, "invented")
    damaged = [
        {"universes": {"request": {"prompt": 5, "n": 900}}, "evidence": {"request": 1}, "mistake": {}},
        {
            "page": "hallucination",
            "tries": {"own": {"request": {"n": 900, "prompt": []}, "figures": [7, None, {}]}},
        },
        {
            "page": "hallucination",
            "tries": 5,
            "evidence": {"figures": {}, "shown": "x"},
            "temperatures": {"sides": [1]},
        },
    ]
    for state, n in zip(damaged, ("32", "32", "16"), strict=True):
        other = new_page()
        other.goto(link_of(page, state))
        expect(other.locator("#own-n")).to_have_value(n)
        expect(button(other, "own")).to_be_attached()


def test_a_forged_link_is_told_as_the_sender_s_word_and_markup_stays_text(page: Page, new_page: NewPage):
    """Anyone may write a link: what it says of a model is its sender's claim, and the page says so."""
    open_step(page, "own")
    ask_own(page)
    share_link(page)
    state = page.evaluate(
        "async () => (await import('/static/js/base/share.js')).readFragment(location.hash)"
    )
    forged = json.loads(json.dumps(state).replace("the sea", "<img src=x onerror=alert(1)>"))
    forged["tries"]["own"]["figures"][0]["by"] = ["gemma-3-270m", "2026-11-22", "here"]
    other = new_page()
    other.goto(link_of(page, forged))
    expect(ask_of(other, "own").locator("[data-source]")).to_contain_text(
        "From a link. Its sender had these answers from gemma-3-270m"
    )
    assert other.locator("main img").count() == 0


def test_the_language_switch_keeps_what_one_typed_and_computed(new_page: NewPage):
    page = new_page(locale="zh-CN")
    open_step(page, "own")
    expect(page.get_by_role("heading", level=1)).to_have_text("你也来问一个")
    ask_own(page)
    part = drawer(page).locator("#temperatures")
    part.get_by_role("button", name="运行").click()
    expect(part.locator("run-bar")).to_contain_text("刚刚在这里", timeout=PATIENCE)
    close_drawer(page)
    before = shown(page, "own")
    asked = requests_of(page)
    page.get_by_role("link", name="English").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask it something yourself")
    expect(button(page, "own")).to_have_text("Ask again")
    after = shown(page, "own")
    assert (after["cards"], after["number"]) == (before["cards"], before["number"])
    expect(drawer(page).locator("#temperatures [data-prompt]")).to_contain_text(OWN)
    assert [url for url in asked if "/api/experiments" in url] == []


def test_unasked_a_page_shows_the_example_of_its_own_language(new_page: NewPage):
    page = new_page(locale="zh-CN")
    page.goto("/hallucination")
    expect(ask_of(page, "invented").locator("[data-prompt]")).to_contain_text("林语澄")
    page.get_by_role("link", name="English").first.click()
    expect(ask_of(page, "invented").locator("[data-prompt]")).to_contain_text("Vossmark")


def test_begun_again_the_page_is_as_it_was_at_first(page: Page):
    work(page)
    drawer(page).get_by_role("button", name="Begin this page again").click()
    close_drawer(page)
    for step in ("invented", "real", "own"):
        assert all(text.strip() == "" for text in cards(page, step).all_text_contents())
    assert columns(page) == [[]] * 7
    expect(ask_of(page, "invented").locator(":checked")).to_have_count(0)


def test_a_server_that_starts_again_finds_everything_as_it_was(page: Page, troubles: Troubles):
    before = work(page)
    held: list[Route] = []
    page.route("**/api/**", lambda route: held.append(route))  # it does not answer yet
    page.reload()
    expect(button(page, "own")).to_have_text(re.compile("(Ask|Play) again"))
    assert everything(page) == before
    for route in held:
        route.abort()
    troubles.expect("ERR_FAILED|Failed to load resource")
