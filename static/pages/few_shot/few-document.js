/**
 * <few-document>: what the model reads, and what it makes of each question. The examples stand as they do in the
 * prompt, each question follows all of them alone.
 *
 * Properties: `rows` ([[input, what stands between, output]]), `questions` ([{text, written, right}], `written` null
 * where that is not known), `marked` (which of the three parts stands out, for something is wrong with it; or null),
 * `waiting` (what is not known is on its way).
 */

import { html } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class FewDocument extends PageElement {
  static properties = {
    rows: { attribute: false },
    questions: { attribute: false },
    marked: { attribute: false },
    waiting: { type: Boolean },
  };

  constructor() {
    super();
    this.rows = null;
    this.questions = [];
    this.marked = null;
    this.waiting = false;
  }

  get ready() {
    return this.rows !== null; // until then the server's questions stay
  }

  render() {
    const rows = this.rows.map(
      (parts) =>
        html`<li class="few-line" lang="">${parts.map(
          (part, index) => html`<span class=${index === this.marked ? "few-changed" : ""}>${part}</span>`,
        )}</li>`,
    );
    return html`
      <p class="few-heading">${t("The model reads {n} examples", { n: this.rows.length })}</p>
      <div class="few-rows" tabindex="0" role="region" aria-label=${t("Examples")}>
        <ol class="few-lines">${rows}</ol>
      </div>
      <p class="few-heading">${t("and after them one of these questions")}</p>
      <ol class="few-lines few-questions">${this.questions.map((question) => this.#question(question))}</ol>
    `;
  }

  #question({ text, written, right }) {
    if (written === null) {
      const open = this.waiting ? "…" : "?";
      return html`<li class="few-line"><span lang="">${text}</span> <span class="few-open">${open}</span></li>`;
    }
    return html`<li class=${`few-line ${right ? "is-right" : "is-wrong"}`}><span lang="">${text}</span> <span
      class="few-greedy" lang="">${written.trim() || t("(nothing)")}</span><span class="few-mark"><span
      aria-hidden="true">${right ? "✓" : "✗"}</span><span class="visually-hidden">${
        right ? t("right") : t("wrong")
      }</span></span></li>`;
  }

  /** The newest example stands next to the questions. */
  updated(changed) {
    if (changed.has("rows")) {
      const box = this.querySelector(".few-rows");
      box.scrollTop = box.scrollHeight;
    }
  }
}

customElements.define("few-document", FewDocument);
