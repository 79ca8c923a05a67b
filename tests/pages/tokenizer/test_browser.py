"""Text becomes chips that are true to the byte, and every chip says what it is."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.in_browser import NewPage, Troubles, axe
from tests.live import wait_until

EXAMPLE = "How many r's are in strawberry? 草莓有几个r？ 😀"
NASTY = [
    "a\tb\u00a0c\u200bd\ufeff\u0007 e\u0301 \u0301x",
    "שלום עולם مرحبا 👨\u200d👩\u200d👧 각 ☃\ufe0f \u202eabc",
    "def f(x):\n        return x\n\n\n\n\n\nprint(f(2))",
    "\u0928\u092e\u0938\u094d\u0924\u0947 ᄀ\u1161ᆨ 𝔘𝔫𝔦 \u2028 z\u0335\u0321",
]


def ask(live_server: str, text: str, encoding: str, special: str = "text") -> list[dict]:
    body = json.dumps({"text": text, "encoding": encoding, "special": special}).encode()
    request = urllib.request.Request(
        f"{live_server}/api/tokenize", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["tokens"]


def opened(page: Page, address: str = "/tokenizer") -> Page:
    page.goto(address)
    expect(page.locator("token-strip").first.get_by_role("option").first).to_be_visible()
    return page


def strip(page: Page, panel: int = 0) -> Locator:
    return page.locator("token-strip").nth(panel)


def chips(page: Page, panel: int = 0) -> Locator:
    return strip(page, panel).get_by_role("option")


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text to cut into tokens")


def card(page: Page) -> Locator:
    return page.locator("token-card")


def shown_ids(page: Page, panel: int = 0) -> list[int]:
    return chips(page, panel).evaluate_all("chips => chips.map(chip => Number(chip.dataset.id))")


def expect_ids(page: Page, expected: list[int], panel: int = 0) -> None:
    expect(chips(page, panel)).to_have_count(len(expected))
    wait_until(lambda: shown_ids(page, panel) == expected)


def test_the_page_is_alive_before_any_script(new_page: NewPage, troubles: Troubles):
    troubles.expect(r"\(csp\)$")  # so Chromium calls modules where scripts are off
    page = new_page(java_script_enabled=False)
    page.goto("/tokenizer")
    expect(page.locator("token-strip .token")).to_have_count(21)
    expect(page.locator("id-list .token-id").nth(6)).to_have_text("73700")
    expect(card(page)).to_contain_text("73700")
    expect(page.get_by_role("row", name="Hindi")).to_contain_text("180")


def test_scripts_take_over_without_moving_anything(page: Page):
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.shifts += e.value))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    opened(page)
    page.wait_for_timeout(500)
    assert page.evaluate("window.shifts") < 0.02
    expect(chips(page)).to_have_count(21)


@pytest.mark.parametrize("encoding", ["gpt2", "p50k_base", "cl100k_base", "o200k_base", "model"])
def test_the_chips_are_the_tokenizers(page: Page, live_server: str, encoding: str):
    opened(page)
    page.get_by_label("Encoding").first.select_option(encoding)
    for text in [EXAMPLE, *NASTY]:
        editor(page).fill(text)
        expected = ask(live_server, text, encoding)
        expect_ids(page, [token["id"] for token in expected])
        assert "\ufffd" not in strip(page).evaluate("strip => strip.textContent")


def test_a_typed_replacement_character_is_shown_as_itself(page: Page):
    opened(page)
    editor(page).fill("what \ufffd is")
    expect(strip(page)).to_contain_text("\ufffd")


def test_whitespace_has_marks_that_can_be_turned_off(page: Page):
    opened(page)
    editor(page).fill("a\tb\u00a0c\u200b\n        d")
    expect(strip(page).locator(".run")).to_have_attribute("data-mark", "␣×7")
    marks = strip(page).locator(".piece").evaluate_all("all => all.map(piece => piece.dataset.mark)")
    assert {"⇥", "⍽", "⟨ZWSP⟩", "↵", "·"} <= set(marks)
    surface = strip(page).get_by_role("listbox")
    mark = "node => getComputedStyle(node.querySelector('.run'), '::before').content"
    assert "×7" in surface.evaluate(mark)
    page.get_by_label("Show spaces and line breaks").uncheck()
    assert "×7" not in surface.evaluate(mark)


def test_tokens_that_share_a_character_show_it_once(page: Page):
    opened(page)
    page.get_by_label("Encoding").first.select_option("gpt2")
    editor(page).fill("a😀")
    group = strip(page).locator(".token-group")
    expect(group).to_have_count(1)
    expect(group.locator(".glyph")).to_have_text("😀")
    expect(group.get_by_role("option").nth(0)).to_have_text("F0 9F 98")
    expect(group.get_by_role("option").nth(1)).to_have_text("80")
    expect(page.get_by_text("A tall chip is only a piece of a character")).to_be_visible()


def test_special_tokens_are_text_unless_asked(page: Page, live_server: str):
    opened(page)
    text = "The end.<|endoftext|>Once"
    editor(page).fill(text)
    expect_ids(page, [token["id"] for token in ask(live_server, text, "cl100k_base")])
    expect(strip(page).locator(".special")).to_have_count(0)
    page.get_by_label("Treat special tokens as special").check()
    expect(strip(page).locator(".special")).to_have_text("<|endoftext|>")
    expect_ids(page, [token["id"] for token in ask(live_server, text, "cl100k_base", "parse")])
    expect(page.get_by_text("1 outlined chip is a special token")).to_be_visible()


def test_lone_surrogates_are_said(page: Page):
    opened(page)
    editor(page).evaluate("e => { e.value = 'a\\ud83db'; e.dispatchEvent(new Event('input')); }")
    expect(page.get_by_text("1 broken half of a character")).to_be_visible()


def test_pointing_shows_the_card_and_moving_into_it_keeps_it(page: Page):
    opened(page)
    first = chips(page).first
    first.hover()
    expect(card(page).locator(".card-title")).to_have_text("How")
    over, box = first.bounding_box(), card(page).bounding_box()
    assert box["x"] >= over["x"] + over["width"] or box["y"] >= over["y"] + over["height"]
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] - 40, steps=25)
    page.wait_for_timeout(300)
    expect(card(page).locator(".card-title")).to_have_text("How")
    expect(card(page)).to_contain_text("byte 0 to 3")


def test_the_card_tells_how_the_token_came_to_be(page: Page):
    opened(page)
    chips(page).nth(6).hover()
    for line in [
        "73700",
        "7 of 21",
        "20 73 74 72 61 77 62 65 72 72 79",
        "11 bytes · 11 characters",
        "merge 73,445 of 100,000",
        "·straw + berry",
        "strawberry 496 + 675 + 15717",
        "·Strawberry",
        "89077",
    ]:
        expect(card(page)).to_contain_text(line)
    chips(page).nth(9).hover()
    expect(card(page)).to_contain_text("Part of “草”")


def test_an_id_lights_its_chip_and_a_chip_its_id(page: Page):
    opened(page)
    ids = page.locator("id-list").first
    ids.get_by_text("1690").hover()
    expect(chips(page).nth(1)).to_have_class("token tint-1 lit")
    chips(page).nth(2).hover()
    expect(ids.locator(".lit")).to_have_text("436")
    ids.get_by_text("73700").click()
    expect(card(page).locator(".card-title")).to_have_text("·strawberry")


def test_the_keyboard_alone(page: Page):
    opened(page)
    page.get_by_label("Encoding").first.focus()
    page.keyboard.press("Tab")
    expect(chips(page).first).to_be_focused()
    expect(card(page).locator(".card-title")).to_have_text("How")
    page.keyboard.press("ArrowRight")
    expect(card(page).locator(".card-title")).to_have_text("·many")
    page.keyboard.press("End")
    expect(chips(page).last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(chips(page).first).to_be_focused()
    assert chips(page).first.get_attribute("aria-label") == "token 1: How, id 4438"
    page.keyboard.press("Enter")
    pin = card(page).get_by_role("button", name="Pin")
    expect(pin).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(card(page).locator(".card-title")).to_have_text("How")
    page.keyboard.press("Escape")
    expect(card(page)).to_contain_text("Hover over a token")
    page.keyboard.press("ArrowRight")
    expect(card(page).locator(".card-title")).to_have_text("·r")


def test_arrows_walk_from_line_to_line(page: Page):
    opened(page)
    editor(page).fill("one two three\nfour five six\nseven eight nine")
    expect(chips(page)).to_have_count(11)
    chips(page).nth(1).focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text(" five")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(":focus")).to_have_text(" two")


def test_all_tokens_of_a_kind(page: Page):
    opened(page)
    editor(page).fill("the cat and the dog and the bird")
    chips(page).nth(3).click()
    card(page).get_by_role("button", name="Show all 2").click()
    expect(strip(page).locator(".same")).to_have_text([" the", " the"])


def test_two_encodings_side_by_side(page: Page, live_server: str):
    opened(page)
    page.get_by_role("button", name="Compare two").click()
    expect_ids(page, [token["id"] for token in ask(live_server, EXAMPLE, "gpt2")], panel=1)
    expect(page.get_by_text("cl100k_base needs 21 tokens, gpt2 26: 5 more")).to_be_visible()
    chips(page, 0).nth(14).hover()
    expect(strip(page, 1).locator(".lit")).not_to_have_count(0)
    axe(page)
    page.get_by_role("button", name="Compare two").click()
    expect(strip(page, 1)).to_be_hidden()


def test_only_the_last_text_counts(page: Page, live_server: str):
    opened(page)
    editor(page).fill("")
    editor(page).press_sequentially("Once upon a time in a land", delay=4)
    expect_ids(page, [token["id"] for token in ask(live_server, "Once upon a time in a land", "cl100k_base")])


def test_tokens_that_come_leave_what_was_said_since_they_were_asked_for(page: Page):
    opened(page)
    held: list[Route] = []
    page.route("**/api/tokenize", lambda route: held.append(route))
    with page.expect_request("**/api/tokenize"):
        editor(page).fill("one two three")
    page.get_by_role("button", name="Copy link").click()
    said = page.locator("main status-message").get_by_text("link")
    expect(said).to_be_visible()
    for route in held:
        route.continue_()
    expect(chips(page)).to_have_count(3)
    expect(said).to_be_visible()


def test_a_text_that_is_too_long_is_kept_and_said(page: Page):
    opened(page)
    fill = "length => { const e = document.querySelector('#text'); e.value = 'word '.repeat(length / 5); e.dispatchEvent(new Event('input')); }"
    page.evaluate(fill, 1_000_100)
    expect(page.locator("main status-message")).to_contain_text("1,000,100 characters")
    assert editor(page).evaluate("e => e.value.length") == 1_000_100
    editor(page).fill("short")
    expect(chips(page)).to_have_count(1)
    expect(page.locator("main status-message")).to_be_hidden()


def test_a_link_opens_the_same_tokens_in_a_clean_profile(page: Page, new_page: NewPage, live_server: str):
    opened(page)
    editor(page).fill("A link, with 😀 and\ttabs")
    page.get_by_label("Encoding").first.select_option("gpt2")
    expected = [token["id"] for token in ask(live_server, "A link, with 😀 and\ttabs", "gpt2")]
    expect_ids(page, expected)
    page.get_by_role("button", name="Copy link").click()
    expect(page).to_have_url(re.compile("#s="))
    other = new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    opened(other, page.url.removeprefix(live_server))
    expect_ids(other, expected)
    expect(editor(other)).to_have_value("A link, with 😀 and\ttabs")
    expect(card(other)).to_contain_text("Hover over a token")
    assert not any("completions" in url or "next-token" in url for url in asked)


def test_a_link_of_another_page_is_refused_and_the_example_lives(page: Page):
    page.goto("/tokenizer")
    link = page.evaluate(
        """async () => {
          const { shareLink } = await import("/static/js/base/share.js");
          return shareLink({ page: "home", text: "half a sentence" });
        }"""
    )
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("status").filter(has_text="This link is damaged")).to_be_visible()
    expect(chips(page)).to_have_count(21)


def test_changing_the_language_keeps_the_text(page: Page):
    opened(page)
    editor(page).fill("keep me")
    expect(chips(page)).to_have_count(2)
    page.locator("header").get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("它看不见字，只看见编号")
    expect(page.locator("#text")).to_have_value("keep me")
    expect(card(page)).to_contain_text("点一块看看")  # the one the server drew was about another text


def test_the_tax_follows_the_encoding(page: Page):
    opened(page)
    hindi = page.get_by_role("row", name="Hindi")
    expect(hindi).to_contain_text("180")
    page.get_by_label("Encoding").first.select_option("o200k_base")
    expect(hindi).not_to_contain_text("180")
    expect(page.locator("#tax-encoding")).to_have_text("o200k_base")
    page.get_by_role("button", name="Swahili").click()
    expect(editor(page)).to_have_value(
        "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri, hivyo yapasa watendeane kindugu."
    )


def test_things_load_into_the_editor(page: Page):
    opened(page)
    page.get_by_role("button", name="Load 302, 1618, 19772").click()
    expect_ids(page, [302, 1618, 19772])
    expect(editor(page)).to_have_value("strawberry")


def test_on_a_phone_the_card_is_a_sheet_that_leaves_its_token_free(new_page: NewPage):
    page = opened(new_page(viewport={"width": 360, "height": 700}, has_touch=True))
    expect(card(page)).to_be_hidden()
    chips(page).nth(6).tap()
    expect(card(page)).to_contain_text("·straw + berry")
    page.wait_for_timeout(300)
    chip, sheet = chips(page).nth(6).bounding_box(), card(page).bounding_box()
    assert chip["y"] + chip["height"] <= sheet["y"]
    axe(page)
    chips(page).nth(6).tap()
    expect(card(page)).to_be_hidden()
    chips(page).nth(6).tap()
    card(page).get_by_role("button", name="Close").tap()
    expect(card(page)).to_be_hidden()


def test_a_card_that_floats_stands_beside_its_token(page: Page):
    opened(page)
    expect(card(page)).to_contain_text("496 + 675")  # its last line has come
    page.evaluate("() => document.fonts.ready")
    card(page).evaluate(
        "card => { card.removeAttribute('docked'); card.anchor = document.querySelectorAll('.token')[1]; }"
    )
    expect(card(page)).to_be_visible()
    chip, box = chips(page).nth(1).bounding_box(), card(page).bounding_box()
    assert box["y"] >= chip["y"] + chip["height"] or box["y"] + box["height"] <= chip["y"]
    assert 0 <= box["y"] and box["y"] + box["height"] <= 900


def test_a_window_that_grows_narrow_opens_no_sheet(page: Page):
    opened(page)
    expect(card(page)).to_be_visible()
    page.set_viewport_size({"width": 500, "height": 800})
    expect(card(page)).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(card(page)).to_be_visible()


@pytest.mark.parametrize("width", [320, 2560])
def test_nothing_sticks_out(new_page: NewPage, width: int):
    page = opened(new_page(viewport={"width": width, "height": 800}))
    editor(page).fill(
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " + "x" * 300
    )
    page.wait_for_timeout(200)
    page.get_by_role("button", name="Compare two").click()
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_accessible(new_page: NewPage, scheme: str, locale: str):
    page = opened(new_page(color_scheme=scheme, locale=locale))
    axe(page)


def test_an_unknown_link_is_explained(page: Page):
    page.goto("/tokenizer#s=9.abc")
    expect(page.locator("main status-message")).to_contain_text("another version")
