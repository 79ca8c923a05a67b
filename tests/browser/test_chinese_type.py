"""How Chinese looks: its own quotation marks, type large enough, air between the lines."""

import pytest
from playwright.sync_api import Page

from tests.in_browser import NewPage

MARKS = "“”‘’…—"
PAGES = ("/", "/tokenizer", "/playground", "/guess")


def fonts_of(page: Page, selector: str) -> dict[str, int]:
    """Family -> glyphs, of the fonts that the system really drew this element with."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return {font["familyName"]: int(font["glyphCount"]) for font in fonts}


def write(page: Page, tag: str, text: str, language: str = "") -> str:
    """Put an element with this text on the page; the selector that finds it."""
    page.evaluate(
        """async ([tag, text, language]) => {
          document.querySelector("#specimen")?.remove();
          const specimen = Object.assign(document.createElement(tag), { id: "specimen", textContent: text });
          if (language) specimen.lang = language;
          document.querySelector("main").prepend(specimen);
          await document.fonts.ready;
        }""",
        [tag, text, language],
    )
    return "#specimen"


@pytest.mark.parametrize("tag", ["p", "code"])
def test_quotation_marks_come_from_the_chinese_font(new_page: NewPage, tag: str):
    page = new_page(locale="zh-CN")
    page.goto("/tokenizer")
    fonts = fonts_of(page, write(page, tag, MARKS))
    assert sum(fonts.values()) == len(MARKS)
    assert not [name for name in fonts if "Inter" in name or "JetBrains" in name]
    assert any("Inter" in name or "JetBrains" in name for name in fonts_of(page, write(page, tag, "abc 123")))
    english = fonts_of(page, write(page, tag, MARKS, "en")) if tag == "p" else {}
    assert all("Inter" in name for name in english)


def test_english_pages_keep_their_quotation_marks(page: Page):
    page.goto("/tokenizer")
    assert all("Inter" in name for name in fonts_of(page, write(page, "p", MARKS)))


@pytest.mark.parametrize("path", PAGES)
def test_chinese_is_large_enough_and_has_air(new_page: NewPage, path: str):
    page = new_page(locale="zh-CN")
    page.goto(path)
    page.wait_for_timeout(500)
    small, tight = page.evaluate(
        """() => {
          const small = new Set(), tight = new Set();
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const box = walk.currentNode.parentElement;
            if (!/[\\u4e00-\\u9fff]/.test(walk.currentNode.data) || !box.checkVisibility()) continue;
            const { fontSize, lineHeight } = getComputedStyle(box);
            const words = walk.currentNode.data.trim().slice(0, 12);
            if (parseFloat(fontSize) > 1 && parseFloat(fontSize) < 14) small.add(`${fontSize} ${words}`);
            const running = box.closest("p, li, dd") === box && box.textContent.length > 30 && !box.closest(".screen");
            if (running && parseFloat(lineHeight) / parseFloat(fontSize) < 1.69) tight.add(`${lineHeight} ${words}`);
          }
          return [[...small], [...tight]];
        }"""
    )
    assert (small, tight) == ([], [])
