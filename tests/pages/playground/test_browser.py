"""One document, typed and continued: streaming, stopping, editing, undoing, by pointer and by keyboard."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe
from tests.pages.playground.editor import (
    PROMPT,
    at_most,
    ended,
    entries,
    ids,
    open_with,
    put_caret,
    same_dice,
    text,
    text_area,
    write,
)


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/playground")
    expect(page.locator("document-editor")).to_contain_text("Once upon a time")
    expect(page.locator(".by-model").first).to_be_visible()
    expect(page.locator("step-card")).to_contain_text("#47")


def test_opening_the_page_asks_the_model_nothing(page: Page):
    asked = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    page.goto("/playground")
    expect(text_area(page)).to_have_value(re.compile("Once upon a time"))
    page.wait_for_timeout(1200)
    assert asked == []


def test_it_streams_and_stops_at_once_and_keeps_what_came(page: Page):
    open_with(page)
    at_most(page, 900)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_function("() => document.querySelector('document-editor').entries.length > 20")
    page.keyboard.press("Escape")
    ended(page)
    kept = ids(page)
    expect(page.locator("#outcome")).to_contain_text("Stopped. The text so far is kept.")
    page.wait_for_timeout(400)
    assert ids(page) == kept
    assert len(kept) < 900
    assert text(page).startswith(PROMPT)


def test_the_model_s_words_are_marked_and_the_typed_ones_are_not(page: Page):
    open_with(page)
    write(page)
    assert [entry["by"] for entry in entries(page)].count("model") == 10
    assert page.locator(".document-token.by-model").count() == 10
    decoration = page.locator(".document-token.by-model").first.evaluate(
        "e => getComputedStyle(e).textDecorationLine"
    )
    assert decoration == "underline"


def test_the_mirror_lies_exactly_under_the_text(page: Page):
    open_with(
        page, "Some text that is long enough to wrap over several lines of the document. " * 8 + "\n\nEnd\n"
    )
    mirror, area = page.locator(".document-mirror").bounding_box(), text_area(page).bounding_box()
    assert mirror == area
    assert text_area(page).evaluate("e => e.scrollHeight - e.clientHeight") <= 0


def test_selection_and_scroll_survive_fifty_streamed_tokens(page: Page):
    open_with(page, "line\n" * 40 + PROMPT)
    put_caret(page, 5, 9)
    scroller = page.locator(".document-scroller")
    scroller.evaluate("e => { e.scrollTop = 30 }")
    write(page, "Fifty more tokens")
    selection = text_area(page).evaluate("e => [e.selectionStart, e.selectionEnd]")
    assert selection == [5, 9]
    assert scroller.evaluate("e => e.scrollTop") == 30


def test_nothing_moves_while_text_streams(page: Page):
    open_with(page)
    page.evaluate(
        """() => {
          window.shifts = []; // how much, and what
          const named = ({ node }) => `${node?.nodeName} ${node?.parentElement?.className ?? ""}`;
          new PerformanceObserver((list) => {
            for (const e of list.getEntries()) if (!e.hadRecentInput) shifts.push([e.value, e.sources.map(named)]);
          }).observe({ type: "layout-shift" });
        }"""
    )
    at_most(page, 200)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_timeout(300)
    ended(page)
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < 0.01, shifts


def test_undo_goes_back_over_edits_and_generations_alike(page: Page):
    open_with(page)
    write(page)
    generated = text(page)
    put_caret(page, len(PROMPT) + 1)
    page.keyboard.type("XY")
    edited = text(page)
    assert edited != generated
    page.keyboard.press("Control+z")
    expect(text_area(page)).to_have_value(generated)
    page.keyboard.press("Control+z")
    expect(text_area(page)).to_have_value(PROMPT)
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+y")
    expect(text_area(page)).to_have_value(edited)


def test_an_edit_inside_the_model_s_words_keeps_the_other_ids(page: Page):
    open_with(page)
    write(page)
    before = entries(page)
    put_caret(page, len(PROMPT) + 2)
    page.keyboard.type("Q")
    page.wait_for_function(
        "() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)"
    )
    after = entries(page)
    assert [entry["id"] for entry in after[-8:]] == [entry["id"] for entry in before[-8:]]
    assert all(entry["moved"] and not entry["step"] for entry in after[-8:])


def test_one_token_ten_times_is_ten_tokens_once_with_the_same_dice(page: Page):
    open_with(page)
    same_dice(page, 1234)
    write(page, "Ten more tokens")
    at_once = ids(page)
    text_area(page).focus()
    page.keyboard.press("Control+z")
    for _ in range(10):
        write(page, "One more token")
    assert ids(page) == at_once


def test_a_lone_space_at_the_end_is_pointed_out_and_compared(page: Page):
    open_with(page, f"{PROMPT} ")
    hint = page.locator("#space-hint")
    expect(hint).to_contain_text("The text ends in a space")
    hint.get_by_role("button", name="Compare both").click()
    expect(hint.get_by_role("table")).to_have_count(2)
    expect(text_area(page)).to_have_value(f"{PROMPT} ")


def test_a_late_comparison_is_not_shown_for_a_newer_text(page: Page):
    open_with(page, f"{PROMPT} ")
    hint = page.locator("#space-hint")
    held: list[Route] = []

    def hold(route: Route) -> None:  # but not the question how a document begins
        held.append(route) if "ids" in route.request.post_data_json else route.continue_()

    page.route("**/api/next-token", hold)
    with page.expect_request(lambda request: "/api/next-token" in request.url and "ids" in request.post_data):
        hint.get_by_role("button", name="Compare both").click()
    put_caret(page, len(PROMPT) + 1)
    page.keyboard.insert_text("not ")
    page.wait_for_timeout(300)
    assert len(held) == 2
    for route in held:
        with page.expect_response("**/api/next-token"):
            route.continue_()
    page.wait_for_timeout(300)
    expect(hint).to_contain_text("The text ends in a space")
    expect(hint.get_by_role("table")).to_have_count(0)


def test_the_window_is_never_overrun(page: Page):
    open_with(page, "word " * 1000 + "end")
    expect(page.locator("context-meter")).to_contain_text("at most")
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_function("() => document.querySelector('document-editor').entries.length === 1024")
    ended(page)
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("The context window is full")


def test_chinese_is_composed_by_an_input_method(page: Page):
    open_with(page, "x")
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "nihao", "selectionStart": 5, "selectionEnd": 5})
    session.send("Input.insertText", {"text": "你好"})
    expect(text_area(page)).to_have_value("x你好")
    page.wait_for_function(
        "() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)"
    )
    assert (
        b"".join(bytes.fromhex(entry["bytes"]) for entry in entries(page) if entry["by"] != "start").decode()
        == "x你好"
    )


def test_pointing_at_a_word_shows_its_card(page: Page):
    page.goto("/playground")
    expect(text_area(page)).to_have_value(re.compile("Once upon"))
    page.locator(".document-token.by-model").nth(3).hover(force=True, position={"x": 12, "y": 8})
    expect(page.locator("step-card .step-token")).to_contain_text("black")


def test_a_tap_opens_the_card_as_a_sheet(new_page: NewPage):
    page = new_page(viewport={"width": 360, "height": 760}, has_touch=True, is_mobile=True)
    page.goto("/playground")
    expect(text_area(page)).to_have_value(re.compile("Once upon"))
    box = page.locator(".document-token.by-model").nth(3).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".playground-card")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".playground-card")).to_be_hidden()


def test_everything_goes_by_keyboard(page: Page):
    page.goto("/playground")
    text_area(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(PROMPT)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => document.querySelector('document-editor').entries.length > 20")
    ended(page)
    before = ids(page)
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Alt+Enter")
    expect(page.locator(".bars-pick:focus")).to_have_count(1)
    index = page.evaluate("document.querySelector('step-card').index")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    ended(page)
    assert ids(page)[:index] == before[:index]
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    again = ids(page)
    page.keyboard.press("r")
    page.wait_for_timeout(300)
    ended(page)
    assert ids(page)[: index + 1] == again[: index + 1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_after_the_page_was_used(new_page: NewPage, scheme: str):
    page = new_page(color_scheme=scheme)
    open_with(page, f"{PROMPT} ")
    page.get_by_role("button", name="4", exact=True).click()
    write(page)
    for fold in (
        "A/B: two settings",
        "Share, replay, download",
        "Penalties, beginning and end of text",
        "For teachers",
    ):
        page.get_by_text(fold).click()
    page.get_by_role("button", name="blocks").click()
    page.get_by_role("button", name="Run both").click()
    expect(page.locator(".compare-verdict")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="list", exact=True).click()
    page.get_by_role("button", name="rank", exact=True).click()
    axe(page)


def test_the_whole_page_reads_chinese(new_page: NewPage):
    page = new_page(locale="zh-CN")
    page.goto("/playground")
    expect(page.get_by_role("heading", level=1)).to_have_text("一份文档，续写下去")
    page.get_by_role("button", name="再写十个词元").click()
    expect(page.locator("#outcome")).to_contain_text("已写完。")
    shown = page.locator("main").inner_text()
    words = re.findall(
        r"[A-Za-z]{4,}", re.sub(r"Ctrl|Enter|Shift|JSON|Python|curl|Top|temperature", "", shown)
    )
    listed = page.locator("step-card, .continuation-text, .branch-text, document-editor").all_inner_texts()
    assert [word for word in words if not any(word in part for part in listed)] in (
        [],
        ["fake", "gemma"],
        ["gemma", "fake"],
    )


def test_the_token_that_starts_the_document_can_be_left_out(page: Page):
    start = {
        "ids": [50256],
        "tokens": [{"id": 50256, "bytes": "3c7c3e"}],
        "bos": True,
    }  # as other models say it
    page.route("**/api/next-token", lambda route: route.fulfill(json=start))
    open_with(page)
    write(page, "One more token")
    chip = page.get_by_role("button", name="The token that starts the document")
    expect(chip).to_be_visible()
    assert entries(page)[0]["by"] == "start"
    page.get_by_text("Penalties, beginning and end of text").click()
    switch = page.get_by_label("Leave out the token that starts the document")
    switch.check()
    expect(chip).to_be_hidden()
    with page.expect_request("**/api/completions") as asked:
        write(page, "One more token")
    assert asked.value.post_data_json["ids"] == ids(page)[:-1]
    assert entries(page)[0]["by"] == "typed"
    switch.uncheck()
    expect(chip).to_be_visible()
    assert entries(page)[0]["by"] == "start"
