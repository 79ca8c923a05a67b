/** The tokenizer page: a text, one or two encodings of it, and a card about one token. */

import "./id-list.js";
import "../../js/elements/predict-reveal.js";
import "./token-card.js";
import "../../js/elements/token-strip.js";
import "./token-tax.js";
import { postBytes } from "../../js/base/api.js";
import { t } from "../../js/base/i18n.js";
import { Latest } from "./latest.js";
import { models } from "../../js/base/models.js";
import { announce, clearMessage, messageNow, pageData, showError, showNote } from "../../js/base/page.js";
import { copyLink } from "../../js/base/copy-link.js";
import { ShareError, provideSnapshot, restoreFromFragment, shareLink } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";
import { TokenList } from "../../js/base/token-list.js";
import { CardControl } from "./card.js";
import { EncodingPanel } from "./panel.js";

const LONGEST = 1_000_000; // characters the server cuts at once
const LONG = 20_000;
const WAIT_MS = { short: 0, long: 120 };
const LONGEST_LINK = 8000;

const { example } = pageData;
const find = (selector) => document.querySelector(selector);
const editor = find("#text");
const whitespace = find("#whitespace");
const special = find("#special");
const compare = find("#compare");
const tax = find("token-tax");

const store = new Store({ text: editor.value, comparing: false });
const panels = [...document.querySelectorAll(".encoding-panel")].map((element) => new EncodingPanel(element, painted));
const shownPanels = () => panels.filter((panel) => panel.shown);
const card = new CardControl(find("token-card"), panels);
const taxes = new Latest();
let timer = 0;
let announced = 0;

/** Ask every panel for the tokens of the text, `wait` ms from now unless asked again. */
function retokenise(wait = 0) {
  clearTimeout(timer);
  timer = setTimeout(cutAll, wait);
}

async function cutAll() {
  const { text } = store.state;
  if (text.length > LONGEST) {
    for (const panel of panels) panel.stale = true;
    const values = { n: text.length, limit: LONGEST };
    showNote(
      t(
        "That is {n} characters; this page cuts at most {limit} at once. Your text is kept; the chips still show the text before.",
        values,
      ),
    );
    return;
  }
  const mode = special.checked ? "parse" : "text";
  const said = messageNow();
  try {
    await Promise.all(shownPanels().map((panel) => panel.cut(text, mode)));
    clearMessage(said);
  } catch (error) {
    showError(error);
  }
}

function painted(panel) {
  card.refresh(panel);
  writeComparison();
  clearTimeout(announced);
  announced = setTimeout(() => announce(t("{n} tokens", { n: panel.list.length })), 1000);
}

function writeComparison() {
  const place = find(".comparison");
  const [left, right] = panels.map((panel) => ({ name: panel.name, n: panel.list.length }));
  place.hidden = !store.state.comparing || left.n === 0 || right.n === 0;
  if (place.hidden) return;
  const [more, less] = left.n >= right.n ? [left, right] : [right, left];
  const values = { less: less.name, more: more.name, fewer: less.n, many: more.n, n: more.n - less.n };
  place.textContent =
    values.n === 0
      ? t("{less} and {more} both need {many} tokens, though not always the same cuts.", values)
      : t("{less} needs {fewer} tokens, {more} {many}: {n} more for the same text.", values);
}

/**
 * @param {string} text
 * @param {{ encoding?: string }} [options]
 */
function setText(text, { encoding } = {}) {
  editor.value = text;
  store.update({ text });
  if (encoding) choose(panels[0], encoding);
  fitEditor();
  retokenise();
}

function choose(panel, encoding) {
  panel.encoding = encoding;
  if (panel === panels[0]) countTaxes();
}

function setComparing(comparing) {
  store.update({ comparing });
  panels[1].element.hidden = !comparing;
  find(".panels").classList.toggle("comparing", comparing);
  compare.ariaPressed = String(comparing);
  if (comparing) panels[1].strip.whitespace = whitespace.checked;
  else card.leave(panels[1]);
  writeComparison();
  retokenise();
}

