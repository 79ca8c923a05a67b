// The seed of the dice: always shown, editable, and a button for a fresh one. `describedby` is the id of what it
// promises.

import { html, live, nothing } from "lit";
import { MAX_SEED, parseSeed, randomSeed } from "../base/dice.js";
import { t } from "../base/i18n.js";
import { PageElement } from "./page-element.js";

export class SeedBox extends PageElement {
  static properties = {
    seed: { attribute: false },
    describedby: {},
    refused: { state: true },
  };

  constructor() {
    super();
    this.seed = null;
    this.describedby = undefined;
    this.refused = false;
  }

  get ready() {
    return this.seed !== null;
  }

  render() {
    return html`
      <label class="seed-label"><span>${t("Seed")}</span>
        <input class="seed-number" type="text" inputmode="numeric" autocomplete="off" maxlength="16"
          .value=${live(String(this.seed))} aria-invalid=${this.refused ? "true" : nothing}
          aria-describedby=${this.describedby ?? nothing} @change=${this.#type} /></label>
      <button type="button" class="button" @click=${() => this.#change(randomSeed())}>${t("New seed")}</button>
      ${this.refused ? this.#refusal() : nothing}
    `;
  }

  #refusal() {
    const sentence = t("A seed is a whole number from 0 to {most}.", { most: MAX_SEED });
    return html`<span role="alert" class="seed-refused">${sentence}</span>`;
  }

  #type(event) {
    const seed = parseSeed(event.target.value);
    this.refused = seed === null;
    if (seed !== null) this.#change(seed);
  }

  #change(seed) {
    this.refused = false;
    this.seed = seed;
    this.dispatchEvent(new CustomEvent("seed-changed", { bubbles: true, detail: { seed } }));
  }
}

customElements.define("seed-box", SeedBox);
