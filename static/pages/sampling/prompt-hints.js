// What is peculiar about this prompt: a space at its end, nothing in it, or no model to ask yet.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/probability-bars.js";

export class PromptHints extends PageElement {
  static properties = {
    trailingSpace: { attribute: false },
    empty: { attribute: false },
    comparison: { attribute: false }, // {space: rows, none: rows} or null
    source: { attribute: false }, // the model of a worked example, while none is loaded
  };

  constructor() {
    super();
    this.trailingSpace = false;
    this.empty = false;
    this.comparison = null;
    this.source = null;
  }

  render() {
    return html`
      ${this.source ? this.#beforehand() : nothing}
      ${this.empty ? this.#bare() : nothing}
      ${this.trailingSpace ? this.#space() : nothing}
    `;
  }

  #beforehand() {
    return html`<p class="hint">${t(
      "Worked out beforehand with {model}; your own prompt gets its turn as soon as the model is loaded.",
      {
        model: this.source,
      },
    )}</p>`;
  }

  #bare() {
    return html`<p class="hint">${t(
      "Nothing typed: this is how the model begins a document, after its start token alone.",
    )}</p>`;
  }

  #space() {
    return html`
      <div class="hint hint-warning">
        <p>${t(
          "The prompt ends in a space. Nearly every word's token brings its own space, so after a separate one the model expects something unusual.",
        )}</p>
        ${
          this.comparison
            ? this.#compared()
            : html`<button type="button" class="button button-small"
              @click=${this.#ask}>${t("Compare without the space")}</button>`
        }
      </div>
    `;
  }

  #compared() {
    const { space, none } = this.comparison;
    return html`<div class="hint-comparison">
      <div><p><b>${t("With the space")}</b></p><probability-bars single .rows=${space}
        label=${t("Likeliest with the space")}></probability-bars></div>
      <div><p><b>${t("Without it")}</b></p><probability-bars single .rows=${none}
        label=${t("Likeliest without the space")}></probability-bars></div>
    </div>`;
  }

  #ask() {
    this.dispatchEvent(new CustomEvent("compare-asked", { bubbles: true }));
  }
}

customElements.define("prompt-hints", PromptHints);
