"""Nothing typed, generated, linked or refused can run: more than 200 texts that would if they could."""

import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from app.engine.fake import FakeEngine
from app.host import ModelHost
from app.main import create_app
from app.pages.presets import read_measurement, read_presets
from app.pages.registry import BY_NAME, PAGES
from app.settings import DEFAULT_MODEL, Settings
from app.tokenization.tiktoken_encoding import TiktokenEncoding
from tests.browser.payloads import BIDI, PAYLOADS
from tests.in_browser import NewPage, Troubles, answer_with_models
from tests.live import serve, wait_until
from tests.pages.playground.editor import ended, open_with, text

SCRIPT = "every payload, one after the other"
PATHS = [page.path for page in PAGES if not page.development]
SPY = """
  window.violations = [];
  addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.sample}`));
"""


class Payloads(TiktokenEncoding):
    """A vocabulary of the 256 bytes, and each payload as one token: typed, it is that token; so it is generated."""

    kind = "model"

    def __init__(self) -> None:
        single = {bytes([byte]): byte for byte in range(256)}
        whole = {payload.encode(): 256 + i for i, payload in enumerate(PAYLOADS)}
        super().__init__("payloads", r"(?s:.+)", single | whole, {"<|endoftext|>": 256 + len(whole)})

    def encode(self, text: str, special: str = "text") -> list[int]:
        return list(range(256, 256 + len(PAYLOADS))) if text == SCRIPT else super().encode(text, special)


@pytest.fixture(scope="module")
def live_server() -> Iterator[str]:
    """The site on a model that writes nothing but payloads."""
    settings = Settings(engine="fake")
    tokenizer = Payloads()
    app = create_app(
        settings, ModelHost(settings, lambda *_: (FakeEngine(tokenizer, script=SCRIPT), tokenizer))
    )
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
        yield f"http://127.0.0.1:{port}"


