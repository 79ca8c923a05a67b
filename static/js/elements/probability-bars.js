// A ranked list of tokens with two bars each: what the model believes, and what is left after sampling
// parameters. A real table, so that it can be read without seeing it.

import { guard, html, nothing } from "lit";
import { barAxis, barLength } from "../base/bar-axis.js";
import { spokenText } from "../base/bytes.js";
import { formatCount, formatProbability } from "../base/format.js";
import { t } from "../base/i18n.js";
import { PageElement } from "./page-element.js";
import { tokenText } from "./token-text.js";

export class ProbabilityBars extends PageElement {
  static properties = {
    // [{id, bytes (hex), rank, raw, processed, kept, observed?: {count, share, low, high, drawable}}]
    rows: { attribute: false },
    remainder: { attribute: false }, // {count, raw, processed, observed?}: the tokens that have no row
    total: { attribute: false }, // tokens in the vocabulary: adds the row that sums to 100%
    picked: { attribute: false }, // id of the token that the roll picked
    scale: { type: String }, // "linear" | "log"
    single: { type: Boolean }, // one probability a row: nothing is processed
    pickable: { type: Boolean }, // rows can be chosen: `row-picked {id, rank}`
    label: { type: String },
  };

  constructor() {
    super();
    this.rows = null;
    this.remainder = null;
    this.total = 0;
    this.picked = null;
    this.scale = "linear";
    this.single = false;
    this.pickable = false;
    this.label = "";
    this.active = 0; // the row that Tab reaches
  }

  /** What the server drew stays until there are rows to draw. */
  get ready() {
    return this.rows !== null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    this.axis = barAxis(this.scale, this.#highest());
    this.observing = this.rows.some(({ observed }) => observed);
    this.active = Math.min(this.active, Math.max(0, this.rows.length - 1));
  }

  #highest() {
    let highest = 0;
    for (const row of this.remainder ? [...this.rows, this.remainder] : this.rows) {
      highest = Math.max(
        highest,
        row.raw,
        this.single ? 0 : row.processed,
        row.observed?.high ?? 0,
        row.observed?.share ?? 0,
      );
    }
    return highest;
  }

