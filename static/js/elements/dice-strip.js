// The numbers from 0 to 1, cut into the kept tokens' probabilities, and a pointer where the dice fell.
// The pointer can be put anywhere by hand: thin tokens are drawn together but stay within reach.

import { html, live, nothing } from "lit";
import { spokenText, visibleText } from "../base/bytes.js";
import { formatCount, formatProbability, formatRoll } from "../base/format.js";
import { t } from "../base/i18n.js";
import { PageElement } from "./page-element.js";
import { tokenText } from "./token-text.js";

const CHARACTER = 0.62; // em: a little more than one of its monospaced characters

export class DiceStrip extends PageElement {
  static properties = {
    intervals: { attribute: false }, // [{id, bytes, start, end, count}]: count > 1 is many thin tokens together
    u: { attribute: false }, // the roll in [0, 1), or null
    picked: { attribute: false }, // id of the picked token, to mark its interval
    label: { type: String },
    fixed: { type: Boolean }, // the pointer is the dice's alone
    characters: { state: true }, // how many fit into the strip
  };

  constructor() {
    super();
    this.intervals = null;
    this.u = null;
    this.picked = null;
    this.label = "";
    this.fixed = false;
    this.characters = 0;
    this.shaded = 0; // how many pieces have their shade, which goes by their place
  }

  connectedCallback() {
    super.connectedCallback();
    this.observer = new ResizeObserver(([{ contentRect }]) => {
      const piece = this.querySelector(".dice-interval") ?? this;
      this.characters = contentRect.width / (CHARACTER * parseFloat(getComputedStyle(piece).fontSize));
    });
    this.observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  get ready() {
    return this.intervals !== null;
  }

  render() {
    return html`
      <div class="dice-strip">
        <div class="dice-intervals" aria-hidden="true">
          ${this.intervals.map((interval) => this.#interval(interval))}
        </div>
        <div class="dice-pointer" ?hidden=${this.u === null}></div>
        ${this.fixed ? nothing : this.#hand()}
      </div>
      <div class="dice-ends" aria-hidden="true"><span>0</span><span>${formatProbability(0.5)}</span><span
        >${formatProbability(1)}</span></div>
    `;
  }

  /** What runs along the strip when the dice are thrown. */
  get pointer() {
    return /** @type {HTMLElement} */ (this.querySelector(".dice-pointer"));
  }

  #hand() {
    return html`<input class="dice-hand" type="range" min="0" max="9999" step="1"
      aria-label=${this.label || t("Put the roll by hand")} aria-valuetext=${this.#spoken()}
      .value=${live(String(Math.floor((this.u ?? 0) * 10_000)))}
      @input=${(event) => this.#point((Number(event.target.value) + 0.5) / 10_000)} />`;
  }

  #interval({ id, bytes, start, end, count }) {
    const room = (end - start) * this.characters - 1;
    const many = count > 1;
    const picked = many ? this.u !== null && this.u >= start && this.u < end : id !== null && id === this.picked;
    return html`<span class=${`dice-interval ${many ? "is-many" : ""} ${picked ? "is-picked" : ""}`}
      translate=${many ? nothing : "no"}>${many ? this.#count(count, room) : this.#name(bytes, room)}</span>`;
  }

  #name(bytes, room) {
    return fits(bytes, room) ? tokenText(bytes) : nothing;
  }

  #count(count, room) {
    const label = t("{n} more", { n: count });
    if (label.length <= room) return label;
    const short = `+${formatCount(count)}`;
    return short.length <= room ? short : nothing;
  }

  #spoken() {
    if (this.u === null) return t("no roll yet");
    const hit = this.intervals.find(({ start, end }) => this.u >= start && this.u < end) ?? this.intervals.at(-1);
    if (!hit) return formatRoll(this.u);
    const token = hit.count > 1 ? t("{n} more", { n: hit.count }) : spokenText(hit.bytes);
    return t("{u}: {token}", { u: formatRoll(this.u), token });
  }

  updated() {
    /** @type {HTMLElement} */
    const strip = this.querySelector(".dice-strip");
    strip.style.setProperty("--u", this.u ?? 0);
    const drawn = /** @type {HTMLCollectionOf<HTMLElement>} */ (this.getElementsByClassName("dice-interval"));
    this.intervals.forEach(({ start, end }, index) => {
      const { style } = drawn[index];
      style.inlineSize = `${((end - start) * 100).toFixed(3)}%`;
      style.transform = `translateX(${(start * 100).toFixed(3)}cqi)`; // so that no piece pushes another
    });
    for (; this.shaded < drawn.length; this.shaded += 1) {
      drawn[this.shaded].style.setProperty("--shade", Math.max(0.15, 0.9 - this.shaded * 0.09).toFixed(2));
    }
    this.shaded = Math.min(this.shaded, drawn.length); // a piece that comes back is a new one
  }

  #point(u) {
    this.dispatchEvent(new CustomEvent("roll-placed", { bubbles: true, detail: { u } }));
  }
}

const widths = new Map(); // hex -> characters that a token takes

function fits(bytes, room) {
  if (room < 1) return false;
  if (!widths.has(bytes)) {
    if (widths.size > 4096) widths.clear();
    widths.set(
      bytes,
      [...visibleText(bytes)].reduce((width, character) => width + (character > "\u2e7f" ? 2 : 1), 0),
    );
  }
  return widths.get(bytes) <= room;
}

customElements.define("dice-strip", DiceStrip);
