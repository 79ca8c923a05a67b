// The universes of one prompt, one line each, while they are written and after. Equal answers share a letter.

/** @import * as contract from "contract" */

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { aroundAnswer, markersOf } from "./view.js";
import { PageElement } from "../../js/elements/page-element.js";
import { markerChip } from "./universe-marker.js";

export class UniverseList extends PageElement {
  static properties = {
    universes: { attribute: false }, // [{sequence, text, answer}]; null: keep what the server wrote
    agreement: { attribute: false }, // null while they are being written
    label: { type: String },
  };

  constructor() {
    super();
    /** @type {contract.hallucination.Universe[] | null} */
    this.universes = null;
    /** @type {contract.hallucination.Agreement | null} */
    this.agreement = null;
    this.label = "";
  }

  get ready() {
    return this.universes !== null;
  }

  render() {
    const markers = this.agreement ? markersOf(this.agreement) : new Map();
    return html`<ol class="universe-list" aria-label=${this.label || t("Universes")}>
      ${this.universes.map((universe) => this.#universe(universe, markers.get(universe.sequence)))}
    </ol>`;
  }

  /** @param {contract.hallucination.Universe} universe */
  #universe(universe, marker) {
    const [before, answer, after] = marker ? aroundAnswer(universe) : [universe.text, "", ""];
    return html`<li class="universe">
      ${marker ? markerChip(marker) : html`<span class="universe-marker is-waiting" aria-hidden="true"></span>`}
      <p class="universe-text" lang="en">${before}${answer ? html`<b>${answer}</b>` : nothing}<span
        class="universe-rest">${after}</span></p>
    </li>`;
  }
}

customElements.define("universe-list", UniverseList);
