// The picture of a curve: a few lines over one axis, each named at its end and told apart by dashes and markers as
// much as by colour. Pointer, touch and arrow keys walk along the x axis; a table holds every number.

import { html, live, nothing, svg } from "lit";
import { allX, domainOf, nearestIndex, spread } from "../base/figure-math.js";
import { formatNumber } from "../base/format.js";
import { t } from "../base/i18n.js";
import { figureTable } from "./figure-table.js";
import { Plot, sampleOf } from "./line-plot.js";
import { PageElement } from "./page-element.js";
import "./save-picture.js";

const NARROW_REM = 30; // below this width names stand above the plot, not at the lines' ends
const PAPER_WIDTH = 660; // what A4 leaves between its margins, in CSS pixels
const plain = (value) => formatNumber(value, Number.isInteger(value) ? 0 : Math.abs(value) < 1 ? 3 : 2);

export class LineFigure extends PageElement {
  static properties = {
    series: { attribute: false }, // [{name, style, points: [{x, y|null, low?, high?}], note?}]
    rules: { attribute: false }, // [{y, label}]: reference lines
    xLabel: { attribute: false },
    yLabel: { attribute: false },
    xScale: { attribute: false }, // "linear" | "log"
    yScale: { attribute: false },
    xDomain: { attribute: false }, // [low, high] or null
    yDomain: { attribute: false },
    xFormat: { attribute: false }, // number -> string
    yFormat: { attribute: false },
    at: { attribute: false }, // the x that the page's slider stands on, or null
    pickable: { type: Boolean },
    label: { type: String },
    width: { state: true },
    pointed: { state: true }, // index into allX, -1 for none
    open: { state: true },
  };

  #sizes = null;
  #paper = null;
  #xs = [];
  #plot = null;

  constructor() {
    super();
    this.series = null;
    this.rules = [];
    this.xLabel = "";
    this.yLabel = "";
    this.xScale = "linear";
    this.yScale = "linear";
    this.xDomain = null;
    this.yDomain = null;
    this.xFormat = plain;
    this.yFormat = plain;
    this.at = null;
    this.pickable = false;
    this.label = "";
    this.width = 0;
    this.pointed = -1;
    this.open = false;
  }

  get ready() {
    return this.series !== null; // until then the server's sentence stays
  }

