// The sentences of evidence: typed, labelled true or false by the person, added and removed.

import { html, live, nothing } from "lit";
import { msg, t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { languageOf } from "./view.js";

export const LABELS = { true: msg("true"), false: msg("false"), unknown: msg("not labelled") };

const MOST = 6;
const LONGEST = 400; // characters

export class EvidenceEditor extends PageElement {
  static properties = {
    sentences: { attribute: false }, // [{text, label}]; null: keep what the server wrote
  };

  constructor() {
    super();
    this.sentences = null;
  }

  get ready() {
    return this.sentences !== null;
  }

  render() {
    const full = this.sentences.length >= MOST;
    return html`
      <ol class="evidence-list">${this.sentences.map((sentence, index) => this.#sentence(sentence, index))}</ol>
      <button type="button" class="button button-small" data-action="add" ?disabled=${full}
        @click=${this.#add}>${t("Add a sentence")}</button>
      ${full ? html`<span class="small quiet">${t("At most {n} sentences.", { n: MOST })}</span>` : nothing}
    `;
  }

  #sentence({ text, label }, index) {
    const n = index + 1;
    return html`<li class="evidence-item">
      <textarea class="field evidence-text" rows="2" lang=${languageOf(text)} autocapitalize="off"
        maxlength=${LONGEST} spellcheck="false"
        aria-label=${t("Sentence {n}", { n })} .value=${live(text)}
        @input=${(event) => this.#change(index, { text: event.target.value })}></textarea>
      <select class="select" aria-label=${t("Is sentence {n} true?", { n })}
        @change=${(event) => this.#change(index, { label: event.target.value })}>
        ${Object.entries(LABELS).map(([value, name]) => option(value, name, value === label))}
      </select>
      <button type="button" class="button button-small button-quiet" aria-label=${t("Remove sentence {n}", { n })}
        ?disabled=${this.sentences.length === 1} @click=${() => this.#remove(index)}>${t("Remove")}</button>
    </li>`;
  }

  #add() {
    this.#tell([...this.sentences, { text: "", label: "unknown" }]);
    this.#focus("li:last-child textarea");
  }

  #change(index, changes) {
    this.#tell(this.sentences.map((sentence, i) => (i === index ? { ...sentence, ...changes } : sentence)));
  }

  #remove(index) {
    this.#tell(this.sentences.filter((_, i) => i !== index));
    this.#focus("[data-action=add]");
  }

  async #focus(selector) {
    await this.updateComplete;
    /** @type {HTMLElement | null} */
    const control = this.querySelector(selector);
    control?.focus();
  }

  #tell(sentences) {
    this.sentences = sentences;
    this.dispatchEvent(new CustomEvent("sentences-changed", { bubbles: true, detail: { sentences } }));
  }
}

function option(value, name, chosen) {
  return html`<option value=${value} ?selected=${chosen} .selected=${chosen}>${t(name)}</option>`;
}

customElements.define("evidence-editor", EvidenceEditor);
