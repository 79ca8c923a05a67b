// The one document a model sees: what the costume put there, what a person typed, what the model wrote, each with a
// mark of its own and not by colour alone. Its text content is the document, byte for byte; what is said about the
// document (the first token, where it was stopped) is drawn by CSS from attributes.

/** @import * as contract from "contract" */

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { splitAtMarks } from "./costume-text.js";
import { PageElement } from "../../js/elements/page-element.js";

const SPECIAL = /(<\|[a-z_]+\|>)/u;

export class OneDocument extends PageElement {
  static properties = {
    pieces: { attribute: false }, // [{role: "header"|"mark"|"question"|"answer", text}]
    written: { attribute: false }, // what the model wrote after them
    marks: { attribute: false }, // role words, to be seen in the model's text as well
    bos: { attribute: false }, // a beginning-of-text token leads
    stopped: { attribute: false }, // the stop string it was cut at, or ""
    special: { type: Boolean }, // <|name|> in the costume is one token, and drawn as one
    label: { type: String },
  };

  constructor() {
    super();
    /** @type {contract.assistant.Piece[] | null} */
    this.pieces = null;
    this.written = "";
    this.marks = [];
    this.bos = false;
    this.stopped = "";
    this.special = false;
    this.label = "";
  }

  get ready() {
    return this.pieces !== null; // until then the server's document stays
  }

  render() {
    const pieces = this.pieces.map(
      ({ role, text }) => html`<span class=${`doc-piece doc-${role}`}>${this.#inside(role, text)}</span>`,
    );
    return html`<div class="one-document" role="group" tabindex="0" aria-label=${this.label} lang="en"
      data-bos=${this.bos ? t("beginning of text") : nothing}
      data-stopped=${this.stopped ? t("cut at “{stop}”", { stop: this.stopped }) : nothing}
      >${pieces}${
        this.written ? html`<span class="doc-piece doc-model">${this.#marked(this.written)}</span>` : nothing
      }</div>`;
  }

  /** Role words inside the header are marked as well: its example turns are lines like the others. */
  #inside(role, text) {
    if (role === "mark" && this.special) return this.#tokens(text);
    return role === "header" ? this.#marked(text) : text;
  }

  #marked(text) {
    return splitAtMarks(text, this.marks).map((part) => (part.mark ? html`<b>${part.text}</b>` : part.text));
  }

  #tokens(text) {
    return text
      .split(SPECIAL)
      .map((part, index) => (index % 2 ? html`<span class="doc-special">${part}</span>` : part));
  }
}

customElements.define("one-document", OneDocument);
