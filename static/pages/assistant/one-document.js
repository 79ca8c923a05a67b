// The one document a model sees: what the costume put there, what a person typed, what the model wrote, each with a
// mark of its own and not by colour alone. Its text content is the document, byte for byte; what is said about the
// document (the first token, where it was stopped) is drawn by CSS from attributes.

/** @import * as contract from "contract" */

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { languageOf, splitAtMarks } from "./costume-text.js";
import { EndKeeper } from "./end-keeper.js";
import { written } from "./written.js";

const SPECIAL = /(<\|[a-z_]+\|>)/u;

export class OneDocument extends PageElement {
  static properties = {
    pieces: { attribute: false }, // [{role: "header"|"mark"|"question"|"answer", text}]
    written: { attribute: false }, // what the model wrote after them, as [{text, token, mark}]
    beyond: { attribute: false }, // and what it wrote beyond the place where a program would cut
    marks: { attribute: false }, // role words, to be seen in the header as well
    bos: { attribute: false }, // a beginning-of-text token leads
    end: { attribute: false }, // why the text ends where it does, or ""
    special: { type: Boolean }, // <|name|> in the costume is one token, and drawn as one
    label: { type: String },
  };

  #end = null;

  constructor() {
    super();
    /** @type {contract.assistant.Piece[] | null} */
    this.pieces = null;
    this.written = [];
    this.beyond = [];
    this.marks = [];
    this.bos = false;
    this.end = "";
    this.special = false;
    this.label = "";
  }

  get ready() {
    return this.pieces !== null; // until then the server's document stays
  }

  updated() {
    this.#end ??= new EndKeeper(this.querySelector(".one-document"));
    this.#end.follow();
  }

  render() {
    const pieces = this.pieces.map(
      ({ role, text }) => html`<span class=${`doc-piece doc-${role}`}>${this.#inside(role, text)}</span>`,
    );
    const text = this.pieces.map((piece) => piece.text).join("");
    return html`<div class="one-document" role="group" tabindex="0" aria-label=${this.label} lang=${languageOf(text)}
      data-bos=${this.bos ? t("beginning of text") : nothing}
      data-end=${this.end || nothing}
      >${pieces}${this.#written(this.written, "")}${this.#written(this.beyond, "doc-beyond")}</div>`;
  }

  #written(pieces, name) {
    return pieces.length > 0
      ? html`<span class=${`doc-piece doc-model ${name}`} data-cut=${t("cut here")}>${written(pieces)}</span>`
      : nothing;
  }

  /** Role words inside the header are marked as well: its example turns are lines like the others. */
  #inside(role, text) {
    if (role === "mark" && this.special) return this.#tokens(text);
    if (role !== "header" && role !== "answer") return text;
    return splitAtMarks(text, this.marks).map((part) => (part.mark ? html`<b>${part.text}</b>` : part.text));
  }

  #tokens(text) {
    return text
      .split(SPECIAL)
      .map((part, index) => (index % 2 ? html`<span class="doc-special">${part}</span>` : part));
  }
}

customElements.define("one-document", OneDocument);
