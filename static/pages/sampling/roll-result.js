// What the dice picked, in a sentence, and the button that puts it into the prompt.

import { html } from "lit";
import { spokenText } from "../../js/base/bytes.js";
import { formatCount, formatProbability, formatRoll } from "../../js/base/format.js";
import { t, tParts } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { tokenText } from "../../js/elements/token-text.js";

export class RollResult extends PageElement {
  static properties = {
    // {by: "dice" | "strip" | "greedy" | "hand", u, bytes, probability, rank, best: {bytes, probability}} or null
    result: { attribute: false },
    origin: { type: String }, // where the dice came from: "seed 618, place 5, roll 1"
    waiting: { type: Boolean }, // the next distribution is on its way
    note: { type: String }, // what is said where nothing was picked
  };

  constructor() {
    super();
    this.result = null;
    this.origin = "";
    this.waiting = false;
    this.note = "";
  }

  render() {
    if (this.result === null)
      return html`<p class="roll-sentence">${this.note || t("Roll, or drag the pointer: which token does the number land on?")}</p>`;
    const spoken = spokenText(this.result.bytes);
    const token = this.#token(this.result.bytes);
    return html`
      <p class="roll-sentence">${this.#sentence()} <span class="roll-origin">${this.origin}</span></p>
      <button type="button" class="button roll-append" ?disabled=${this.waiting} @click=${this.#append}
        aria-label=${t("Add {token} and continue", { token: spoken })}
        >${tParts("Add {token} and continue", { token })}</button>
    `;
  }

  #token(bytes) {
    return html`<b class="roll-token" translate="no">${tokenText(bytes)}</b>`;
  }

  #sentence() {
    const { by, u, bytes, probability, rank, best } = this.result;
    const values = {
      u: html`<span class="number">${u === null ? "" : formatRoll(u)}</span>`,
      token: this.#token(bytes),
      p: formatProbability(probability),
      rank: formatCount(rank),
      best: this.#token(best.bytes),
      bestP: formatProbability(best.probability),
    };
    const first = rank === 1;
    if (bytes === "") return tParts("Roll {u} landed on one of the many tokens that are not listed here.", values);
    if (by === "greedy")
      return tParts("Greedy takes {token} ({p}), the most likely. No dice, and the same every time.", values);
    if (by === "hand") return tParts("You took {token} ({p}), rank {rank}, without dice.", values);
    if (first) return tParts("You rolled {u}, which lands on {token} ({p}): this time the most likely token.", values);
    return tParts(
      "You rolled {u}, which lands on {token} ({p}). {best} was more likely ({bestP}): that is chance, not an error.",
      values,
    );
  }

  #append() {
    this.dispatchEvent(new CustomEvent("append-asked", { bubbles: true }));
  }
}

customElements.define("roll-result", RollResult);
