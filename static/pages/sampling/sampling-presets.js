// Settings by use, and the reason for the one that is chosen.

import { html } from "lit";
import { t } from "../../js/base/i18n.js";
import { PRESETS, presetOf } from "./presets.js";
import { PageElement } from "../../js/elements/page-element.js";

export class SamplingPresets extends PageElement {
  static properties = {
    params: { attribute: false },
  };

  constructor() {
    super();
    this.params = null;
  }

  get ready() {
    return this.params !== null;
  }

  render() {
    const chosen = presetOf(this.params);
    return html`
      <h2 class="presets-title" id="presets-title">${t("Settings people use")}</h2>
      <div class="presets" role="group" aria-labelledby="presets-title">
        ${PRESETS.map(
          (preset) => html`<button type="button" class="button button-small"
            aria-pressed=${preset === chosen ? "true" : "false"}
            @click=${() => this.#choose(preset)}>${t(preset.name)}</button>`,
        )}
      </div>
      <p class="presets-reason" aria-live="polite">${chosen ? t(chosen.reason) : t("Custom settings.")}</p>
    `;
  }

  #choose({ params }) {
    this.dispatchEvent(
      new CustomEvent("params-changed", { bubbles: true, detail: { params: { ...this.params, ...params } } }),
    );
  }
}

customElements.define("sampling-presets", SamplingPresets);
