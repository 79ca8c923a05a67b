/** The one card of the page: which token it is about, whether it is pinned, and what the server knows of that token. */

import { ApiError, getJson, postJson } from "../../js/base/api.js";
import { hexToBytes, textToHex } from "../../js/base/bytes.js";
import { tokenFacts, withOtherBlank } from "./token-facts.js";

const ASK_AFTER_MS = 80; // someone who walks along the chips asks for the last one only
const MOST_KNOWN = 2000;
const SHEET_GAP = 20; // px between a token and the sheet about it

export class CardControl {
  #card;
  #panels;
  #panel = null;
  #index = -1;
  #pinned = false;
  #marked = null;
  #known = new Map();
  #timer = 0;
  #key = "";

  constructor(card, panels) {
    this.#card = card;
    this.#panels = panels;
    for (const panel of panels) this.#listen(panel);
    card.addEventListener("card-closed", () => this.close());
    card.addEventListener("card-pinned", ({ detail }) => this.#pin(detail.pinned));
    card.addEventListener("token-marked", ({ detail }) => this.#mark(detail.id));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.#panel !== null) this.close();
    });
  }

  #listen(panel) {
    panel.element.addEventListener("token-pointed", ({ detail }) => this.#light(panel, detail.index));
    panel.element.addEventListener("token-hovered", ({ detail }) => {
      if (!this.#pinned && !this.#card.lies) this.open(panel, detail.index);
    });
    panel.element.addEventListener("token-selected", ({ detail }) => {
      const again = panel === this.#panel && detail.index === this.#index;
      if (again && (this.#pinned || this.#card.lies)) {
        if (this.#card.lies) this.close();
        else this.#pin(false);
        return;
      }
      this.open(panel, detail.index);
      if (!this.#card.lies) this.#pin(true);
    });
  }

  /** What the page opens with: a card that stands in the page, but none that would lie over it. */
  begin(panel, index) {
    if (this.#card.lies) this.#card.token = null;
    else this.open(panel, index);
  }

  /** Show the card for a token. */
  open(panel, index) {
    if (index < 0 || index >= panel.list.length) return this.close();
    if (this.#panel !== panel) this.#unselect();
    this.#panel = panel;
    this.#index = index;
    panel.strip.selected = index;
    panel.ids.selected = index;
    this.#write();
    this.#clear();
  }

  close() {
    const inside = this.#card.contains(document.activeElement);
    const { strip } = this.#panel ?? {};
    const index = this.#index;
    this.#unselect();
    this.#panel = null;
    this.#index = -1;
    this.#pin(false);
    this.#mark(null);
    this.#card.token = null;
    if (inside && strip) strip.focusToken(index);
  }

  /** The panel has new tokens: the card stays at its place in the text, or goes. */
  refresh(panel) {
    this.#mark(null);
    if (panel !== this.#panel) return;
    const last = panel.list.length - 1;
    if (last < 0) this.close();
    else this.open(panel, Math.min(this.#index, last));
  }

  /** The panel goes away. */
  leave(panel) {
    if (panel === this.#panel) this.close();
  }

  #unselect() {
    if (this.#panel === null) return;
    this.#panel.strip.selected = -1;
    this.#panel.ids.selected = -1;
  }

  #pin(pinned) {
    this.#pinned = pinned;
    this.#card.pinned = pinned;
  }

  #mark(id) {
    this.#marked = id;
    this.#card.marked = id !== null;
    for (const panel of this.#panels) panel.strip.marked = panel === this.#panel ? id : null;
  }

  /** Light the token in its own strip and list, and what covers the same bytes in the other's. */
  #light(from, index) {
    const token = index >= 0 && index < from.list.length ? from.list.at(index) : null;
    for (const panel of this.#panels) {
      let lit = null;
      if (token !== null)
        lit = panel === from ? { first: index, last: index } : panel.list.overlapping(token.start, token.end);
      panel.strip.lit = lit;
      panel.ids.lit = lit;
    }
  }

  #write() {
    const panel = this.#panel;
    const token = tokenFacts(panel.list, this.#index, panel.name);
    if (this.#marked !== null && this.#marked !== token.id) this.#mark(null);
    this.#card.token = token;
    const { encoding } = panel; // the one the token is of: the panel may have another before it is asked
    const key = `${panel.name} ${token.id}`;
    this.#key = key;
    this.#card.details = this.#known.get(key) ?? null;
    clearTimeout(this.#timer);
    if (this.#known.has(key)) return;
    this.#timer = setTimeout(() => this.#ask(key, encoding, token), ASK_AFTER_MS);
  }

  async #ask(key, encoding, token) {
    let details = "failed";
    try {
      details = await learn(encoding, token);
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(key, details);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    if (key !== this.#key) return;
    this.#card.details = details;
    this.#clear();
  }

  /** On a small screen the card comes from below: the token it is about moves out from under it. */
  #clear() {
    this.#card.updateComplete.then(() => {
      if (this.#panel === null || !this.#card.lies) return;
      const chip = this.#panel.strip.querySelector(`.token[data-index="${this.#index}"]`);
      if (!chip) return;
      const hidden = chip.getBoundingClientRect().bottom + SHEET_GAP - (window.innerHeight - this.#card.offsetHeight);
      if (hidden > 0) window.scrollBy({ top: hidden });
    });
  }
}

/** The server's word on a token, and how its other spelling, with or without the blank before it, would be cut. */
async function learn(encoding, { id, bytes, special }) {
  const details = await getJson(`/api/vocabulary/${encoding}/${id}`);
  const text = special ? null : withOtherBlank(hexToBytes(bytes));
  const hex = text === null ? null : textToHex(text);
  if (hex === null || details.spellings.some((spelling) => spelling.bytes === hex)) return details;
  const { tokens } = await postJson("/api/tokenize", { text, encoding, special: "text" });
  return { ...details, spellings: [{ bytes: hex, ids: tokens.map((token) => token.id) }, ...details.spellings] };
}