  connectedCallback() {
    super.connectedCallback();
    this.#sizes = new ResizeObserver(([entry]) => {
      this.width = Math.round(entry.contentRect.width);
    });
    this.#sizes.observe(this);
    this.#paper = new AbortController();
    const { signal } = this.#paper;
    addEventListener("beforeprint", () => this.#fit(Math.min(this.width, PAPER_WIDTH)), { signal });
    addEventListener("afterprint", () => this.#fit(Math.round(this.getBoundingClientRect().width)), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#paper.abort();
  }

  /** Drawn anew at once: paper does not wait. */
  #fit(width) {
    this.width = width;
    this.performUpdate();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.hasUpdated) this.width = Math.round(this.getBoundingClientRect().width);
    if (changed.has("series")) {
      this.#xs = allX(this.series);
      if (this.pointed >= this.#xs.length) this.pointed = -1;
    }
  }

  /** The index that is read out: under the pointer, or the page's own x. */
  get #current() {
    if (this.pointed >= 0) return this.pointed;
    return this.at === null ? -1 : nearestIndex(this.#xs, (x) => x, this.at);
  }

  render() {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const narrow = this.width < NARROW_REM * rem;
    const height = this.querySelector(".figure-plot")?.clientHeight || 0;
    this.#plot = new Plot(this, { rem, narrow, height, xs: this.#xs, current: this.#current });
    return html`
      <figure class=${`line-figure ${narrow ? "is-narrow" : ""}`}>
        ${narrow ? this.#key() : nothing}
        <div class="figure-head"><span class="figure-y-label">${this.yLabel}</span><span
          class="figure-readout" aria-hidden="true">${this.#readout(narrow)}</span></div>
        <div class="figure-plot" @pointermove=${this.#moved} @pointerdown=${this.#moved}
          @pointerleave=${this.#left} @click=${this.#clicked}>
          ${height ? this.#drawing(height) : nothing}
          ${narrow ? nothing : this.#names()}
          <input class="figure-hand" type="range" min="0" max=${Math.max(0, this.#xs.length - 1)} step="1"
            ?disabled=${this.#xs.length === 0} aria-label=${this.xLabel || t("Along the axis")}
            aria-valuetext=${this.#spoken()} .value=${live(String(Math.max(0, this.#current)))}
            @input=${(event) => this.#walk(Number(event.target.value))}
            @focus=${() => this.#walk(Math.max(0, this.#current), false)} @blur=${this.#left} />
        </div>
        <p class="figure-x-label">${this.xLabel}</p>
        <save-picture data-no-print .figure=${this}></save-picture>
        <details class="figure-numbers fold" @toggle=${(event) => (this.open = event.target.open)}>
          <summary>${t("Numbers")}</summary>
          ${this.open ? figureTable(this, this.#xs) : nothing}
        </details>
      </figure>
    `;
  }

  updated() {
    if (!this.querySelector(".figure-svg") && this.querySelector(".figure-plot").clientHeight) this.requestUpdate();
    this.style.setProperty("--start", `${Math.round(this.#plot.right)}px`);
    /** @type {NodeListOf<HTMLElement>} */
    const names = this.querySelectorAll(".figure-name");
    if (!names.length) return;
    const box = this.querySelector(".figure-names");
    const heights = Array.from(names, (name) => name.offsetHeight);
    const middles = spread(
      this.#plot.ends.map(({ y }) => y),
      heights,
      box.clientHeight,
    );
    names.forEach((name, index) => name.style.setProperty("--middle", `${middles[index].toFixed(1)}px`));
  }

  #drawing(height) {
    return svg`<svg class="figure-svg" role="img" aria-label=${this.label} width=${this.width} height=${height}
      viewBox=${`0 0 ${this.width} ${height}`}>${this.#plot.draw()}</svg>`;
  }

  /** Names at the lines' ends. */
  #names() {
    const names = this.#plot.ends.map(
      ({ series }) => html`<li class="figure-name">${sampleOf(series.style)}${nameOf(series)}</li>`,
    );
    return html`<ul class="figure-names">${names}</ul>`;
  }

  /** [{name, style, y}] at the current x, where a series has a point there. */
  #values() {
    const x = this.#xs[this.#current];
    return this.series.flatMap(({ name, style, points }) => {
      const point = points.find((one) => one.x === x);
      return point && Number.isFinite(point.y) ? [{ name, style, y: point.y }] : [];
    });
  }

  /** Names above a narrow plot, each with its value where the pointer stands. */
  #key() {
    const values = new Map(this.#current < 0 ? [] : this.#values().map(({ name, y }) => [name, y]));
    return html`<ul class="figure-key">${this.series.map(
      (series) => html`<li>${sampleOf(series.style)}${nameOf(series)}
      <b aria-hidden="true">${values.has(series.name) ? this.yFormat(values.get(series.name)) : nothing}</b></li>`,
    )}</ul>`;
  }

  #readout(narrow) {
    if (this.#current < 0) return nothing;
    const values = narrow ? [] : this.#values();
    const shown = values.map(({ style, y }) => html`<span>${sampleOf(style)}${this.yFormat(y)}</span>`);
    return html`<b>${this.xFormat(this.#xs[this.#current])}</b>${shown}`;
  }

  #spoken() {
    if (this.#current < 0) return t("no point chosen");
    const values = this.#values()
      .map(({ name, y }) => `${name} ${this.yFormat(y)}`)
      .join(", ");
    return `${this.xFormat(this.#xs[this.#current])}: ${values}`;
  }

  #indexAt(event) {
    const box = this.querySelector(".figure-plot").getBoundingClientRect();
    return nearestIndex(this.#xs, (x) => this.#plot.x(x), event.clientX - box.left);
  }

  #moved(event) {
    if (event.pointerType === "touch" && event.type === "pointermove" && !event.buttons) return;
    const index = this.#indexAt(event);
    this.pointed = index;
    if (event.buttons === 1) this.#pick(index);
  }

  #left() {
    if (!this.querySelector(".figure-hand").matches(":focus-visible")) this.pointed = -1;
  }

  #clicked(event) {
    if (event.target.closest(".figure-hand")) return;
    this.#pick(this.#indexAt(event));
  }

  #walk(index, picks = true) {
    this.pointed = index;
    if (picks) this.#pick(index);
  }

  #pick(index) {
    const x = this.#xs[index];
    if (!this.pickable || x === undefined || x === this.at) return;
    this.at = x;
    this.dispatchEvent(new CustomEvent("x-picked", { bubbles: true, detail: { x } }));
  }

  /** The scales' domains, for Plot. */
  domain(axis) {
    const { series, rules } = this;
    return axis === "x"
      ? domainOf(series, "x", { scale: this.xScale, domain: this.xDomain })
      : domainOf(series, "y", { scale: this.yScale, domain: this.yDomain, rules });
  }
}

function nameOf({ name, note }) {
  return html`<span>${name}${note ? html`<small>${note}</small>` : nothing}</span>`;
}

customElements.define("line-figure", LineFigure);
