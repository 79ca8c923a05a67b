// The tries of one prompt in full, one line each. Equal answers share a letter and a colour.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { tintsOf } from "./figure.js";
import { aroundAnswer, hueAt, languageOf, markersOf } from "./view.js";
import { PageElement } from "../../js/elements/page-element.js";
import { tint } from "./tint.js";
import { markerChip } from "./universe-marker.js";

export class UniverseList extends PageElement {
  static properties = {
    tries: { attribute: false }, // of a figure; null: nothing is drawn
    keys: { attribute: false }, // of the figure: the order of its colours
    agreement: { attribute: false }, // of the tries whose answers stand
    label: { type: String },
  };

  constructor() {
    super();
    this.tries = null;
    this.keys = [];
    this.agreement = { groups: [] };
    this.label = "";
  }

  get ready() {
    return this.tries !== null;
  }

  render() {
    const markers = markersOf(this.agreement);
    const tints = tintsOf(this.keys);
    return html`<ol class="universe-list" aria-label=${this.label || t("All answers")}>
      ${this.tries.map((one, index) => this.#line(one, markers.get(index), tints.get(one.key)))}
    </ol>`;
  }

  #line(one, marker, place) {
    const [before, answer, after] = marker ? aroundAnswer(one) : [one.text, "", ""];
    return html`<li class="universe" data-hue=${place === undefined ? nothing : hueAt(place)}>
      ${marker ? markerChip(marker) : html`<span class="universe-marker is-waiting" aria-hidden="true"></span>`}
      <p class="universe-text" lang=${languageOf(one.text)}>${before}${answer ? html`<b>${answer}</b>` : nothing}<span
        class="universe-rest">${after}</span></p>
    </li>`;
  }

  updated() {
    tint(this);
  }
}

customElements.define("universe-list", UniverseList);
