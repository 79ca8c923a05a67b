"""One document, typed and continued: streaming, stopping, forking, undoing, sharing, by pointer and by keyboard."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewPage, Troubles, axe

PROMPT = "My favourite colour is"


def text_area(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Document")


def entries(page: Page) -> list[dict]:
    return page.evaluate(
        "() => document.querySelector('document-editor').entries.map(({id, bytes, by, draft, step, score, moved, chosen}) =>"
        " ({id, bytes, by, draft, step: !!step, score: !!score, moved: !!moved, chosen: !!chosen}))"
    )


def ids(page: Page) -> list[int]:
    return [entry["id"] for entry in entries(page)]


def text(page: Page) -> str:
    return text_area(page).input_value()


def open_with(page: Page, prompt: str = PROMPT) -> None:
    """The playground with this text typed into an empty document, and its ids settled."""
    page.goto("/playground")
    text_area(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(prompt)
    page.wait_for_function(
        "() => { const e = document.querySelector('document-editor').entries;"
        " return e.length > 0 && e.every(({draft}) => draft === undefined) }"
    )


def ended(page: Page) -> None:
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()


def write(page: Page, button: str = "Ten more tokens") -> None:
    before = len(entries(page))
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_function("n => document.querySelector('document-editor').entries.length > n", arg=before)
    ended(page)


def put_caret(page: Page, start: int, end: int | None = None) -> None:
    text_area(page).focus()
    text_area(page).evaluate("(area, [a, b]) => area.setSelectionRange(a, b)", [start, start if end is None else end])


def at_most(page: Page, tokens: int) -> None:
    page.get_by_label("Tokens at most").fill(str(tokens))
    page.get_by_label("Tokens at most").blur()


def same_dice(page: Page, seed: int) -> None:
    page.get_by_label("Seed").fill(str(seed))
    page.get_by_label("Seed").blur()
    expect(page.get_by_label("same dice")).to_be_checked()


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
    expect(page.locator("#outcome")).to_contain_text("Stopped; what came is kept.")
    page.wait_for_timeout(400)
    assert ids(page) == kept
    assert len(kept) < 900
    assert text(page).startswith(PROMPT)


def test_the_model_s_words_are_marked_and_the_typed_ones_are_not(page: Page):
    open_with(page)
    write(page)
    assert [entry["by"] for entry in entries(page)].count("model") == 10
    assert page.locator(".document-token.by-model").count() == 10
    decoration = page.locator(".document-token.by-model").first.evaluate("e => getComputedStyle(e).textDecorationLine")
    assert decoration == "underline"


def test_the_mirror_lies_exactly_under_the_text(page: Page):
    open_with(page, "Some text that is long enough to wrap over several lines of the document. " * 8 + "\n\nEnd\n")
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
        "() => { window.shifted = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shifted += e.value; }).observe({type: 'layout-shift'}) }"
    )
    at_most(page, 400)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_timeout(700)
    ended(page)
    assert page.evaluate("window.shifted") < 0.01


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
    page.wait_for_function("() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)")
    after = entries(page)
    assert [entry["id"] for entry in after[-8:]] == [entry["id"] for entry in before[-8:]]
    assert all(entry["moved"] and not entry["step"] for entry in after[-8:])


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
    page.wait_for_function("n => document.querySelector('document-editor').entries.length === n", arg=index + 1)
    page.wait_for_timeout(200)
    assert len(ids(page)) == index + 1


def test_text_after_a_fork_can_be_kept_and_is_scored_again(page: Page):
    open_with(page)
    write(page)
    text_area(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" my own end")
    page.wait_for_function("() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)")
    put_caret(page, len(PROMPT) + 3)
    page.get_by_label("keep the text after it").check()
    page.locator("step-card tbody tr:not(.is-picked) .bars-pick").first.click()
    expect(text_area(page)).to_have_value(re.compile(" my own end$"))
    page.wait_for_function("() => document.querySelector('document-editor').entries.every(e => e.step || e.score)")


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


def test_eight_continuations_stream_as_one_batch_and_one_stop_ends_them(page: Page):
    open_with(page)
    at_most(page, 100)
    page.get_by_role("button", name="8", exact=True).click()
    requests = []
    page.on("request", lambda request: request.url.endswith("/api/completions") and requests.append(request))
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator(".continuation")).to_have_count(8)
    page.keyboard.press("Escape")
    ended(page)
    assert len(requests) == 1
    page.get_by_role("button", name="Take continuation 3").click()
    taken = page.locator(".continuation").nth(2).locator(".continuation-text").inner_text()
    assert text(page).endswith(taken.strip()[-10:])
    page.get_by_role("button", name="blocks").click()
    heights = page.locator(".branch-level").nth(1).locator(".branch-block").evaluate_all(
        "all => all.reduce((sum, e) => sum + (e.dataset.to - e.dataset.from), 0)"
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


def test_a_share_link_opens_the_same_ids_and_runs_nothing(page: Page, new_page: NewPage):
    open_with(page)
    write(page)
    page.get_by_text("Share, replay, take away").click()
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_label("To copy by hand")
    expect(link).to_have_value(re.compile("#s="))
    other = new_page()
    asked = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link.input_value())
    expect(text_area(other)).to_have_value(text(page))
    assert ids(other) == ids(page)
    other.wait_for_timeout(1000)
    assert not [url for url in asked if re.search("/api/(completions|score|next-token)", url)]


def test_a_link_made_with_another_model_says_so(page: Page):
    page.goto("/playground")
    link = page.evaluate(
        """async () => {
          const { shareLink } = await import("/static/js/share.js");
          const { pageData } = await import("/static/js/page.js");
          return shareLink({ ...pageData.example, pieces: undefined });
        }"""
    )
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("Made with gemma-3-270m; fake is loaded.")).to_be_visible()


def test_a_reload_loses_nothing(page: Page):
    page.on("dialog", lambda dialog: dialog.accept())
    open_with(page)
    write(page)
    before, written = ids(page), text(page)
    page.wait_for_timeout(700)
    page.reload()
    expect(text_area(page)).to_have_value(written)
    assert ids(page) == before


def test_a_failing_request_keeps_the_text(page: Page, troubles: Troubles):
    troubles.expect("503")
    open_with(page)
    error = json.dumps({"error": {"code": "overloaded", "message": "every place is taken"}})
    page.route("**/api/completions", lambda route: route.fulfill(status=503, content_type="application/json", body=error))
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("main status-message")).not_to_be_empty()
    expect(text_area(page)).to_have_value(PROMPT)
    expect(page.locator("#outcome")).to_contain_text("Broke off")


def stream_of(*tokens: str):
    def answer(route: Route) -> None:
        start = len(json.loads(route.request.post_data)["ids"])
        lines = ['event: queued\ndata: {"position": 0, "seed": 1, "ids": []}\n\n']
        for place, token_bytes in enumerate(tokens):
            step = {
                "sequence": 0, "position": start + place, "id": 100 + place, "bytes": token_bytes, "special": False,
                "raw_logprob": -1.0, "processed_logprob": -1.0, "rank": 2, "entropy_bits": 3.0, "u": 0.5, "kept": 9,
                "top": [], "finish_reason": None,
            }  # fmt: skip
            lines.append(f"event: token\ndata: {json.dumps(step)}\n\n")
        route.fulfill(status=200, content_type="text/event-stream", body="".join(lines))

    return answer


def test_a_stream_that_breaks_off_is_told_and_its_tokens_stay(page: Page):
    open_with(page)
    page.route("**/api/completions", stream_of(b" blue".hex(), b" sky".hex()))
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("main status-message")).to_contain_text("broke off")
    expect(text_area(page)).to_have_value(f"{PROMPT} blue sky")


def test_half_a_character_is_shown_as_bytes_and_a_whole_one_once(page: Page):
    open_with(page)
    emoji = "😀".encode()
    page.route("**/api/completions", stream_of(b" ".hex(), emoji[:3].hex(), emoji[3:].hex(), emoji[:2].hex()))
    page.get_by_role("button", name="Continue", exact=True).click()
    ended(page)
    expect(text_area(page)).to_have_value(f"{PROMPT} 😀⟨F0⟩⟨9F⟩")
    assert "\ufffd" not in text(page)


def test_a_lone_space_at_the_end_is_pointed_out_and_compared(page: Page):
    open_with(page, f"{PROMPT} ")
    hint = page.locator("#space-hint")
    expect(hint).to_contain_text("The text ends in a space")
    hint.get_by_role("button", name="Compare both").click()
    expect(hint.get_by_role("table")).to_have_count(2)
    expect(text_area(page)).to_have_value(f"{PROMPT} ")


def test_a_and_b_with_the_same_settings_do_not_differ(page: Page):
    open_with(page)
    page.get_by_text("A/B: two settings").click()
    page.get_by_role("button", name="Run both").click()
    verdict = page.locator(".compare-verdict")
    expect(verdict).to_contain_text("first that differs")
    page.get_by_role("button", name="Copy A to B").click()
    page.get_by_role("button", name="Run both").click()
    expect(verdict).to_contain_text("No difference")


def test_a_run_is_replayed_and_verified(page: Page):
    open_with(page)
    write(page)
    page.get_by_text("Share, replay, take away").click()
    page.get_by_role("button", name="Replay the last run").click()
    expect(page.get_by_text(re.compile("Replayed with seed .* all 10 tokens are the same"))).to_be_visible()


def test_a_token_of_one_s_own_gets_its_exact_rank(page: Page):
    open_with(page)
    write(page)
    put_caret(page, len(PROMPT) + 3)
    page.get_by_label("Or a token of your own, space included").fill(" boats")
    page.get_by_role("button", name="How likely?").click()
    expect(page.locator(".step-probe")).to_contain_text("#")
    page.get_by_role("button", name="Branch with it").click()
    ended(page)
    expect(text_area(page)).to_have_value(re.compile(f"^{PROMPT} boats"))


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
    page.wait_for_function("() => document.querySelector('document-editor').entries.every(e => e.draft === undefined)")
    assert b"".join(bytes.fromhex(entry["bytes"]) for entry in entries(page) if entry["by"] != "start").decode() == "x你好"


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
    for fold in ("A/B: two settings", "Share, replay, take away", "Penalties and the end of text", "For teachers"):
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
    expect(page.locator("#outcome")).to_contain_text("已写够所要的词元数")
    shown = page.locator("main").inner_text()
    words = re.findall(r"[A-Za-z]{4,}", re.sub(r"Ctrl|Enter|Shift|JSON|Python|curl|Top|temperature", "", shown))
    listed = page.locator("step-card, .continuation-text, .branch-text, document-editor").all_inner_texts()
    assert [word for word in words if not any(word in part for part in listed)] in ([], ["fake", "gemma"], ["gemma", "fake"])


def test_alternatives_of_another_model_are_not_taken_for_this_one_s(page: Page):
    page.goto("/playground")
    expect(text_area(page)).to_have_value(re.compile("Once upon"))
    before = text(page)
    page.locator("step-card .bars-pick").first.click()
    expect(page.get_by_text("These alternatives were gemma-3-270m’s.")).to_be_visible()
    expect(text_area(page)).to_have_value(before)
    authors = {entry["by"] for entry in entries(page)}
    assert {"typed", "model"} <= authors
