// A few tokens with their odds as fat bars on an axis that never moves, and all others as one hatched row. For a class:
// ranks, ids and everything else that an expert wants is what <probability-bars> shows.

import { html, nothing } from "lit";
import { spokenText } from "../base/bytes.js";
import { formatCount, formatProbability } from "../base/format.js";
import { t } from "../base/i18n.js";
import { PageElement } from "./page-element.js";
import { tokenText } from "./token-text.js";

export class OddsRows extends PageElement {
  static properties = {
    rows: { attribute: false }, // [{id, bytes (hex), p, was?, count?}]; p is 0 where the settings cut the token
    others: { attribute: false }, // {n, p, was?, count?}: the tokens without a row
    rolls: { type: Number }, // how many rolls the counts are of; 0: nothing was counted
    axis: { type: Number }, // where the axis ends: a longer bar is drawn torn, its number stays true
    lit: { attribute: false }, // the row that the dice landed on: its place, or `rows.length` for the others
    pickable: { type: Boolean }, // a row can be chosen: `row-picked {index}`
    label: { type: String },
  };

  constructor() {
    super();
    this.rows = null;
    this.others = null;
    this.rolls = 0;
    this.axis = 0.5;
    this.lit = null;
    this.pickable = false;
    this.label = "";
  }

  get ready() {
    return this.rows !== null;
  }

  /** Where a word flies from that the dice landed on. */
  wordAt(index) {
    return /** @type {HTMLElement} */ (this.querySelectorAll(".odds-word")[index]);
  }

  render() {
    const rows = this.rows.map((row, index) => this.#row(row, index, tokenText(row.bytes), spokenText(row.bytes)));
    if (this.others) {
      const text = t("{n} others", { n: this.others.n });
      rows.push(this.#row(this.others, this.rows.length, text, text));
    }
    return html`<ol class="odds" aria-label=${this.label || t("Likeliest next tokens")}>${rows}</ol>`;
  }

  #row({ p, was = p, count = 0 }, index, word, spoken) {
    const rest = index === this.rows.length;
    const state = [
      rest ? "is-rest" : "",
      p > this.axis ? "is-torn" : "",
      p === 0 ? "is-cut" : "",
      index === this.lit ? "is-lit" : "",
      was !== p && was <= this.axis ? "has-moved" : "",
    ];
    const inside = html`
      <span class="odds-word" translate=${rest ? nothing : "no"}>${word}</span>
      <span class="odds-value">${p === 0 ? t("cut") : formatProbability(p)}</span>
      <span class="odds-bar"><span class="odds-fill"></span><span class="odds-was"></span>${
        this.rolls > 0 ? html`<span class="odds-came"></span>` : nothing
      }</span>
      ${this.rolls > 0 ? html`<span class="odds-count">${formatCount(count)}</span>` : nothing}
    `;
    const name = t("{token}, {p}: take it", { token: spoken, p: formatProbability(p) });
    return html`<li class=${`odds-row ${state.join(" ")}`}>${
      this.pickable && !rest
        ? html`<button type="button" class="odds-line" aria-label=${name}
            @click=${() => this.#pick(index)}>${inside}</button>`
        : html`<span class="odds-line">${inside}</span>`
    }</li>`;
  }

  /** Lengths go straight to the bars: no inline style is ever parsed. */
  updated() {
    const rows = this.others ? [...this.rows, this.others] : this.rows;
    /** @type {NodeListOf<HTMLElement>} */
    const bars = this.querySelectorAll(".odds-bar");
    rows.forEach(({ p, was = p, count = 0 }, index) => {
      const { style } = bars[index];
      style.setProperty("--share", String(Math.min(1, p / this.axis)));
      style.setProperty("--was", String(Math.min(1, was / this.axis)));
      style.setProperty("--came", String(this.rolls > 0 ? Math.min(1, count / this.rolls / this.axis) : 0));
    });
  }

  #pick(index) {
    this.dispatchEvent(new CustomEvent("row-picked", { bubbles: true, detail: { index } }));
  }
}

customElements.define("odds-rows", OddsRows);