class Watched:
    """A page in which nothing may run, and what would tell if it did."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialogs: list[str] = []
        page.on("dialog", self._dismiss)
        page.add_init_script(SPY)

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")
        self.nodes = self._nodes()

    def nothing_ran(self) -> None:
        assert self.dialogs == []
        assert self.page.evaluate("violations") == []
        assert self.page.evaluate("typeof pwned") == "undefined"
        assert self._nodes() == self.nodes

    def _nodes(self) -> dict[str, int]:
        """How many of everything that could run or load something."""
        return self.page.evaluate(
            """() => {
              const count = (selector) => document.querySelectorAll(selector).length;
              const all = Array.from(document.querySelectorAll("*"));
              return {
                scripts: count("script"),
                frames: count("iframe, frame, object, embed, portal"),
                heads: count("base, meta, link, style"),
                media: count("img, video, audio, source, image, use"),
                handlers: all.filter((each) => Array.from(each.attributes).some(({ name }) => name.startsWith("on"))).length,
                javascript: all.filter((each) => /^\\s*(javascript|data|vbscript):/i.test(each.href?.baseVal ?? each.href ?? "")).length,
              };
            }"""
        )

    def _dismiss(self, dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def watched(page: Page) -> Watched:
    return Watched(page)


def reordering(page: Page) -> list[str]:
    """Where text that runs the other way shares its line with other text: tokens are to stand for themselves."""
    return page.evaluate(
        """() => {
          const other = /[\\u0590-\\u08ff\\u200f\\u202a-\\u202e\\u2066-\\u2069]/;
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const loose = [];
          while (walker.nextNode()) {
            const { data, parentElement } = walker.currentNode;
            // a document, its mirror, a chat, and sentences that quote are text, not tokens
            if (!other.test(data) || parentElement.closest("script, textarea, .document-mirror, .prompt-mirror, .doc-model, .chat-text, status-message, #announcer, .visually-hidden")) continue;
            let around = parentElement;
            while (!getComputedStyle(around).unicodeBidi.includes("isolate")) around = around.parentElement;
            if (!around.matches("bdi, .heat-token") && around.textContent.trim() !== data.trim()) loose.push(around.outerHTML.slice(0, 300));
          }
          return loose;
        }"""
    )


def test_there_are_enough_and_they_are_all_different():
    assert len(PAYLOADS) >= 200


def test_as_model_output_and_as_a_token(watched: Watched, page: Page):
    watched.open("/playground")
    open_with(page, PAYLOADS[-1])  # the script goes round
    page.get_by_role("spinbutton", name="Temperature").first.fill("0")
    page.get_by_label("Tokens at most").fill(str(len(PAYLOADS)))
    page.get_by_label("Tokens at most").blur()
    page.get_by_role("button", name="Continue", exact=True).click()
    ended(page)
    assert text(page) == "".join((PAYLOADS[-1], *PAYLOADS)).replace("\r", "␍")
    watched.nothing_ran()
    page.evaluate(  # the card of every token, with its ten alternatives
        """async () => {
          const editor = document.querySelector("document-editor");
          for (let index = 0; index < editor.entries.length; index += 1) {
            editor.dispatchEvent(new CustomEvent("token-tapped", { bubbles: true, detail: { index, touch: false } }));
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    assert reordering(page) == []
    page.get_by_text("Share, replay, download").click()
    for button in ("Copy link", "Copy as Python", "Copy as curl"):
        page.get_by_role("button", name=button).click()
    watched.nothing_ran()


@pytest.mark.parametrize(
    "path, label",
    [("/", "Half a sentence"), ("/tokenizer", "Text to cut into tokens"), ("/sampling#own", "Prompt")],
)
def test_as_prompt(watched: Watched, page: Page, troubles: Troubles, path: str, label: str):
    troubles.expect("status of 429")  # typed faster than a busy machine answers: it is asked again
    watched.open(path)
    field = page.get_by_role("textbox", name=label, exact=True)
    seen = []
    for payload in PAYLOADS if path == "/tokenizer" else (*PAYLOADS[::40], *BIDI[:2]):
        with page.expect_response("**/api/*"):
            field.fill(payload)
        if payload in BIDI:
            page.evaluate("() => new Promise(requestAnimationFrame)")
            seen += reordering(page)
    assert seen == []
    watched.nothing_ran()


@pytest.mark.parametrize("path", PATHS)
def test_as_fragment(watched: Watched, page: Page, troubles: Troubles, path: str):
    troubles.expect("status of 429")  # opened faster than anybody opens links: they are asked again
    watched.open(path)
    page.evaluate(
        """async (payloads) => {
          const { encodeState, takeSnapshot } = await import("/static/js/base/share.js");
          const snapshot = takeSnapshot();
          const first = snapshot && { ...snapshot, live: undefined }; // a change of language is no link
          const withText = (value, text) => {
            if (Array.isArray(value)) return value.map((each) => withText(each, text));
            if (value !== null && typeof value === "object") {
              return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withText(each, text)]));
            }
            return typeof value === "string" ? text : value;
          };
          const settled = () => new Promise((resolve) => setTimeout(resolve, 4));
          for (const payload of payloads) {
            location.hash = payload;
            location.hash = `s=${payload}`;
            if (first !== null) location.hash = `s=${await encodeState(withText(first, payload))}`;
            await settled();
          }
        }""",
        list(PAYLOADS if path in ("/", "/playground") else PAYLOADS[::8]),
    )
    if path == "/":
        expect(page.get_by_label("Half a sentence")).to_have_value(PAYLOADS[-1])  # they did come in
    assert reordering(page) == []
    watched.nothing_ran()


class Tags(HTMLParser):
    """Every tag of a page with the names of its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *sorted(name for name, _ in attributes)))


def test_as_query(watched: Watched, live_server: str):
    with httpx.Client(base_url=live_server) as client:
        plain = Tags(client.get("/?lang=?").text).found
        for one, two in zip(PAYLOADS[::2], PAYLOADS[1::2], strict=False):
            reply = client.get(f"/?{urlencode({'lang': one, 'q': two, one: two})}")
            assert Tags(reply.text).found == plain
    for start in range(0, len(PAYLOADS), 30):
        some = PAYLOADS[start : start + 30]
        watched.open(f"/?{urlencode({'q': ' '.join(some), 'lang': some[0]})}")
        watched.nothing_ran()


def test_as_an_error_of_the_server(watched: Watched, page: Page, troubles: Troubles):
    troubles.expect("status of (400|422|500)")
    watched.open("/playground")
    page.evaluate(
        """async (payloads) => {
          const { ApiError } = await import("/static/js/base/api.js");
          const { showError } = await import("/static/js/base/page.js");
          for (const message of payloads) {
            for (const code of ["bad_request", "context_overflow", "model_unavailable", "not_supported", "internal", message]) {
              showError(new ApiError({ code, message, param: message, status: 422 }));
              await document.querySelector("main status-message").updateComplete;
            }
          }
        }""",
        list(PAYLOADS),
    )
    watched.nothing_ran()
    open_with(page, "a")
    for status, payload in (
        (422, PAYLOADS[0]),
        (500, PAYLOADS[30]),
        (400, PAYLOADS[60]),
        (200, PAYLOADS[90]),
    ):
        page.route("**/api/completions", failing(status, payload))
        page.get_by_role("button", name="One more token").click()
        expect(page.locator("main status-message")).to_contain_text(payload)
        page.unroute("**/api/completions")
    watched.nothing_ran()


def failing(status: int, payload: str) -> Callable[[Route], None]:
    """A server that puts this text into its error; with status 200 into a stream's last event."""
    error = {"code": "bad_request", "message": payload, "param": payload}
    if status == 200:
        body, kind = f"event: error\ndata: {json.dumps(error)}\n\n", "text/event-stream"
    else:
        body, kind = json.dumps({"error": error}), "text/html"
    return lambda route: route.fulfill(status=status, content_type=kind, body=body)


HEXADECIMAL = {"bytes", "instead", "tree_bytes"}
WRITTEN = {"text", "answer", "key", "greedy", "shown", "own", "next_line"}


class Laden:
    """Answers an experiment with what was measured, every word of it a payload: the model wrote nothing else."""

    def __init__(self, behaviour: str) -> None:
        self.presets = read_presets(behaviour)
        self.results = read_measurement(behaviour, DEFAULT_MODEL).results
        self.handed_out: list[str] = []

    def answer(self, route: Route) -> None:
        name, request = route.request.url.rsplit("/", 1)[1], route.request.post_data_json
        presets = [preset for preset in self.presets if preset.experiment == name]
        preset = next((preset for preset in presets if preset.request == request), presets[0])
        events = [(part["kind"], self._laden(part)) for part in self.results[preset.id]]
        body = "".join(
            f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in [*events, ("done", {})]
        )
        route.fulfill(content_type="text/event-stream", body=body)

    def _laden(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._laden(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._laden(each, key) for each in value]
        if not isinstance(value, str) or not value or key not in HEXADECIMAL | WRITTEN:
            return value
        payload = PAYLOADS[len(self.handed_out) % len(PAYLOADS)]
        self.handed_out.append(payload)
        return payload.encode().hex() if key in HEXADECIMAL else payload


# All steps of a page that is told in steps, and its drawer; what a stage asks is asked.
SHOW_EVERYTHING = """() => {
  document.documentElement.toggleAttribute("data-all", true);
  document.querySelector(".drawer")?.showPopover();
  for (const button of document.querySelectorAll("[data-ask]:not(:disabled)")) button.click();
}"""
LOOK_AT_EVERYTHING = """async (payloads) => {
  const main = document.body; // with the drawer of a page told in steps
  const seen = new Set();
  const look = async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const text = main.textContent;
    for (const each of payloads) if (text.includes(each)) seen.add(each);
  };
  const told = (element, type) => element.dispatchEvent(new Event(type, { bubbles: true }));
  await look();
  for (const option of main.querySelectorAll(".heat-token[role=option], button.try")) {
    option.click();
    await look();
  }
  const lines = main.querySelector("[data-line]"); // of the few-shot page
  for (const line of lines?.options ?? [null]) {
    if (line) {
      lines.value = line.value;
      told(lines, "change");
    }
    for (const slider of main.querySelectorAll("input[type=range]:not(:disabled)")) {
      for (let value = Number(slider.min); value <= Math.min(12, slider.max); value += 1) {
        slider.value = value;
        told(slider, "input");
        await look();
      }
    }
  }
  return seen.size;
}"""


@pytest.mark.parametrize(
    ("behaviour", "runs"), [("regurgitation", 2), ("hallucination", 3), ("few_shot", 3), ("assistant", 3)]
)
def test_as_what_an_experiment_wrote(watched: Watched, page: Page, behaviour: str, runs: int):
    page.set_default_timeout(30_000)  # two hundred payloads at once are much to draw
    laden = Laden(behaviour)
    page.route("**/api/experiments/*", laden.answer)
    watched.open(BY_NAME[behaviour].path)
    answer_with_models(page, on_disk=True)
    page.evaluate("document.documentElement.toggleAttribute('data-all', true)")  # of all steps
    for word in page.locator(".recital-word").all()[:1]:
        word.evaluate("word => word.click()")
    bars = page.locator("run-bar")
    expect(bars).to_have_count(runs)
    if page.locator("#ask").count():  # the assistant's stage asks without a bar
        page.locator("#ask").click()
        expect(page.locator("#source")).to_contain_text("Written by")
        expect(page.locator("#document")).to_have_attribute("aria-busy", "false")
    page.evaluate(SHOW_EVERYTHING)
    for bar in bars.all():
        bar.locator("button").first.evaluate("button => button.click()")
        expect(bar).to_contain_text("Computed here just now")
    seen = page.evaluate(LOOK_AT_EVERYTHING, list(PAYLOADS))
    watched.nothing_ran()
    assert reordering(page) == []
    assert set(laden.handed_out) == set(PAYLOADS)
    assert seen > 80  # they did come in; some hold signs that are shown as marks


def test_the_page_that_looks_would_see_it(new_page: NewPage, troubles: Troubles):
    """The watch itself: what a page with none of these rules would let happen is found."""
    troubles.expect("Content Security Policy|Content-Security-Policy|TrustedHTML|Refused|violates")
    watched = Watched(new_page())
    watched.open("/")
    watched.page.evaluate("document.querySelector('main').append('\u202ebackwards')")
    assert len(reordering(watched.page)) == 1
    watched.page.evaluate("document.body.append(document.createElement('iframe'))")
    with pytest.raises(AssertionError):
        watched.nothing_ran()
    watched.open("/")
    watched.page.evaluate(
        "() => { try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>') } catch {} }"
    )
    with pytest.raises(AssertionError, match="require-trusted-types-for"):
        watched.nothing_ran()