async function countTaxes() {
  const { encoding, name } = panels[0];
  try {
    const counted = await taxes.run((signal) =>
      Promise.all(
        example.tax.map(async (row) => {
          const { headers } = await postBytes(
            "/api/tokenize",
            { text: row.text, encoding, special: "text" },
            { signal },
          );
          return { ...row, tokens: Number(headers.get("X-Tokens")), bytes: Number(headers.get("X-Bytes")) };
        }),
      ),
    );
    if (counted === undefined) return;
    tax.rows = counted;
    find("#tax-encoding").textContent = name;
  } catch (error) {
    showError(error);
  }
}

/** Where the browser cannot size a text area by its content, rows stand in for it. */
function fitEditor() {
  if (CSS.supports("field-sizing", "content")) return;
  const lines = editor.value.slice(0, 4000).split("\n");
  editor.rows = Math.max(
    2,
    Math.min(
      14,
      lines.reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0),
    ),
  );
}

function snapshot() {
  return {
    text: store.state.text,
    encodings: shownPanels().map((panel) => panel.encoding),
    special: special.checked,
    whitespace: whitespace.checked,
  };
}

function restore(state) {
  if (typeof state.text !== "string" || !Array.isArray(state.encodings)) {
    throw new ShareError(t("This link is damaged: part of it is missing. Ask for it again."));
  }
  special.checked = state.special === true;
  whitespace.checked = state.whitespace !== false;
  showWhitespace();
  state.encodings.slice(0, 2).forEach((encoding, index) => choose(panels[index], String(encoding)));
  setText(state.text);
  setComparing(state.encodings.length > 1);
}

async function share() {
  const state = snapshot();
  if ((await shareLink(state)).length > LONGEST_LINK)
    showNote(t("This text is too long for a link. Links hold a few thousand characters."));
  else copyLink(state, t("Link copied. Whoever opens it sees this text and these encodings."));
}

function showWhitespace() {
  for (const panel of panels) panel.strip.whitespace = whitespace.checked;
}

function nameModel() {
  const name = models.state.loaded?.name;
  for (const { select } of panels) {
    const option = select.querySelector('option[value="model"]');
    option.textContent = name ? t("{name}, the loaded model's", { name }) : t("the loaded model's own");
  }
  if (shownPanels().some((panel) => panel.encoding === "model")) {
    retokenise();
    if (panels[0].encoding === "model") countTaxes();
  }
}

editor.addEventListener("input", () => {
  // The text is no longer what the link says.
  if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
  store.update({ text: editor.value });
  fitEditor();
  retokenise(editor.value.length > LONG ? WAIT_MS.long : WAIT_MS.short);
});
whitespace.addEventListener("change", showWhitespace);
special.addEventListener("change", () => retokenise());
compare.addEventListener("click", () => setComparing(!store.state.comparing));
find("#share").addEventListener("click", share);
for (const panel of panels) {
  panel.select.addEventListener("change", () => {
    if (panel === panels[0]) countTaxes();
    retokenise();
  });
}
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-load]"))) {
  button.addEventListener("click", () => {
    setText(JSON.parse(button.dataset.load), { encoding: button.dataset.encoding });
    editor.scrollIntoView({
      block: "center",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
    announce(t("Loaded into the editor: {text}", { text: editor.value }));
  });
}
tax.addEventListener("language-picked", ({ detail }) => {
  setText(detail.text);
  editor.scrollIntoView({ block: "center" });
});
document.addEventListener("token-copied", async (/** @type {CustomEvent} */ { detail }) => {
  try {
    await navigator.clipboard.writeText(String(detail.id));
    showNote(t("Copied {id}.", { id: String(detail.id) }));
  } catch {
    showNote(t("The browser does not let this page copy. The id is {id}.", { id: String(detail.id) }));
  }
});
models.addEventListener("change", nameModel);

provideSnapshot(snapshot);
showWhitespace();
const restored = await restoreFromFragment(restore, showError);
if (!restored && editor.value === example.text && panels[0].encoding === example.encoding) {
  panels[0].show(TokenList.from(example.tokens), {
    characters: example.counts.characters,
    replaced: 0,
    normalised: false,
    rightToLeft: false,
  });
  card.begin(panels[0], example.selected);
  tax.rows = example.tax;
} else {
  card.close(); // the one that the server drew is about another text
  if (!restored) {
    retokenise(); // the browser kept what was typed before a reload
    countTaxes();
  }
}
