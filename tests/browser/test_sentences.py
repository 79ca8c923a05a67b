"""Every sentence that a page shows comes from a catalogue: in a made-up language each of them wears marks.

That language is made here, of the English sentences, and stands in the place of Chinese: there, what is English
or a token says so. What a page shows without marks was never looked up. A word that fills a place of a sentence as
plain text is not seen: a name of a model may stand there as well.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.main import create_app
from app.pages.registry import PAGES
from app.paths import TEMPLATES
from app.routes import glossary, localisation, page_data, pages
from app.settings import Settings
from tests.in_browser import TEACHER, NewPage, Troubles
from tests.live import serve, wait_until
from tests.test_templates import SPOKEN

KEPT = (
    glossary.glossary,
    localisation.catalogue,
    localisation.messages,
    page_data._messages,
    pages.environment,
)
TAG = re.compile(r"(</?[a-z][^<>]*>)")


def marked(sentence: str) -> str:
    """Each piece between tags by itself. Example: "take <b>{n}</b>" is "⟦take ⟧<b>⟦{n}⟧</b>"."""
    return "".join(piece if TAG.fullmatch(piece) else f"⟦{piece}⟧" for piece in TAG.split(sentence) if piece)


def made_up(keys: list[str]) -> dict[str, localisation.Entry]:
    """The English of these sentences, in marks."""
    entries = {key: localisation.catalogue("en").get(key, key) for key in keys}
    return {
        key: marked(entry)
        if isinstance(entry, str)
        else {form: marked(sentence) for form, sentence in entry.items()}
        for key, entry in entries.items()
    }


def forget() -> None:
    for kept in KEPT:
        kept.cache_clear()


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site with the made-up language for Chinese; the product knows nothing of it."""
    templates: Path = tmp_path_factory.mktemp("site") / "templates"
    shutil.copytree(TEMPLATES, templates)
    for file in (*templates.glob("locales/zh-CN/*.json"), *templates.glob("pages/*/zh-CN.json")):
        entries = made_up(list(json.loads(file.read_text(encoding="utf-8"))))
        file.write_text(json.dumps(entries), encoding="utf-8")
    words = templates / "locales" / "glossary.json"
    told = json.loads(words.read_text(encoding="utf-8"))
    for entry in told.values():
        entry["zh-CN"] = {part: f"⟦{text}⟧" for part, text in entry["en"].items()}
    words.write_text(json.dumps(told), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(localisation, "TEMPLATES", templates)
        patch.setattr(glossary, "TEMPLATES", templates)
        forget()
        app = create_app(Settings(engine="fake", ms_per_token=2, teacher_secret=TEACHER))
        with serve(app) as port:
            wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 60)
            yield f"http://127.0.0.1:{port}"
    forget()


# Letters outside marks, in text and labels. What is no sentence says so: by its language, `translate`, or its tag.
UNMARKED = """(spoken) => {
  const foreign = "[lang]:not(html), [translate=no]";
  const silent = `${foreign}, script, style, textarea, pre, code, kbd`;
  const found = [];
  let depth = 0;
  const tell = (what, element) => found.push(`${what} in ${element.outerHTML.slice(0, 200)}`);
  const whole = (element, read) => {
    const around = depth;
    depth = 0; // what stands in a place of a sentence is no part of it
    read();
    if (depth !== 0) tell("part of a sentence", element);
    depth = around;
  };
  const check = (name, text, element) => {
    let outside = "";
    for (const sign of text) {
      if (sign === "⟦") depth += 1;
      else if (sign === "⟧") depth -= 1;
      else if (depth === 0) outside += sign;
    }
    if (/\\p{L}/u.test(outside)) tell(`${name} “${outside.trim()}”`, element);
  };
  const read = (element) => {
    if (element.matches(silent)) return;
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) check("text", node.data, element);
      else if (node.nodeType === Node.ELEMENT_NODE) whole(node, () => read(node));
    }
  };
  check("title", document.title, document.head);
  read(document.body);
  for (const element of document.body.querySelectorAll("*")) {
    for (const name of spoken.filter((each) => element.hasAttribute(each))) {
      const holder = name === "placeholder" ? element : element.parentElement; // it shows what may be typed
      if (!holder.closest(foreign)) whole(element, () => check(name, element.getAttribute(name), element));
    }
  }
  return found;
}"""

# Three of each kind of control, from top to bottom; a choice is made of everything it offers.
PRESS = """async (spoken) => {
  const unmarked = UNMARKED;
  const found = new Set();
  const look = async () => {
    await new Promise((resolve) => setTimeout(resolve, 80));
    for (const each of unmarked(spoken)) found.add(each);
  };
  const told = (element, type) => element.dispatchEvent(new Event(type, { bubbles: true }));
  const pressed = new Map();
  await look();
  for (const control of document.querySelectorAll("summary, button, select, input[type=range], [role=option]")) {
    if (control.disabled || !control.checkVisibility()) continue;
    const kind = `${control.localName} ${control.className} ${control.closest("[id]")?.id}`;
    const times = pressed.get(kind) ?? 0;
    if (times === 3) continue;
    pressed.set(kind, times + 1);
    const offered = control.localName === "select" ? [...control.options].map(({ value }) => value) : [control.max];
    if (control.matches("summary, button, [role=option]")) {
      control.click();
      await look();
      continue;
    }
    for (const value of offered) {
      control.value = value;
      told(control, "input");
      told(control, "change");
      await look();
    }
  }
  return [...found];
}""".replace("UNMARKED", UNMARKED)


def test_a_sentence_is_marked_around_its_tags():
    assert marked("take <b>{n}</b>") == "⟦take ⟧<b>⟦{n}⟧</b>"
    assert marked("p < 0.1 of {n}") == "⟦p < 0.1 of {n}⟧"
    assert made_up(["{n} tokens"]) == {"{n} tokens": {"one": "⟦{n} token⟧", "other": "⟦{n} tokens⟧"}}


@pytest.mark.parametrize("path", [page.path for page in PAGES if not page.development])
def test_every_sentence_of_a_page_comes_from_a_catalogue(new_page: NewPage, troubles: Troubles, path: str):
    troubles.expect("status of (404|429)")  # pressed faster than a card's token can follow its encoding
    page = new_page(locale="zh-CN")
    page.set_default_timeout(60_000)  # every experiment of a page was asked for, and several of them run
    page.goto(f"{path}#teacher={TEACHER}" if path == "/status" else path)
    page.wait_for_load_state("networkidle")
    found = page.evaluate(PRESS, SPOKEN)
    page.wait_for_load_state("networkidle")
    assert found + page.evaluate(UNMARKED, SPOKEN) == []


def test_the_page_that_looks_would_see_it(page: Page):
    page.goto("/?lang=zh-CN")
    page.evaluate(
        """() => {
          const [main, heading] = ["main", "h1"].map((each) => document.querySelector(each));
          const word = Object.assign(document.createElement("b"), { textContent: "a word" });
          main.append("no roll yet");
          main.title = "the token";
          heading.replaceChildren("⟦a sentence with ", word, " in it⟧");
          main.append(Object.assign(document.createElement("p"), { textContent: "⟦half a sentence" }));
        }"""
    )
    found = page.evaluate(UNMARKED, SPOKEN)
    assert [each.split(" in <")[0] for each in found] == [
        "text “a word”",
        "text “no roll yet”",
        "part of a sentence",
        "title “the token”",
    ]
