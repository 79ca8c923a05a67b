"""What the pages promise of a seed: the sentence that holds for the engine, beside every seed, in both languages."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.in_browser import NewPage
from tests.pages.playground.editor import open_with, write

SENTENCES = {
    ("en", "same"): "Same prompt, same settings, same seed: the same text, on every screen of this class.",
    (
        "en",
        "varies",
    ): "On this machine the same seed can give another text when others write at the same time.",
    ("zh-CN", "same"): "提示相同、设置相同、种子相同：全班每一块屏幕上的文本都相同。",
    ("zh-CN", "varies"): "在这台机器上，同时有别人在生成时，同一个种子也可能给出不同的文本。",
}
SHEET = {
    ("en", "same"): "the same prompt, settings and seed give the same text.",
    ("en", "varies"): "the same seed can give another text when others write at the same time.",
    ("zh-CN", "same"): "提示、设置和种子都相同，文本就相同。",
    ("zh-CN", "varies"): "同时有别人在生成时，同一个种子也可能给出不同的文本。",
}
SEEDS = {  # page -> its seeds
    "/playground": "#seed",
    "/sampling": ".seed-number",
    "/hallucination": ".seed-number",
    "/assistant": "#seed",
}
both = pytest.mark.parametrize("language", ["en", "zh-CN"])


def answer_with_engine(page: Page, **changes: str) -> None:
    """From now on the page hears of an engine with these differences."""

    def answer(route: Route) -> None:
        state = route.fetch().json()
        route.fulfill(json=state | {"engine": state["engine"] | changes})

    page.route("**/api/models", answer)
    with page.expect_response("**/api/models"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it asks again


def promises(page: Page, seeds: str) -> list[Locator]:
    """What each seed of the page says that it is described by."""
    described = page.locator(seeds).evaluate_all(
        "boxes => boxes.map(box => box.getAttribute('aria-describedby'))"
    )
    assert described
    return [page.locator(f"#{name}") for name in described]


@both
@pytest.mark.parametrize("path", SEEDS)
def test_a_seed_says_what_it_promises(new_page: NewPage, path: str, language: str):
    page = new_page(locale=language, viewport={"width": 360, "height": 800})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    page.evaluate(
        "document.documentElement.dataset.all = ''; document.querySelector('.drawer')?.showPopover()"
    )
    for promise in promises(page, SEEDS[path]):
        expect(promise).to_be_visible()
        assert promise.inner_text() == SENTENCES[language, "same"]
    heights = [promise.evaluate("node => node.offsetHeight") for promise in promises(page, SEEDS[path])]
    answer_with_engine(page, numerics="varies")
    for promise, height in zip(promises(page, SEEDS[path]), heights, strict=True):
        expect(promise).to_have_text(re.compile(SENTENCES[language, "varies"]), use_inner_text=True)
        assert promise.inner_text() == SENTENCES[language, "varies"]
        assert promise.evaluate("node => node.offsetHeight") == height  # so nothing below it moves
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_no_promise_is_made_before_a_model_is_there(page: Page):
    page.goto("/playground")
    height = page.locator("#seed-promise").evaluate("node => node.offsetHeight")
    page.route(
        "**/api/models",
        lambda route: route.fulfill(json=route.fetch().json() | {"loaded": None, "engine": None}),
    )
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#seed-promise")).to_have_text("", use_inner_text=True)
    assert page.locator("#seed-promise").evaluate("node => node.offsetHeight") == height


def test_a_seed_typed_over_the_same_seed_is_meant_to_be_used(page: Page):
    page.goto("/playground")
    seed = page.get_by_label("Seed")
    expect(seed).to_have_value("618")  # the worked example's
    expect(page.get_by_label("same dice")).not_to_be_checked()
    seed.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("618")
    expect(page.get_by_label("same dice")).to_be_checked()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("six")
    expect(seed).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    expect(seed).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_label("same dice")).not_to_be_checked()


@both
@pytest.mark.parametrize("numerics", ["same", "varies"])
def test_the_model_sheet_says_it_too(new_page: NewPage, language: str, numerics: str):
    page = new_page(locale=language)
    page.goto("/")
    answer_with_engine(page, numerics=numerics)
    page.locator("header button.model-status").click()
    expect(page.locator("dialog.models .models-sheet > p")).to_contain_text(SHEET[language, numerics])


@pytest.mark.parametrize(
    ("numerics", "reason"),
    [
        ("same", "This text was written elsewhere"),
        ("varies", "that can happen when others write at the same time"),
    ],
)
def test_a_replay_that_gives_another_text_says_why(page: Page, numerics: str, reason: str):
    open_with(page)
    answer_with_engine(page, numerics=numerics)
    write(page)
    seed = page.get_by_label("Seed").input_value()

    def with_other_dice(route: Route) -> None:
        route.continue_(post_data=route.request.post_data_json | {"seed": int(seed) + 1})

    page.route("**/api/completions", with_other_dice)
    page.get_by_text("Share, replay, take away").click()
    page.get_by_role("button", name="Replay the last run").click()
    said = page.locator("#share-said")
    expect(said).to_contain_text(
        re.compile(rf"Replayed with seed {seed}: the first other token is number \d+\.")
    )
    expect(said).to_contain_text(reason)
