// Sixteen tries side by side, while they are written and after. A card takes its colour when its answer stands; equal
// answers share one, so agreement is a cloth and disagreement a patchwork.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { tintsOf } from "./figure.js";
import { tint } from "./tint.js";
import { aroundAnswer, hueAt, languageOf } from "./view.js";

export class TriesGrid extends PageElement {
  static properties = {
    tries: { attribute: false }, // of a figure, or empty ones; null: keep what the server wrote
    keys: { attribute: false }, // of the figure: the order of its colours
    only: { type: Boolean }, // show answers only: the rest would say things of real people
    label: { type: String },
  };

  constructor() {
    super();
    this.tries = null;
    this.keys = [];
    this.only = false;
    this.label = "";
  }

  get ready() {
    return this.tries !== null;
  }

  render() {
    const tints = tintsOf(this.keys);
    const columns = this.tries.length > 16 ? 6 : 4;
    return html`<ol class="cards" data-columns=${columns} aria-label=${this.label || t("All answers")}>
      ${this.tries.map((one) => this.#card(one, tints.get(one.key)))}
    </ol>`;
  }

  #card(one, place) {
    const stands = one.key !== null && one.key !== undefined;
    const [, answer, after] = stands ? aroundAnswer(one) : ["", "", one.text.trimStart()];
    return html`<li class="card-try ${stands ? "is-answered" : ""}" lang=${languageOf(one.text)}
      data-hue=${stands ? hueAt(place) : nothing}><p>${
        stands ? html`<b class="by-model">${answer || t("(nothing)")}</b>` : nothing
      }${this.only ? nothing : html`<span class="by-model">${after}</span>`}</p></li>`;
  }

  updated() {
    tint(this);
  }
}

customElements.define("tries-grid", TriesGrid);
