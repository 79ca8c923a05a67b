// Tokens of a text, tinted and underlined by how many bits they cost the model; or two texts aligned, the original
// over what the model wrote, with gaps, and a sign in each column that says whether they agree.

import { html, nothing } from "lit";
import { spokenText, visibleParts } from "../base/bytes.js";
import { formatBits } from "../base/format.js";
import { t } from "../base/i18n.js";
import { SURPRISE_STEPS, surpriseLevel } from "../base/surprise.js";
import { PageElement } from "./page-element.js";
import { tokenText } from "./token-text.js";

const SIGNS = { equal: "=", diverged: "≠", realigned: "↺" };

function markName(mark) {
  if (mark === "equal") return t("the same");
  if (mark === "diverged") return t("other");
  return mark === "realigned" ? t("back in step") : "";
}

function signOf(mark) {
  return html`<span class=${`heat-mark heat-mark-${mark}`} aria-hidden="true">${SIGNS[mark]}</span>`;
}

const breaksAfter = ({ bytes }) => bytes.endsWith("0a");

/** A token as running text: blanks as blanks, line breaks and pieces of characters as marks. */
function runningText({ bytes }) {
  const parts = visibleParts(bytes);
  if (!parts.length) return tokenText(bytes);
  return parts.map(({ text, kind, source }) =>
    kind === "text" || source === " " ? source : html`<span class=${`token-mark token-${kind}`}>${text}</span>`,
  );
}

export class HeatStrip extends PageElement {
  static properties = {
    tokens: { attribute: false }, // [{bytes, bits|null, mark?, by?}]
    pairs: { attribute: false }, // [{original, model, mark}], a token or null on each side
    names: { attribute: false }, // what the two rows are called
    selected: { attribute: false },
    at: { attribute: false }, // where another view of the same tokens stands
    label: { type: String },
    legend: { type: Boolean },
    roving: { state: true },
  };

  constructor() {
    super();
    this.tokens = null;
    this.pairs = null;
    this.names = ["", ""];
    this.selected = -1;
    this.at = -1;
    this.label = "";
    this.legend = false;
    this.roving = 0;
  }

  get ready() {
    return this.tokens !== null || this.pairs !== null; // until then the server's tokens stay
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    this.roving = Math.max(0, Math.min(this.roving, this.#length - 1));
  }

  get #length() {
    return (this.pairs ?? this.tokens).length;
  }

  render() {
    return html`
      ${this.pairs ? this.#aligned() : this.#row()}
      ${this.legend ? this.#legend() : nothing}
    `;
  }

  #row() {
    const tokens = this.tokens.map((token, index) => this.#token(token, index, token.mark));
    return html`<div class="heat-row surprise-scale" translate="no" role="listbox" aria-orientation="horizontal"
      aria-label=${this.label} @click=${this.#clicked} @keydown=${this.#pressed}>${tokens}</div>`;
  }

  #aligned() {
    const pairs = this.pairs.map((pair, index) => this.#pair(pair, index));
    return html`<div class="heat-pairs surprise-scale" translate="no" role="listbox" aria-orientation="horizontal"
      aria-label=${this.label} @click=${this.#clicked} @keydown=${this.#pressed}>
      <span class="heat-names" aria-hidden="true"><span>${this.names[0]}</span><span
        >${this.names[1]}</span></span>${pairs}</div>`;
  }

  #pair({ original, model, mark }, index) {
    const ends = [original, model].some((token) => token && breaksAfter(token));
    const side = (token, row) => {
      if (!token) return html`<span class="heat-gap"></span>`;
      const by = row === "model" ? "by-model" : "by-typed";
      return html`<span class=${`heat-token ${by}`} data-row=${row} data-level=${surpriseLevel(token.bits)}
        >${runningText(token)}</span>`;
    };
    return html`<span class=${`heat-pair ${index === this.at ? "is-at" : ""}`} role="option"
      data-index=${index} data-mark=${mark ?? ""} tabindex=${index === this.roving ? 0 : -1}
      aria-selected=${index === this.selected} aria-label=${this.#spokenPair(this.pairs[index], index)}
      >${side(original, "original")}<span class=${`heat-mark heat-mark-${mark}`} aria-hidden="true"
      >${SIGNS[mark] ?? ""}</span>${side(model, "model")}</span>${
        ends ? html`<span class="heat-break" role="presentation"></span>` : nothing
      }`;
  }

