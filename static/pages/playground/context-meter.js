// How full the model's window is, in words and as a bar: "612 / 8,192 tokens · room for 7,580".

import { html, nothing } from "lit";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class ContextMeter extends PageElement {
  static properties = {
    used: { type: Number },
    limit: { type: Number }, // 0: not known yet
    asked: { type: Number }, // tokens the next continuation wants
  };

  constructor() {
    super();
    this.used = 0;
    this.limit = 0;
    this.asked = 0;
  }

  render() {
    const room = Math.max(0, this.limit - this.used);
    const full = html`<strong>${t("the window is full")}</strong>`;
    const limit = this.limit ? formatCount(this.limit) : "–";
    return html`
      <span class="context-bar" aria-hidden="true"></span>
      <span class="context-words">
        <span class="number">${formatCount(this.used)} / ${limit}</span> ${t("tokens")}${
          this.limit ? html` · ${room === 0 ? full : t("room for {n}", { n: room })}` : nothing
        }
      </span>
      ${
        this.limit && room > 0 && this.asked > room
          ? html`<span class="context-clamped">${t("{asked} wanted, at most {n} fit", {
              asked: this.asked,
              n: room,
            })}</span>`
          : nothing
      }
    `;
  }

  updated() {
    const share = this.limit ? Math.min(1, this.used / this.limit) : 0;
    /** @type {HTMLElement} */
    const bar = this.querySelector(".context-bar");
    bar.style.setProperty("--share", share.toFixed(4));
  }
}

customElements.define("context-meter", ContextMeter);
