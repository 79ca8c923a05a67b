// Two sides: what the universes write by themselves, and what they write after words that were put in their mouth.

import { html, nothing } from "lit";
import { formatCount, formatProbability } from "../../js/base/format.js";
import { cutAt, languageOf } from "./view.js";
import { t, tParts } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class MistakeSides extends PageElement {
  static properties = {
    result: { attribute: false }, // {forced, free, led}; null: keep what the server wrote
    prompt: { type: String },
    words: { type: String }, // that were put in the model's mouth
  };

  constructor() {
    super();
    this.result = null;
    this.prompt = "";
    this.words = "";
  }

  get ready() {
    return this.result !== null;
  }

  render() {
    const { forced, free, led } = this.result;
    return html`
      <div class="sides">
        ${this.#side(t("By itself"), html`${this.prompt}`, free)}
        ${this.#side(t("After the mistake"), html`${this.prompt}<mark class="forced-words">${this.words}</mark>`, led)}
      </div>
      <p class="sides-odds">${forced ? this.#odds(forced) : nothing}</p>
    `;
  }

  #odds({ probability, ranks }) {
    const words = html`<b lang=${languageOf(this.words)}>${this.words.trim()}</b>`;
    const values = { words, p: formatProbability(probability), rank: formatCount(ranks[0]) };
    return tParts(
      "The model itself gave {words} {p}; its first token was number {rank}. Once it stands there, the rest is written to fit.",
      values,
    );
  }

  #side(title, prompt, outcome) {
    return html`<section class="side">
      <h3>${title}</h3>
      <p class="side-prompt" lang=${languageOf(this.prompt)}>${prompt} …</p>
      ${outcome ? this.#outcome(title, outcome) : html`<p class="quiet small">${t("not written yet")}</p>`}
    </section>`;
  }

  #outcome(title, { universes, mentions, n }) {
    const words = mentions.map(({ word }) => word);
    const marked = (text) => cutAt(text, words).map((piece, i) => (i % 2 ? html`<mark>${piece}</mark>` : piece));
    return html`
      ${
        mentions.length > 0
          ? html`<ul class="mentions">${mentions.map((mention) => this.#mention(mention, n))}</ul>`
          : nothing
      }
      <ol class="universe-list side-list" aria-label=${title}>
        ${universes.map(
          ({ text }) =>
            html`<li class="universe"><p class="universe-text" lang=${languageOf(text)}>${marked(text)}</p></li>`,
        )}
      </ol>
    `;
  }

  #mention({ word, count }, total) {
    const values = {
      word: html`<b lang=${languageOf(word)}>${word}</b>`,
      count: html`<span class="number">${formatCount(count)}</span>`,
      total,
    };
    return html`<li>${tParts("{word} in {count} of {total}", values)}</li>`;
  }
}

customElements.define("mistake-sides", MistakeSides);
