// Sixteen threads run through as many columns as there are pieces of evidence: each is a try, and lies where its answer
// lies. One sees worlds merge, and follow a false sentence just as well. On a narrow screen time runs downwards.

import { html, nothing, svg } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { languageOf, lanesOf } from "./view.js";

const PLATEAU = 0.66; // the part of a column where a thread lies still, so that a label can stand on it
const THICK = 0.92; // of a thread: what is left shows the ground between two
const narrow = globalThis.matchMedia?.("(width < 44rem)");

export class EvidenceStream extends PageElement {
  static properties = {
    steps: { attribute: false }, // [{tries}] that came; null: keep what the server wrote
    columns: { attribute: false }, // how many there will be
    shown: { attribute: false }, // how many are
  };

  #watching = null;

  constructor() {
    super();
    this.steps = null;
    this.columns = 4;
    this.shown = 0;
  }

  get ready() {
    return this.steps !== null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#watching = new AbortController();
    narrow?.addEventListener("change", () => this.requestUpdate(), { signal: this.#watching.signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#watching.abort();
  }

  render() {
    const lanes = lanesOf(this.steps.slice(0, this.shown));
    const count = this.steps[0]?.tries.length ?? 16;
    const upright = narrow?.matches ?? false;
    const box = upright ? `0 0 ${count} ${this.columns}` : `0 0 ${this.columns} ${count}`;
    return html`<div class="stream" role="img" aria-label=${aloud(lanes)}>
      <svg class="stream-picture" viewBox=${box} preserveAspectRatio="none" aria-hidden="true">
        ${lanes.length === 0 ? ground(this.columns, count, upright) : threads(lanes, this.columns, upright)}
      </svg>
      ${lanes.flatMap((lane, column) => lane.groups.map((group) => this.#label(group, column, count)))}
    </div>`;
  }

  #label({ text, from, size }, column, count) {
    const number = size > 1 ? html` <b class="number">${size}</b>` : nothing;
    const looks = [size > 1 ? "" : "is-single", size > 2 ? "" : "is-small"].join(" ");
    return html`<span class="stream-label ${looks}" lang=${languageOf(text)}
      data-place=${[column, from, size, count, this.columns].join(" ")}>${text || t("(nothing)")}${number}</span>`;
  }

  updated() {
    /** @type {NodeListOf<HTMLElement>} */
    const labels = this.querySelectorAll("[data-place]");
    for (const { style, dataset } of labels) {
      const [column, from, size, count, columns] = dataset.place.split(" ").map(Number);
      style.setProperty("--column", String(column / columns));
      style.setProperty("--from", String(from / count));
      style.setProperty("--size", String(size / count));
      style.setProperty("--room", String(0.9 / columns));
    }
  }
}

/** Before anything is asked: where the threads will run. */
function ground(columns, count, upright) {
  return Array.from({ length: count }, (_, index) =>
    upright
      ? svg`<rect class="stream-ground" x=${index} y="0" width="1" height=${columns}></rect>`
      : svg`<rect class="stream-ground" x="0" y=${index} width=${columns} height="1"></rect>`,
  );
}

/** The bands of each try: one that lies still in each column, and one on the way to the next, changing colour. */
function threads(lanes, columns, upright) {
  const point = (along, across) => (upright ? `${across},${along}` : `${along},${across}`);
  const line = (along, across) => `L${point(along, across)}`;
  return lanes.flatMap(({ places, hues, strong }, column) => {
    const next = lanes[column + 1];
    const end = column + (column === columns - 1 ? 1 : PLATEAU);
    return places.map((at, one) => {
      const under = at + THICK;
      const colour = tinted(hues[one], strong[one]);
      const still = `M${point(column, at)} ${line(end, at)} ${line(end, under)} ${line(column, under)} Z`;
      const band = svg`<path fill=${colour} d=${still}></path>`;
      if (!next) return band;
      const [to, middle, after] = [next.places[one], column + (1 + PLATEAU) / 2, column + 1];
      const bend = (from, until) => `C${point(middle, from)} ${point(middle, until)}`;
      const there = `M${point(end, at)} ${bend(at, to)} ${point(after, to)}`;
      const back = `${line(after, to + THICK)} ${bend(to + THICK, under)} ${point(end, under)} Z`;
      const id = `thread-${column}-${one}`;
      const change = changing(id, [colour, tinted(next.hues[one], next.strong[one])], [end, after], upright);
      return svg`${band}${change}<path fill=${`url(#${id})`} d=${`${there} ${back}`}></path>`;
    });
  });
}

/** From one answer's colour to the next. Colours are attributes here, so that a saved picture has them. */
function changing(id, [before, later], [from, until], upright) {
  const [x, y] = upright ? [0, 1] : [1, 0];
  return svg`<linearGradient id=${id} gradientUnits="userSpaceOnUse" x1=${x * from} y1=${y * from} x2=${x * until}
    y2=${y * until}><stop offset="0" stop-color=${before}></stop><stop offset="1"
    stop-color=${later}></stop></linearGradient>`;
}

function tinted(hue, strong) {
  return strong
    ? `light-dark(oklch(0.85 0.12 ${hue}), oklch(0.43 0.11 ${hue}))`
    : `light-dark(oklch(0.92 0.055 ${hue}), oklch(0.33 0.055 ${hue}))`;
}

function aloud(lanes) {
  const column = ({ groups }) => groups.map(({ text, size }) => `${text} ${size}`).join(", ");
  return lanes.length === 0 ? t("Nothing is asked yet.") : lanes.map(column).join("; ");
}

customElements.define("evidence-stream", EvidenceStream);
