"""Other tokens, other lines, other settings: forks, several continuations, A/B."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.playground.editor import (
    PROMPT,
    at_most,
    ended,
    entries,
    ids,
    open_with,
    put_caret,
    text,
    text_area,
    write,
)


def test_a_fork_keeps_the_ids_before_it_and_the_old_line_as_a_branch(page: Page):
    open_with(page)
    write(page)
    before, old = ids(page), text(page)
    put_caret(page, len(PROMPT) + 3)
    index = page.evaluate("document.querySelector('step-card').index")
    card = page.locator("step-card")
    alternative = card.locator("tbody tr:not(.is-picked) .bars-pick").first
    alternative.click()
    page.wait_for_function("n => document.querySelector('document-editor').entries.length > n", arg=index + 5)
    ended(page)
    after = ids(page)
    assert after[:index] == before[:index]
    assert after[index] != before[index]
    assert entries(page)[index]["chosen"]
    branches = page.locator("branch-tree .branch-leaf")
    assert branches.count() >= 2
    page.keyboard.press("Control+z")
    expect(text_area(page)).to_have_value(old)


def test_alt_click_swaps_without_continuing(page: Page):
    open_with(page)
    write(page)
    put_caret(page, len(PROMPT) + 3)
    index = page.evaluate("document.querySelector('step-card').index")
    page.locator("step-card tbody tr:not(.is-picked) .bars-pick").first.click(modifiers=["Alt"])
    page.wait_for_function(
        "n => document.querySelector('document-editor').entries.length === n", arg=index + 1
    )
    page.wait_for_timeout(200)
    assert len(ids(page)) == index + 1


def test_text_after_a_fork_can_be_kept_and_is_scored_again(page: Page):
    open_with(page)
    write(page)
    text_area(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" my own end")
    page.wait_for_function(
        "() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)"
    )
    put_caret(page, len(PROMPT) + 3)
    page.get_by_label("keep the text after it").check()
    page.locator("step-card tbody tr:not(.is-picked) .bars-pick").first.click()
    expect(text_area(page)).to_have_value(re.compile(" my own end$"))
    page.wait_for_function(
        "() => document.querySelector('document-editor').entries.every(e => e.step || e.score)"
    )


def test_eight_continuations_stream_as_one_batch_and_one_stop_ends_them(page: Page):
    open_with(page)
    at_most(page, 100)
    page.get_by_role("button", name="8", exact=True).click()
    requests = []
    page.on("request", lambda request: request.url.endswith("/api/completions") and requests.append(request))
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator(".continuation")).to_have_count(8)
    page.wait_for_function(  # far enough to differ: those that do not are shown as one
        "() => [...document.querySelectorAll('.continuation-text')].every(e => e.textContent.length > 20)"
    )
    page.keyboard.press("Escape")
    ended(page)
    assert len(requests) == 1
    page.get_by_role("button", name="Take continuation 3").click()
    taken = page.locator(".continuation").nth(2).locator(".continuation-text").inner_text()
    assert text(page).endswith(taken.strip()[-10:])
    page.get_by_role("button", name="blocks").click()
    heights = (
        page.locator(".branch-level")
        .nth(1)
        .locator(".branch-block")
        .evaluate_all("all => all.reduce((sum, e) => sum + (e.dataset.to - e.dataset.from), 0)")
    )
    assert heights == pytest.approx(1, abs=1e-6)


def test_identical_continuations_are_counted(page: Page):
    open_with(page)
    page.get_by_label("Temperature, number").first.fill("0")
    page.get_by_label("Temperature, number").first.blur()
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_role("button", name="Ten more tokens").click()
    expect(page.locator(".continuation")).to_have_count(1)
    expect(page.locator(".continuation")).to_contain_text("4 of 4 agree")


def test_a_and_b_with_the_same_settings_do_not_differ(page: Page):
    open_with(page)
    page.get_by_text("A/B: two settings").click()
    page.get_by_role("button", name="Run both").click()
    verdict = page.locator(".compare-verdict")
    expect(verdict).to_contain_text("They part at token")
    page.get_by_role("button", name="Copy A to B").click()
    page.get_by_role("button", name="Run both").click()
    expect(verdict).to_contain_text("No difference")


def test_a_and_b_can_differ_in_any_setting(page: Page):
    page.goto("/playground")
    page.get_by_text("A/B: two settings").click()
    pane = page.get_by_role("region", name="B", exact=True)
    expect(pane.get_by_role("slider")).to_have_count(7)
    pane.get_by_label("Repetition penalty, number").fill("1.5")
    pane.get_by_label("Repetition penalty, number").blur()
    page.get_by_role("button", name="Swap A and B").click()
    other = page.get_by_role("region", name="A", exact=True)
    expect(other.get_by_label("Repetition penalty, number")).to_have_value("1.5")


def test_a_side_that_is_taken_brings_the_settings_that_made_it(page: Page):
    open_with(page)
    at_most(page, 5)
    page.get_by_text("A/B: two settings").click()
    page.get_by_role("button", name="Run both").click()
    expect(page.locator(".compare-verdict")).to_be_visible()
    moved = page.get_by_role("region", name="B", exact=True).get_by_label("Temperature, number")
    made_with = moved.input_value()
    moved.fill("0.3")
    moved.blur()
    page.get_by_role("button", name="Take B into the document").click()
    expect(page.get_by_label("Temperature, number").first).to_have_value(made_with)


def test_a_comparison_of_one_model_is_not_taken_into_the_text_of_another(page: Page):
    page.goto("/playground")
    of_another = page.evaluate(
        """async () => {
          const { shareLink } = await import("/static/js/base/share.js");
          const { pageData } = await import("/static/js/base/page.js");
          return new URL(await shareLink({ ...pageData.example, pieces: undefined })).hash;
        }"""
    )
    open_with(page)
    at_most(page, 5)
    page.get_by_text("A/B: two settings").click()
    page.get_by_role("button", name="Run both").click()
    take = page.get_by_role("button", name="Take A into the document")
    expect(page.locator(".compare-verdict")).to_be_visible()
    expect(take).to_be_enabled()
    page.evaluate("hash => { location.hash = hash }", of_another)
    expect(text_area(page)).to_have_value(re.compile("Once upon"))
    expect(take).to_be_disabled()
    expect(page.locator(".compare-verdict")).to_have_count(0)
    expect(page.locator("compare-panes")).to_contain_text("there lived a")


def test_a_late_rank_is_not_written_into_the_card_of_another_token(page: Page):
    open_with(page)
    write(page)
    put_caret(page, len(PROMPT) + 1)
    place = page.locator("step-card").get_by_text("position 4")
    expect(place).to_be_visible()
    held: list[Route] = []
    page.route("**/api/next-token", lambda route: held.append(route))
    page.get_by_label("Or type a token of your own, with its leading space").fill(" boats")
    with page.expect_request("**/api/next-token"):
        page.get_by_role("button", name="How likely?").click()
    put_caret(page, len(text(page)))
    expect(place).to_be_hidden()
    with page.expect_response("**/api/next-token"):
        held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator(".step-probe")).to_have_count(0)


def test_a_token_of_one_s_own_gets_its_exact_rank(page: Page):
    open_with(page)
    write(page)
    put_caret(page, len(PROMPT) + 1)
    page.get_by_label("Or type a token of your own, with its leading space").fill(" boats")
    page.get_by_role("button", name="How likely?").click()
    expect(page.locator(".step-probe")).to_contain_text("#")
    page.get_by_role("button", name="Branch with it").click()
    ended(page)
    expect(text_area(page)).to_have_value(re.compile(f"^{PROMPT} boats"))


def test_alternatives_of_another_model_are_not_taken_for_this_one_s(page: Page):
    page.goto("/playground")
    expect(text_area(page)).to_have_value(re.compile("Once upon"))
    before = text(page)
    page.locator("step-card .bars-pick").first.click()
    expect(page.get_by_text("These alternatives are from gemma-3-270m.")).to_be_visible()
    expect(text_area(page)).to_have_value(before)
    authors = {entry["by"] for entry in entries(page)}
    assert {"typed", "model"} <= authors