  render() {
    return html`
      <table class="bars" aria-label=${this.label || t("Likeliest next tokens")} @keydown=${this.#move}>
        <thead>
          <tr>
            <th scope="col" class="bars-rank">${t("rank")}</th>
            <th scope="col" class="bars-token">${t("token")}</th>
            <th scope="col" class="bars-id">${t("id")}</th>
            <th scope="col" class="bars-axis">${this.#ticks()}</th>
            <th scope="col" class="bars-raw">${t("model")}</th>
            ${this.single ? nothing : html`<th scope="col" class="bars-processed">${t("now")}</th>`}
            ${this.observing ? html`<th scope="col" class="bars-observed">${t("drawn")}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${this.rows.map((row, index) => this.#row(row, index))}
        </tbody>
        ${this.remainder || this.total ? html`<tfoot>${this.#remainder()} ${this.#total()}</tfoot>` : nothing}
      </table>
    `;
  }

  #ticks() {
    const [first, , middle, , last] = this.axis.ticks;
    const tick = (p) =>
      this.axis.scale === "log" && p < 0.01 ? `10${superscript(Math.log10(p))}` : formatProbability(p);
    return html`<span class="visually-hidden">${t("bar")}</span>
      <span class="bars-ticks" aria-hidden="true"><span>${tick(first)}</span><span
        >${tick(middle)}</span><span>${tick(last)}</span></span>`;
  }

  #row(row, index) {
    const cut = !this.single && !row.kept;
    const state = `${cut ? "is-cut" : ""} ${row.id !== null && row.id === this.picked ? "is-picked" : ""}`;
    const drawnFrom = [row.bytes, row.id, row.rank, this.pickable, index === this.active];
    return html`
      <tr class=${state}>
        <td class="bars-rank">${formatCount(row.rank)}</td>
        <th scope="row" class="bars-token">${guard(drawnFrom, () => this.#token(row, index))}</th>
        <td class="bars-id">${row.id ?? "–"}</td>
        ${this.#bar(row)}
        <td class="bars-raw">${formatProbability(row.raw)}</td>
        ${this.#processed(row.processed, cut)}
        ${this.#observed(row)}
      </tr>
    `;
  }

  #token(row, index) {
    const text = html`<span class="token-text" translate="no">${tokenText(row.bytes)}</span>`;
    if (!this.pickable) return text;
    return html`<button type="button" class="bars-pick" tabindex=${index === this.active ? 0 : -1}
      aria-label=${t("{token}, rank {n}: take it", { token: spokenText(row.bytes), n: row.rank })}
      @click=${() => this.#pick(row, index)}>${text}</button>`;
  }

  #bar({ observed }) {
    return html`<td class="bars-axis">
      <span class="bar"><span class="bar-before"></span><span class="bar-now"></span>${
        observed?.drawable ? html`<span class="bar-band"></span><span class="bar-observed"></span>` : nothing
      }</span>
    </td>`;
  }

  #processed(probability, cut) {
    if (this.single) return nothing;
    return html`<td class="bars-processed">${cut ? t("cut") : formatProbability(probability)}</td>`;
  }

  #observed({ observed }) {
    if (!this.observing) return nothing;
    if (!observed) return html`<td class="bars-observed"></td>`;
    const outside = observed.share < observed.low || observed.share > observed.high;
    return html`<td class="bars-observed" title=${outside ? t("outside the expected band") : nothing}>
      ${outside ? "≠ " : ""}${formatCount(observed.count)}</td>`;
  }

  #remainder() {
    if (!this.remainder) return nothing;
    const { count, processed, kept = processed > 0 } = this.remainder;
    const cut = !this.single && !kept;
    return html`
      <tr class=${`bars-rest ${cut ? "is-cut" : ""} ${this.picked === "rest" ? "is-picked" : ""}`}>
        <td class="bars-rank"></td>
        <th scope="row" class="bars-token">${t("{n} others", { n: count })}</th>
        <td class="bars-id"></td>
        ${this.#bar(this.remainder)}
        <td class="bars-raw">${formatProbability(this.remainder.raw)}</td>
        ${this.#processed(processed, cut)}
        ${this.#observed(this.remainder)}
      </tr>
    `;
  }

  #total() {
    if (!this.total) return nothing;
    const whole = formatProbability(1);
    return html`
      <tr class="bars-total">
        <td class="bars-rank"></td>
        <th scope="row" class="bars-token">${t("all {n}", { n: this.total })}</th>
        <td class="bars-id"></td>
        <td class="bars-axis"></td>
        <td class="bars-raw">${whole}</td>
        ${this.single ? nothing : html`<td class="bars-processed">${whole}</td>`}
        ${this.observing ? html`<td class="bars-observed"></td>` : nothing}
      </tr>
    `;
  }

  /** Lengths go straight to the bars: no inline style is ever parsed, and only what moved is touched. */
  updated() {
    const rows = this.remainder ? [...this.rows, this.remainder] : this.rows;
    const bars = this.getElementsByClassName("bar");
    for (let index = 0; index < rows.length; index += 1) {
      const { raw, processed, observed } = rows[index];
      const [before, now, band, mark] = /** @type {HTMLCollectionOf<HTMLElement>} */ (bars[index].children);
      stretch(before, barLength(raw, this.axis));
      stretch(now, barLength(this.single ? raw : processed, this.axis));
      if (!observed?.drawable) continue;
      const low = barLength(observed.low, this.axis);
      band.style.insetInlineStart = percent(low);
      band.style.inlineSize = percent(barLength(observed.high, this.axis) - low);
      mark.style.insetInlineStart = percent(barLength(observed.share, this.axis));
    }
  }

  #pick({ id, rank }, index) {
    this.active = index;
    this.dispatchEvent(new CustomEvent("row-picked", { bubbles: true, detail: { id, rank } }));
  }

  #move(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || !this.pickable) return;
    event.preventDefault();
    this.active = Math.max(0, Math.min(this.rows.length - 1, this.active + step));
    this.requestUpdate();
    this.updateComplete.then(() => this.querySelectorAll("button")[this.active]?.focus());
  }
}

const lengths = new WeakMap(); // bar -> the length it has

function stretch(bar, length) {
  if (lengths.get(bar) === length) return;
  lengths.set(bar, length);
  bar.style.transform = `scaleX(${length.toFixed(5)})`;
}

const percent = (share) => `${(share * 100).toFixed(3)}%`;

function superscript(n) {
  return String(n).replace(/[-\d]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
}

customElements.define("probability-bars", ProbabilityBars);
