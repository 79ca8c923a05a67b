// A chat, quietly: who says what. Lines the model wrote carry the model's mark, even where it writes the person's.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { languageOf } from "./costume-text.js";
import { EndKeeper } from "./end-keeper.js";
import { written } from "./written.js";

export class ChatLines extends PageElement {
  static properties = {
    lines: { attribute: false }, // [{who: "human"|"assistant"|"model", by: "person"|"model", text, pieces}]
    pending: { attribute: false }, // an answer is on its way
    note: { attribute: false }, // said under the last line, or ""
    label: { type: String },
  };

  #end = null;
  #said = 0; // lines by a person, at the last look

  constructor() {
    super();
    this.lines = null;
    this.pending = false;
    this.note = "";
    this.label = "";
  }

  get ready() {
    return this.lines !== null; // until then the server's lines stay
  }

  updated() {
    this.#end ??= new EndKeeper(this.querySelector(".chat-lines"));
    const said = this.lines.filter(({ by }) => by === "person").length;
    this.#end.follow({ begin: said !== this.#said });
    this.#said = said;
  }

  render() {
    return html`
      <ol class="chat-lines" tabindex="0" aria-label=${this.label}>
        ${this.lines.map((line) => this.#line(line))}
        ${
          this.pending
            ? html`<li class="chat-line chat-assistant chat-pending"><span class="chat-text">…</span></li>`
            : nothing
        }
        ${this.note === "" ? nothing : html`<li class="chat-note quiet">${this.note}</li>`}
      </ol>
    `;
  }

  #line({ who, by, text, pieces }) {
    return html`<li class=${`chat-line chat-${who === "human" ? "human" : "assistant"}`} data-by=${by}>
      <span class="chat-who">${name(who, by)}</span>
      <span class="chat-text" lang=${languageOf(text)}>${pieces ? written(pieces.map(close)) : text}</span>
    </li>`;
  }
}

/** A bubble has no empty lines. */
const close = (piece) => ({ ...piece, text: piece.text.replace(/\n{2,}/gu, "\n") });

function name(who, by) {
  if (who === "model") return t("the model");
  if (who === "assistant") return t("the model, as the assistant");
  return by === "model" ? t("the model, as you") : t("you");
}

customElements.define("chat-lines", ChatLines);
