"""What leaves the page and comes back, and what happens when the server fails."""

import json
import re

from playwright.sync_api import Page, Route, expect

from tests.in_browser import NewPage, Troubles
from tests.pages.playground.editor import (
    PROMPT,
    ended,
    ids,
    open_with,
    put_caret,
    same_dice,
    share_link,
    text,
    text_area,
    write,
)


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


def test_a_share_link_opens_the_same_ids_and_runs_nothing(page: Page, new_page: NewPage):
    open_with(page)
    write(page)
    link = share_link(page)
    other = new_page()
    asked = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    expect(text_area(other)).to_have_value(text(page))
    assert ids(other) == ids(page)
    other.wait_for_timeout(1000)
    assert not [url for url in asked if re.search("/api/(completions|score|next-token)", url)]


def test_a_link_made_with_another_model_says_so(page: Page):
    page.goto("/playground")
    link = page.evaluate(
        """async () => {
          const { shareLink } = await import("/static/js/base/share.js");
          const { pageData } = await import("/static/js/base/page.js");
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
    page.route(
        "**/api/completions",
        lambda route: route.fulfill(status=503, content_type="application/json", body=error),
    )
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.locator("main status-message")).not_to_be_empty()
    expect(text_area(page)).to_have_value(PROMPT)
    expect(page.locator("#outcome")).to_contain_text("Broke off")


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


def test_a_run_is_replayed_and_verified(page: Page):
    open_with(page)
    write(page)
    page.get_by_text("Share, replay, download").click()
    page.get_by_role("button", name="Replay the last run").click()
    expect(page.get_by_text(re.compile("Replayed with seed .* all 10 tokens are the same"))).to_be_visible()


def test_what_is_typed_after_a_run_is_no_part_of_its_replay(page: Page):
    open_with(page)
    write(page)
    put_caret(page, len(text(page)))
    page.keyboard.insert_text(" and mine")
    page.get_by_text("Share, replay, download").click()
    page.get_by_role("button", name="Replay the last run").click()
    expect(page.get_by_text(re.compile("Replayed with seed .* all 10 tokens are the same"))).to_be_visible()


def test_the_machine_is_not_blamed_for_an_edit(page: Page):
    open_with(page)
    write(page)
    put_caret(page, 0, len("My favourite"))
    page.keyboard.insert_text("Once upon a time the")
    page.wait_for_function(
        "() => document.querySelector('document-editor').entries.every(({draft}) => draft === undefined)"
    )
    page.get_by_text("Share, replay, download").click()
    page.get_by_role("button", name="Replay the last run").click()
    expect(page.locator("#share-said")).to_contain_text("There is no run to replay")


def test_a_request_to_copy_has_the_settings_that_made_the_text(page: Page):
    open_with(page)
    same_dice(page, 7)
    write(page)
    page.get_by_label("Temperature, number").first.fill("1.9")
    page.get_by_label("Temperature, number").first.blur()
    same_dice(page, 8)
    page.get_by_text("Share, replay, download").click()
    page.get_by_role("button", name="Copy as curl").click()
    command = page.get_by_label("To copy by hand")
    expect(command).to_have_value(re.compile("curl"))
    body = json.loads(re.search("-d '(.*)'", command.input_value(), re.S).group(1))
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.8, 7, 10)
    assert (body["ignore_eos"], body["n"]) == (False, 1)
