// Several tries of one question, a line each, with whether it was answered where that can be told.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { languageOf } from "./costume-text.js";

export class TriesList extends PageElement {
  static properties = {
    answers: { attribute: false }, // [{text, answered: true|false|null, atOnce}]
    picked: { attribute: false }, // index, or -1
    pickable: { type: Boolean },
    label: { type: String },
  };

  constructor() {
    super();
    this.answers = null;
    this.picked = -1;
    this.pickable = false;
    this.label = "";
  }

  get ready() {
    return this.answers !== null; // until then the server's lines stay
  }

  render() {
    const tries = this.answers.map((answer, index) => this.#try(answer, index));
    return html`<ol class="tries" aria-label=${this.label}>${tries}</ol>`;
  }

  #try({ text, answered, atOnce }, index) {
    const body = atOnce
      ? html`<span class="try-text quiet">${t("nothing: it predicted the stop at once")}</span>`
      : html`<span class="try-text" lang=${languageOf(text)}>${text.trim().replace(/\s*\n\s*/gu, " ↵ ")}</span>`;
    const verdict =
      answered === null
        ? nothing
        : html`<span class="try-verdict" data-answered=${answered}
          >${answered ? t("answered") : t("not answered")}</span>`;
    return html`<li>${
      this.pickable
        ? html`<button type="button" class="try" aria-pressed=${index === this.picked}
          @click=${() => this.#pick(index)}>${body}${verdict}</button>`
        : html`<span class="try">${body}${verdict}</span>`
    }</li>`;
  }

  #pick(index) {
    this.dispatchEvent(new CustomEvent("try-picked", { bubbles: true, detail: { index } }));
  }
}

customElements.define("tries-list", TriesList);
