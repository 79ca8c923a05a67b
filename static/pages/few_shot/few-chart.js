/**
 * <few-chart>: a few lines over a row of places, each with its number below. Places are evenly spaced, so that a slider
 * under the chart stands below its point.
 *
 * Properties: `places` (what is written below each; "" for nothing), `lines` ([{style, values}], values of the first
 * places), `ticks` (numbers on the other axis; the last is its end), `at` (a place, or null), `apart` (lines that lie
 * on each other are drawn side by side), `label`.
 * Event: `place-picked {place}`.
 */

import { html, nothing, svg } from "lit";
import { PageElement } from "../../js/elements/page-element.js";

const LEFT = 1.9; // all in the size of the axes' type
const RIGHT = 0.9;
const TOP = 0.7;
const BOTTOM = 1.5;
const APART = 0.3;
const MOST_MARKED = 20; // beyond, the line alone

export class FewChart extends PageElement {
  static properties = {
    places: { attribute: false },
    lines: { attribute: false },
    ticks: { attribute: false },
    at: { attribute: false },
    apart: { type: Boolean },
    label: { type: String },
    size: { state: true },
  };

  #watch = null;

  constructor() {
    super();
    this.places = null;
    this.lines = [];
    this.ticks = [0, 1];
    this.at = null;
    this.apart = false;
    this.label = "";
    this.size = { width: 0, height: 0, em: 16 };
  }

  get ready() {
    return this.places !== null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#watch = new ResizeObserver(([{ contentRect }]) => {
      const em = Number.parseFloat(getComputedStyle(this).fontSize);
      this.size = { width: Math.round(contentRect.width), height: Math.round(contentRect.height), em };
    });
    this.#watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#watch.disconnect();
  }

  render() {
    const { width, height } = this.size;
    if (width === 0) return nothing;
    return html`<svg class="few-drawing" role="img" aria-label=${this.label} width=${width} height=${height}
      viewBox=${`0 0 ${width} ${height}`} @pointerdown=${this.#pointed}>${this.#axes()}${this.#cursor()}${[
        ...this.lines,
      ]
        .reverse()
        .map((line) => this.#line(line))}</svg>`;
  }

  #x(place) {
    const { width, em } = this.size;
    const last = Math.max(1, this.places.length - 1);
    return LEFT * em + (place / last) * (width - (LEFT + RIGHT) * em);
  }

  #y(value) {
    const { height, em } = this.size;
    const bottom = height - BOTTOM * em;
    return bottom - (Math.min(value, this.ticks.at(-1)) / this.ticks.at(-1)) * (bottom - TOP * em);
  }

  #axes() {
    const { width, height, em } = this.size;
    const right = width - RIGHT * em;
    const across = this.ticks.map((value) => {
      const y = this.#y(value);
      return svg`<path class=${value === 0 ? "few-axis" : "few-grid"} d=${`M${LEFT * em} ${y}H${right}`}></path><text
        class="few-tick" x=${(LEFT - 0.6) * em} y=${y} text-anchor="end" dominant-baseline="central">${value}</text>`;
    });
    const along = this.places.map((text, place) => {
      if (text === "") return nothing;
      return svg`<text class=${`few-tick ${place === this.at ? "is-at" : ""}`} x=${this.#x(place)}
        y=${height - 0.3 * em} text-anchor="middle">${text}</text>`;
    });
    return [across, along];
  }

  #cursor() {
    if (this.at === null) return nothing;
    const path = `M${this.#x(this.at)} ${this.#y(this.ticks.at(-1))}V${this.#y(0)}`;
    return svg`<path class="few-cursor" d=${path}></path>`;
  }

  #line({ style, values }) {
    const { em } = this.size;
    const order = this.lines.findIndex((line) => line.style === style);
    const shift = this.apart ? order * APART * em : 0;
    const points = values.map((value, place) => {
      return [this.#x(place), this.#y(value) + (value === 0 ? -shift : shift)].map((at) => at.toFixed(1));
    });
    const marked = values.length <= MOST_MARKED;
    return svg`<g class=${`line-${style}`}>
      <path class="figure-line" d=${points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("")}></path>
      ${marked ? points.map(([x, y]) => marker(x, y, 0.24 * em)) : nothing}
    </g>`;
  }

  #pointed(event) {
    if (this.at === null) return;
    const x = event.clientX - this.getBoundingClientRect().left;
    const { width, em } = this.size;
    const share = (x - LEFT * em) / (width - (LEFT + RIGHT) * em);
    const last = this.places.length - 1;
    const place = Math.max(0, Math.min(last, Math.round(share * last)));
    this.dispatchEvent(new CustomEvent("place-picked", { bubbles: true, detail: { place } }));
  }
}

const marker = (x, y, r) => svg`<circle class="figure-marker" cx=${x} cy=${y} r=${r}></circle>`;

customElements.define("few-chart", FewChart);
