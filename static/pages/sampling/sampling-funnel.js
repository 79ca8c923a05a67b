// One line on what each setting leaves: 262,144 tokens → temperature 0.80 → top-p 0.90 keeps 41.

import { html } from "lit";
import { formatCount, formatNumber, formatProbability } from "../../js/base/format.js";
import { t, tParts } from "../../js/base/i18n.js";
import { isOff } from "../../js/base/sampling-params.js";
import { PageElement } from "../../js/elements/page-element.js";

export class SamplingFunnel extends PageElement {
  static properties = {
    size: { attribute: false }, // of the vocabulary
    params: { attribute: false },
    processed: { attribute: false }, // {afterTopK, afterTopP, kept, mass}
  };

  constructor() {
    super();
    this.size = 0;
    this.params = null;
    this.processed = null;
  }

  get ready() {
    return this.processed !== null;
  }

  render() {
    const { afterTopK, afterTopP, kept, mass } = this.processed;
    const bold = (text) => html`<b>${text}</b>`;
    const last = this.#greedy()
      ? tParts("keeps {n}, the likeliest", { n: bold(formatCount(1)) })
      : tParts("{n} left; together they had {share}", {
          n: bold(formatCount(kept)),
          share: bold(formatProbability(mass)),
        });
    return html`<p class="funnel">
      <span>${tParts("{n} tokens", { n: bold(formatCount(this.size)) })}</span>
      <span>→ ${this.#temperature()}</span>
      ${
        this.#greedy()
          ? ""
          : html`<span>→ ${this.#truncation("top_k", "Top-k", 0, this.size, afterTopK)}</span>
            <span>→ ${this.#truncation("top_p", "Top-p", 2, afterTopK, afterTopP)}</span>
            <span>→ ${this.#truncation("min_p", "Min-p", 2, afterTopP, kept)}</span>`
      }
      <span class="funnel-end">→ ${last}</span>
    </p>`;
  }

  #greedy() {
    return this.params.temperature === 0;
  }

  #temperature() {
    return this.#greedy()
      ? t("temperature 0: greedy")
      : t("temperature {value}", { value: formatNumber(this.params.temperature, 2) });
  }

  #truncation(name, label, digits, before, after) {
    const value = this.params[name];
    const shownName = t(label).toLowerCase();
    if (isOff(name, value, this.size)) return t("{name} off", { name: shownName });
    const exact = Math.max(digits, name === "min_p" && value < 0.1 ? 3 : digits);
    const shown = digits === 0 ? formatCount(value) : formatNumber(value, exact);
    if (before === after) return t("{name} {value} cuts none", { name: shownName, value: shown });
    return t("{name} {value} keeps {kept}", { name: shownName, value: shown, kept: formatCount(after) });
  }
}

customElements.define("sampling-funnel", SamplingFunnel);
