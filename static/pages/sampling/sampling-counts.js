// Uncertainty before and after the settings: bits, and how many equal choices that is like.

import { html } from "lit";
import { formatChoices, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class SamplingCounts extends PageElement {
  static properties = {
    before: { attribute: false }, // entropy in bits, of the model
    after: { attribute: false }, // and of what is left
  };

  constructor() {
    super();
    this.before = null;
    this.after = null;
  }

  get ready() {
    return this.before !== null;
  }

  render() {
    const choices = t("equally likely tokens would be as unsure");
    return html`<div class="counts">
      ${this.#count(formatNumber(this.before, 1), formatNumber(this.after, 1), t("bits of entropy"))}
      ${this.#count(formatChoices(this.before), formatChoices(this.after), choices)}
    </div>`;
  }

  #count(before, after, label) {
    return html`<div><b><span class="counts-before">${before}</span> <span
      aria-label=${t("becomes")} role="img">→</span> ${after}</b><span>${label}</span></div>`;
  }
}

customElements.define("sampling-counts", SamplingCounts);
