import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

/** The one button that must be at hand: `.paused` now, `.present` students here; a wish is told by `class-wished`. */
export class ClassPause extends PageElement {
  static properties = { paused: { attribute: false }, present: { attribute: false } };

  constructor() {
    super();
    this.paused = null;
    this.present = null;
  }

  get ready() {
    return this.paused !== null;
  }

  render() {
    return html`
      <button type="button" class=${`button ${this.paused ? "" : "button-primary"}`} @click=${this.#turn}>
        ${this.paused ? t("Resume") : t("Pause all screens")}</button>
      ${this.present === null ? nothing : html`<p class="class-here">${t("{n} are here", { n: this.present })}</p>`}
      <p class="small quiet">${
        this.paused
          ? t("All screens but yours are paused.")
          : t("Every screen but yours then says “Eyes to the front, please.” Nothing is lost.")
      }</p>
    `;
  }

  #turn() {
    this.dispatchEvent(new CustomEvent("class-wished", { bubbles: true, detail: { curtain: !this.paused } }));
  }
}

customElements.define("class-pause", ClassPause);
