// A recitation as running text: what was given, what matches the original, and what the model wrote instead,
// with the original's own words beside it. Marked by line and sign, not by colour alone.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { textOf } from "./recital.js";

const LONG = 8; // tokens: a longer difference gets lines of its own

export class RecitalText extends PageElement {
  static properties = {
    pieces: { attribute: false }, // of recital.js: [{kind: "given" | "same" | "drift" | "missed" | "unread", bytes}]
    opening: { attribute: false }, // of what was given, where its words can be pressed: [{text, word?, now?}], or null
    writing: { type: Boolean }, // the model is at it
    label: { type: String },
  };

  constructor() {
    super();
    this.pieces = null;
    this.opening = null;
    this.writing = false;
    this.label = "";
  }

  /** What the server wrote stays until there is something to show. */
  get ready() {
    return this.pieces !== null;
  }

  render() {
    const first = this.pieces.findIndex(({ kind }) => kind === "drift" || kind === "missed");
    const pieces = this.pieces.map((piece, index) => this.#piece(piece, index === first));
    const caret = this.writing ? html`<span class="recital-caret" aria-hidden="true"></span>` : nothing;
    return html`<p class="recital" role="group" aria-label=${this.label || nothing}
      aria-busy=${String(this.writing)}>${pieces}${caret}</p>`;
  }

  #piece({ kind, bytes, text: plain }, isFirst) {
    const split = isFirst
      ? html`<span class="recital-split"><span class="visually-hidden">${t("Here it first differs:")}</span></span>`
      : nothing;
    const long = bytes.length > LONG ? "is-long" : "";
    const text = plain ?? textOf(bytes);
    if (kind === "given" && this.opening)
      return html`<span class="recital-given">${this.opening.map(this.#part)}</span>`;
    if (kind === "drift")
      return html`${split}<ins class=${`recital-drift ${long}`}><span
        class="visually-hidden">${t("the model writes:")} </span>${text}</ins>`;
    if (kind === "missed")
      return html`${split}${long || !text.startsWith(" ") ? nothing : " "}<del class=${`recital-missed ${long}`}><span
        class="recital-label">${t("the text:")}</span>${text.trimStart()}</del>`;
    return html`<span class=${`recital-${kind}`}>${text}</span>`;
  }

  /** A word of the opening is a button; the broken one shows what it was. */
  #part = ({ text, word, now }) => {
    if (word === undefined) return text;
    const isBroken = now !== undefined;
    const shown = isBroken ? html`<del>${text}</del><ins>${now.replace("\n", "↵")}</ins>` : text;
    return html`<button type="button" class="recital-word" aria-pressed=${String(isBroken)}
      @click=${() => this.#picked(word)}>${shown}</button>`;
  };

  #picked(word) {
    this.dispatchEvent(new CustomEvent("word-picked", { bubbles: true, detail: { word } }));
  }
}

customElements.define("recital-text", RecitalText);
