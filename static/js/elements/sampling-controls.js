// One slider with a number box for each sampling parameter. Double-clicking a slider resets it.

import { html, live, nothing } from "lit";
import { t } from "../base/i18n.js";
import { CONTROLS, STEPS, clampParam, isOff } from "../base/sampling-params.js";
import { PageElement } from "./page-element.js";

let instances = 0;

export class SamplingControls extends PageElement {
  static properties = {
    params: { attribute: false }, // {temperature, top_k, ...}
    vocabulary: { type: Number }, // the most that top_k can keep
    shown: { attribute: false }, // which parameters, in this order
  };

  constructor() {
    super();
    this.params = null;
    this.vocabulary = 262_144;
    this.shown = ["temperature", "top_k", "top_p", "min_p"];
    instances += 1;
    this.idPrefix = `sampling-${instances}`;
  }

  /** What the server drew stays until there are values to show. */
  get ready() {
    return this.params !== null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("vocabulary") || changed.has("shown")) {
      this.sliders = Object.fromEntries(this.shown.map((name) => [name, CONTROLS[name].slider(this.vocabulary)]));
    }
  }

  render() {
    return this.shown.map((name) => this.#control(name));
  }

  #control(name) {
    const { label, hint, unit, least, most, step, zero } = CONTROLS[name];
    const value = this.params[name] ?? CONTROLS[name].neutral;
    const off = isOff(name, value, this.vocabulary);
    const state = value === 0 && zero ? t(zero) : off ? t("off") : unit ? t(unit) : "";
    const spoken = state ? `${value}, ${state}` : String(value);
    const id = `${this.idPrefix}-${name}`;
    return html`
      <div class=${`control ${off ? "is-off" : ""}`}>
        <label for=${id}>${t(label)}</label>
        <span class="control-value">
          <span class="control-state">${state}</span>
          <input class="control-number" type="number" inputmode="decimal"
            aria-label=${t("{label}, number", { label: t(label) })}
            min=${least} max=${most === Infinity ? this.vocabulary : most} step=${step === 1 ? 1 : "any"}
            .value=${live(String(value))} @change=${(event) => this.#type(name, event)} />
        </span>
        <input class="control-slider" id=${id} type="range" min="0" max=${STEPS} step="1"
          aria-valuetext=${off ? `${value}, ${t("off")}` : spoken} aria-describedby=${`${id}-hint`}
          title=${t("Double-click resets")}
          .value=${live(String(this.sliders[name].toPosition(value)))}
          @input=${(event) => this.#change(name, this.sliders[name].toValue(Number(event.target.value)))}
          @keydown=${(event) => this.#key(name, value, event)}
          @dblclick=${() => this.#change(name, CONTROLS[name].neutral)} />
        ${hint ? html`<small id=${`${id}-hint`}>${t(hint)}</small>` : nothing}
      </div>
    `;
  }

  #type(name, event) {
    const value = clampParam(name, event.target.valueAsNumber, this.vocabulary);
    if (value === null) this.requestUpdate();
    else this.#change(name, value);
  }

  /** Arrow keys step by the parameter's own step, not by the slider's pixels; Delete resets. */
  #key(name, value, event) {
    const { step, neutral } = CONTROLS[name];
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
    if (event.key === "Delete") this.#change(name, neutral);
    else if (event.key in steps) this.#change(name, clampParam(name, value + steps[event.key] * step, this.vocabulary));
    else return;
    event.preventDefault();
  }

  #change(name, value) {
    if (value === this.params[name]) {
      this.requestUpdate(); // what was typed may read differently: "0.50"
      return;
    }
    this.params = { ...this.params, [name]: value };
    this.dispatchEvent(new CustomEvent("params-changed", { bubbles: true, detail: { params: this.params } }));
  }
}

customElements.define("sampling-controls", SamplingControls);