  #token(token, index, mark) {
    const sign = mark && mark !== "equal" ? signOf(mark) : nothing;
    const classes = `heat-token ${token.by === "model" ? "by-model" : "by-typed"} ${index === this.at ? "is-at" : ""}`;
    return html`<span class=${classes} role="option" data-index=${index} data-level=${surpriseLevel(token.bits)}
      data-mark=${mark ?? nothing} tabindex=${index === this.roving ? 0 : -1}
      aria-selected=${index === this.selected} aria-label=${this.#spoken(token, index, mark)}
      >${sign}${runningText(token)}</span>${breaksAfter(token) ? html`<br>` : nothing}`;
  }

  #spoken(token, index, mark) {
    const words = [`${index + 1}: ${spokenText(token.bytes)}`];
    if (Number.isFinite(token.bits)) words.push(formatBits(token.bits));
    if (mark) words.push(markName(mark));
    return words.join(", ");
  }

  #spokenPair({ original, model, mark }, index) {
    const side = (token) => (token ? spokenText(token.bytes) : t("nothing"));
    const words = [
      `${index + 1}: ${this.names[0]} ${side(original)}`,
      `${this.names[1]} ${side(model)}`,
      markName(mark),
    ];
    if (Number.isFinite(original?.bits)) words.push(formatBits(original.bits));
    return words.filter(Boolean).join(", ");
  }

  #legend() {
    const entries = this.pairs ?? this.tokens;
    const all = this.pairs ? entries.flatMap(({ original, model }) => [original, model]) : entries;
    const marks = Object.keys(SIGNS).filter(
      (mark) => entries.some((entry) => entry.mark === mark) && (this.pairs || mark !== "equal"),
    );
    const bits = all.some((token) => Number.isFinite(token?.bits));
    const steps = SURPRISE_STEPS.map((step, level) => html`<span class="heat-step" data-level=${level}>${step}</span>`);
    return html`<p class="heat-legend surprise-scale">
      ${bits ? html`<span>${steps} ${t("bits of surprise")}</span>` : nothing}
      ${marks.map((mark) => html`<span>${signOf(mark)} ${markName(mark)}</span>`)}
    </p>`;
  }

  #clicked(event) {
    const option = event.target.closest("[role=option]");
    if (option) this.#select(Number(option.dataset.index), event.target.closest("[data-row]")?.dataset.row ?? null);
  }

  #pressed(event) {
    const option = event.target.closest("[role=option]");
    if (!option || event.altKey || event.ctrlKey || event.metaKey) return;
    const index = Number(option.dataset.index);
    if (event.key === "Enter" || event.key === " ") this.#select(index, null);
    else if (!this.#go(event.key, index)) return;
    event.preventDefault();
  }

  #go(key, index) {
    const last = this.#length - 1;
    const target = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      Home: 0,
      End: last,
      ArrowUp: this.#nextLine(index, -1),
      ArrowDown: this.#nextLine(index, 1),
    }[key];
    if (target === undefined) return false;
    this.#rove(Math.max(0, Math.min(last, target)));
    return true;
  }

  /** The token of the line above or below whose middle is nearest; the same one where there is no such line. */
  #nextLine(index, step) {
    const options = this.querySelectorAll("[role=option]");
    const here = options[index].getClientRects()[0];
    let line = null;
    let best = index;
    let least = Number.POSITIVE_INFINITY;
    for (let other = index + step; options[other]; other += step) {
      const box = options[other].getClientRects()[0];
      if (Math.abs(box.top - here.top) < here.height / 2) continue;
      line ??= box.top;
      if (Math.abs(box.top - line) > here.height / 2) break;
      const distance = Math.abs(box.left + box.width / 2 - here.left - here.width / 2);
      if (distance < least) [best, least] = [other, distance];
    }
    return best;
  }

  #rove(index) {
    this.roving = index;
    this.updateComplete.then(() => {
      /** @type {HTMLElement | null} */
      const option = this.querySelector(`[data-index="${index}"]`);
      option?.focus({ preventScroll: true });
      option?.scrollIntoView({ block: "nearest" });
    });
  }

  #select(index, row) {
    this.roving = index;
    this.selected = index;
    this.dispatchEvent(
      new CustomEvent("token-selected", {
        bubbles: true,
        detail: { index, row: this.pairs ? (row ?? "original") : null },
      }),
    );
  }
}

customElements.define("heat-strip", HeatStrip);
