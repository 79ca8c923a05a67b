// A text the model wrote, with the words that stand in the library marked and numbered, and beside it where they
// stand, the rarest first. Marked by line and number, not by colour alone.

import { html, nothing } from "lit";
import { formatBits } from "../base/format.js";
import { msg, t } from "../base/i18n.js";
import { findings, placeName, segments } from "../base/trace.js";
import { PageElement } from "./page-element.js";

const COLLECTIONS = {
  "King James Bible": msg("King James Bible"),
  "Plays of William Shakespeare": msg("Plays of William Shakespeare"),
  Constitutions: msg("Constitutions"),
  "Software licences": msg("Software licences"),
  "Passages of the Regurgitation page": msg("Passages of the Regurgitation page"),
};

export class TracedText extends PageElement {
  static properties = {
    text: { type: String },
    trace: { attribute: false }, // the server's answer for this text; null while it is awaited
    note: { type: String }, // what stands there in place of a text, or of an answer that did not come
    label: { type: String },
    selected: { state: true }, // index of a finding
  };

  constructor() {
    super();
    this.text = "";
    this.trace = null;
    this.note = "";
    this.label = "";
    this.selected = -1;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("trace") || changed.has("text")) this.selected = -1;
  }

  render() {
    if (!this.text) return html`<p class="quiet">${this.note}</p>`;
    const found = findings(this.trace?.spans ?? []);
    return html`
      <p class="traced" translate="no" role="group" aria-label=${this.label || nothing}
        aria-busy=${String(!this.trace && !this.note)}
        >${segments(this.text, found).map((piece) => this.#piece(piece))}</p>
      ${this.#findings(found)}
    `;
  }

  #findings(found) {
    if (!this.trace) return html`<p class="quiet">${this.note || t("Looking through the library …")}</p>`;
    if (found.length === 0)
      return html`<p>${t("No run of {n} words or more here is in our library.", { n: this.trace.shortest })}</p>`;
    return html`<ol class="trace-places">${found.map((finding, index) => this.#place(finding, index))}</ol>`;
  }

  #piece({ text, finding }) {
    if (finding < 0) return html`<span class="traced-other">${text}</span>`;
    return html`<span
      class="traced-found"
      role="button"
      tabindex="0"
      aria-pressed=${String(finding === this.selected)}
      aria-describedby=${this.#placeId(finding)}
      @click=${() => this.#toggle(finding)}
      @keydown=${(event) => this.#pressed(event, finding)}
    >${text}<sup aria-hidden="true">${finding + 1}</sup></span>`;
  }

  #place(finding, index) {
    const [first] = finding.sources;
    return html`<li id=${this.#placeId(index)} data-selected=${String(index === this.selected)}>
      <button type="button" class="trace-place" aria-pressed=${String(index === this.selected)}
        @click=${() => this.#toggle(index)}>
        <span class="trace-number" aria-hidden="true">${index + 1}</span>
        <span><b lang="en">${placeName(first)}</b> <span class="quiet">${t(COLLECTIONS[first.collection])}</span></span>
      </button>
      <p class="trace-facts small quiet">${facts(finding)}</p>
    </li>`;
  }

  #placeId(index) {
    return `${this.id || "trace"}-place-${index + 1}`;
  }

  #toggle(index) {
    this.selected = index === this.selected ? -1 : index;
  }

  #pressed(event, index) {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.#toggle(index);
  }
}

/** What stands under a place, one after the other: how long and how rare, how often written, how often found. */
function facts({ words, rarity_bits: bits, occurrences, sources, at }) {
  const others = sources.slice(1).map(placeName).join("; ");
  return [
    t("{n} words, rarity {bits}", { n: words, bits: formatBits(bits, 0) }),
    at.length > 1 ? html` · ${t("written {n} times", { n: at.length })}` : nothing,
    occurrences > 1 ? html` · ${t("in {n} places", { n: occurrences })}` : nothing,
    sources.length > 1
      ? html`: <span lang="en">${others}</span>${occurrences > sources.length ? " …" : nothing}`
      : nothing,
  ];
}

customElements.define("traced-text", TracedText);
