"""Ten thousand tokens and a million characters: the page holds a screen of chips and stays quick."""

import random

from playwright.sync_api import Page

from tests.live import wait_until
from tests.pages.tokenizer.test_browser import chips, editor, opened, strip


def prose(words: int) -> str:
    rng = random.Random(7)
    pool = "the quick brown fox jumps over a lazy dog while wizards brew strange potions in copper kettles".split()
    lines = [" ".join(rng.choice(pool) for _ in range(60)) + ".\n" for _ in range(words // 60)]
    return "".join(lines)


MEASURE = """async text => {
  const strip = document.querySelector("token-strip"), editor = document.querySelector("#text"), before = strip.tokens;
  const fetched = new Promise(done => new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (entry.name.endsWith("/api/tokenize")) done(entry.responseEnd);
  }).observe({ type: "resource" }));
  editor.value = text;
  editor.dispatchEvent(new Event("input"));
  while (strip.tokens === before) await new Promise(done => setTimeout(done));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const painted = performance.now();
  return { tokens: strip.tokens.length, chips: strip.querySelectorAll(".token").length, ms: painted - await fetched };
}"""


def test_ten_thousand_tokens_are_painted_in_300_ms(page: Page):
    opened(page)
    text = prose(11_000)
    measured = [page.evaluate(MEASURE, text + "." * n) for n in range(3)]
    assert measured[0]["tokens"] > 10_000
    assert measured[0]["chips"] < 3000
    assert min(m["ms"] for m in measured) <= 300


OBSERVE = """() => { window.keys = [];
  new PerformanceObserver(list => list.getEntries().forEach(entry => entry.name === "keydown" && keys.push(entry.duration)))
    .observe({ type: "event", durationThreshold: 16 }); }"""


def test_typing_stays_quick_with_ten_thousand_tokens(page: Page):
    opened(page)
    page.evaluate(MEASURE, prose(11_000))
    page.evaluate(OBSERVE)
    editor(page).focus()
    page.keyboard.press("Control+End")
    typed = "the end of a long text "
    rounds = []
    for _ in range(4):  # other work on this machine only ever adds: the quietest round counts
        page.evaluate("keys.length = 0")
        for key in typed:
            page.keyboard.press("Space" if key == " " else key)
            page.wait_for_timeout(40)
        slow = sorted(page.evaluate("keys"))  # from the key to the next paint; those under 16 ms are not told
        rounds.append(([0.0] * (len(typed) - len(slow)) + slow)[int(0.95 * len(typed))])
    assert min(rounds) <= 50
    assert editor(page).input_value().endswith(typed * 4)


def test_a_megabyte(page: Page):
    opened(page)
    result = page.evaluate(MEASURE, prose(190_000)[:999_999])
    assert result["tokens"] > 150_000
    assert result["chips"] < 3000
    strip(page).evaluate("strip => { strip.scrollTop = strip.scrollHeight / 2; }")
    visible = """strip => { const box = strip.getBoundingClientRect();
      return [...strip.querySelectorAll(".token")].some(chip => {
        const { top, bottom } = chip.getBoundingClientRect(); return bottom > box.top && top < box.bottom; }); }"""
    wait_until(lambda: strip(page).evaluate(visible), 5)
    assert page.locator(".token").count() < 3000
    chips(page).last.focus()
    page.keyboard.press("End")
    index = page.evaluate("Number(document.activeElement.dataset.index)")
    assert index == result["tokens"] - 1
