// A chat, quietly: who says what. Lines the model wrote carry the model's mark, even where it writes the person's.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class ChatLines extends PageElement {
  static properties = {
    lines: { attribute: false }, // [{who: "human"|"assistant", text, by: "person"|"model"}]
    pending: { attribute: false }, // an answer is on its way
    note: { attribute: false }, // said under the last line, or ""
    label: { type: String },
  };

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

  render() {
    return html`
      <ol class="chat-lines" aria-label=${this.label}>
        ${this.lines.map((line) => this.#line(line))}
        ${
          this.pending
            ? html`<li class="chat-line chat-assistant chat-pending"><span class="chat-text">…</span></li>`
            : nothing
        }
      </ol>
      <p class="chat-note small quiet" role="status">${this.note}</p>
    `;
  }

  #line({ who, text, by }) {
    return html`<li class=${`chat-line chat-${who}`} data-by=${by}>
      <span class="chat-who">${this.#name(who, by)}</span>
      <span class="chat-text" lang="en">${text}</span>
    </li>`;
  }

  #name(who, by) {
    if (who === "assistant") return t("the model, as the assistant");
    return by === "model" ? t("the model, as you") : t("you");
  }
}

customElements.define("chat-lines", ChatLines);
