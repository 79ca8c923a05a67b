// The drawing inside a <line-figure>: scales, axes, lines, bands and markers as SVG. Sizes are CSS pixels.

import {
  area,
  line,
  scaleLinear,
  scaleLog,
  symbol,
  symbolCircle,
  symbolDiamond,
  symbolSquare,
  symbolTriangle,
} from "d3";
import { html, nothing, svg } from "lit";
import { decimalsFor, logTicks } from "../base/figure-math.js";
import { formatNumber } from "../base/format.js";

const MARKERS = {
  main: symbolCircle,
  control: symbolSquare,
  "control-2": symbolTriangle,
  "control-3": symbolDiamond,
  surprise: symbolDiamond,
};
const MOST_MARKERS = 40; // beyond, the line alone

const markerPath = (style, size) => symbol(MARKERS[style] ?? symbolCircle, size)();

/** @typedef {{ x: number, y: number, low?: number, high?: number }} Point */

/** A short piece of a line as it is drawn, to stand before its name. */
export function sampleOf(style) {
  return html`<svg class=${`figure-sample line-${style}`} viewBox="0 0 24 12" aria-hidden="true"><path
    class="figure-line" d="M0 6H24"></path><path
    class="figure-marker" transform="translate(12 6)" d=${markerPath(style, 38)}></path></svg>`;
}

const scaleOf = (kind, domain, range) => (kind === "log" ? scaleLog() : scaleLinear()).domain(domain).range(range);

export class Plot {
  constructor(figure, { rem, narrow, height, xs, current }) {
    this.figure = figure;
    this.rem = rem;
    this.xs = xs;
    this.current = current;
    this.top = 0.5 * rem;
    this.bottom = Math.max(this.top, height - 1.6 * rem);
    this.y = scaleOf(figure.yScale, figure.domain("y"), [this.bottom, this.top]);
    if (figure.yScale === "linear" && !figure.yDomain) this.y.nice(5);
    this.yTicks = this.#ticks(
      this.y,
      figure.yDomain,
      figure.yScale,
      Math.max(2, Math.round((this.bottom - this.top) / (3 * rem))),
    );
    const widest = Math.max(1, ...this.yTicks.map(({ text }) => text.length));
    this.left = (0.6 + 0.55 * widest) * rem;
    const names = narrow ? 0.75 * rem : Math.min(14 * rem, 0.28 * figure.width);
    this.right = Math.max(this.left + 1, figure.width - names);
    this.x = scaleOf(figure.xScale, figure.domain("x"), [this.left, this.right - 0.5 * rem]);
    this.xTicks = this.#ticks(
      this.x,
      figure.xDomain,
      figure.xScale,
      Math.max(2, Math.round((this.right - this.left) / (4.5 * rem))),
      xs.every(Number.isInteger), // what is counted has no halves
    );
    this.ends = figure.series.map((series) => ({ series, y: this.#endOf(series) }));
  }

  /** Without data only the axis that was asked for is known. */
  #ticks(scale, asked, kind, most, whole = false) {
    if (!this.xs.length && !asked) return [];
    const values = (kind === "log" ? logTicks(scale.domain(), most) : scale.ticks(most)).filter(
      (value) => !whole || Number.isInteger(value),
    );
    const digits = decimalsFor(values);
    const text = (value) => formatNumber(value, kind === "log" ? decimalsOf(value) : digits);
    return values.map((value) => ({ value, text: text(value) }));
  }

  #drawable(series) {
    const visible = (value, scale) => Number.isFinite(value) && (scale !== "log" || value > 0);
    return series.points.filter(({ x, y }) => visible(x, this.figure.xScale) && visible(y, this.figure.yScale));
  }

  #clamp(y) {
    return Math.max(this.top, Math.min(this.bottom, this.y(y)));
  }

  #endOf(series) {
    const last = this.#drawable(series).at(-1);
    return last ? this.#clamp(last.y) : this.bottom;
  }

  draw() {
    const { figure } = this;
    return svg`
      <g class="figure-axes">${this.#axes()}</g>
      <g>${(figure.rules ?? []).map((rule) => this.#rule(rule))}</g>
      ${this.#cursor()}
      ${[...figure.series].reverse().map((series) => this.#series(series))}
    `;
  }

  #axes() {
    const baseline = svg`<path class="figure-axis" d=${`M${this.left} ${this.bottom}H${this.right}`}></path>`;
    const across = this.yTicks.map(({ value, text }) => {
      const y = this.y(value).toFixed(1);
      return svg`<path class="figure-grid" d=${`M${this.left} ${y}H${this.right}`}></path><text
        class="figure-tick" x=${this.left - 0.4 * this.rem} y=${y}
        text-anchor="end" dominant-baseline="central">${text}</text>`;
    });
    const along = this.xTicks.map(({ value, text }) => {
      const x = this.x(value).toFixed(1);
      return svg`<path class="figure-axis" d=${`M${x} ${this.bottom}v4`}></path><text
        class="figure-tick" x=${x} y=${this.bottom + 1.2 * this.rem} text-anchor="middle">${text}</text>`;
    });
    return [across, along, baseline];
  }

  #rule({ y, label }) {
    const at = this.#clamp(y);
    return svg`<path class="figure-rule" d=${`M${this.left} ${at}H${this.right}`}></path><text
      class="figure-tick figure-rule-label" x=${this.left + 0.4 * this.rem} y=${at - 0.35 * this.rem}>${label}</text>`;
  }

  #cursor() {
    const { at } = this.figure;
    const cursor = (x, kind) =>
      svg`<path class=${`figure-cursor ${kind}`} d=${`M${this.x(x).toFixed(1)} ${this.top}V${this.bottom}`}></path>`;
    const pointed = this.xs[this.current];
    return [
      at === null ? nothing : cursor(at, "is-at"),
      pointed === undefined || pointed === at ? nothing : cursor(pointed, "is-pointed"),
    ];
  }

  #series(series) {
    const points = series.points;
    const shown = new Set(this.#drawable(series));
    const x = (/** @type {Point} */ point) => this.x(point.x);
    const path = line(x, ({ y }) => this.#clamp(y)).defined((point) => shown.has(point));
    const banded = points.filter(
      (point) => shown.has(point) && Number.isFinite(point.low) && Number.isFinite(point.high),
    );
    const band = area(
      x,
      ({ low }) => this.#clamp(low),
      ({ high }) => this.#clamp(high),
    );
    return svg`
      <g class=${`line-${series.style}`}>
        ${banded.length > 1 ? svg`<path class="figure-band" d=${band(banded)}></path>` : nothing}
        <path class="figure-line" d=${path(points) ?? ""}></path>
        ${this.#markers(series, [...shown])}
      </g>
    `;
  }

  #markers({ style }, points) {
    const crowded = points.length > MOST_MARKERS;
    const last = points.length - 1;
    const current = this.xs[this.current];
    return points.map((point, index) => {
      const read = point.x === current;
      if (crowded && !read && index !== last) return nothing;
      const at = `translate(${this.x(point.x).toFixed(1)} ${this.#clamp(point.y).toFixed(1)})`;
      const size = (read ? 0.62 : 0.4) * this.rem;
      return svg`<path class=${`figure-marker ${read ? "is-read" : ""}`} transform=${at}
        d=${markerPath(style, size * size * 0.9)}></path>`;
    });
  }
}

function decimalsOf(value) {
  return decimalsFor([0, Number(value.toPrecision(3))]);
}
