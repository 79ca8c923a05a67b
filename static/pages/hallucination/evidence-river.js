// The collapse meter: each row is the universes under a little more evidence, each band an answer, its width the
// share of universes that give it.

/** @import * as contract from "contract" */

import { html, nothing, svg } from "lit";
import { formatBits, formatCount, formatProbability } from "../../js/base/format.js";
import { riverBands } from "./view.js";
import { msg, t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/save-picture.js";

const ROW = 10; // the picture's own unit; stretched to the rows of the list
const THINNEST_LABEL = 0.16; // share below which a band has no room for its name

export const LABELS = { true: msg("true"), false: msg("false"), unknown: msg("not labelled") };

export class EvidenceRiver extends PageElement {
  static properties = {
    steps: { attribute: false }, // EvidenceStep parts as they came; null: keep what the server wrote
  };

  constructor() {
    super();
    /** @type {contract.hallucination.EvidenceStep[] | null} */
    this.steps = null;
  }

  get ready() {
    return this.steps !== null;
  }

  render() {
    if (this.steps.length === 0) return nothing;
    const bands = riverBands(this.steps);
    return html`<div class="river">
      <svg class="river-picture" viewBox=${`0 0 100 ${this.steps.length * ROW}`} preserveAspectRatio="none"
        aria-hidden="true">${flows(bands)}</svg>
      <ol class="river-steps">${this.steps.map((step, index) => this.#step(step, index, bands))}</ol>
    </div>
    <save-picture data-no-print .figure=${this}></save-picture>`;
  }

  updated() {
    /** @type {NodeListOf<HTMLElement>} */
    const names = this.querySelectorAll(".river-name");
    for (const { style, dataset } of names) {
      style.setProperty("--from", dataset.from);
      style.setProperty("--share", dataset.share);
    }
  }

  /** @param {contract.hallucination.EvidenceStep} step */
  #step(step, index, bands) {
    const { agreement, answers, entropy_bits: bits } = step;
    const numbers = {
      share: formatProbability(agreement.largest),
      n: agreement.groups.length,
      bits: formatBits(bits, 2),
    };
    let from = 0;
    return html`<li class="river-step">
      <div class="river-said">
        ${
          index === 0
            ? html`<span class="river-bare">${t("the bare prompt")}</span>`
            : html`<span class="evidence-label" data-label=${step.label}>${t(LABELS[step.label])}</span> <span
              class="river-sentence" lang="en">${step.sentence}</span>`
        }
        <span class="river-numbers quiet small number">${t(
          "{share} agree, {n} different answers, first token {bits}",
          numbers,
        )}</span>
      </div>
      <div class="river-row">
        ${bands.map((band, place) => {
          const share = band.shares[index];
          const start = from;
          from += share;
          if (share < THINNEST_LABEL) return nothing;
          const count = formatCount(Math.round(share * answers.length));
          const name = band.text === null ? t("alone") : html`<span lang="en">${band.text}</span>`;
          return html`<span class="river-name" data-band=${place % 5} data-from=${start.toFixed(4)}
            data-share=${share.toFixed(4)}>${name} <b class="number">${count}</b></span>`;
        })}
      </div>
      <span class="visually-hidden" lang="en">${agreement.groups
        .map(({ text, count }) => `${text}: ${count}`)
        .join("; ")}</span>
    </li>`;
  }
}

/** One path a band, from the middle of each row to the middle of the next, straight within a row. */
function flows(bands) {
  const steps = bands[0]?.shares.length ?? 0;
  const before = Array.from({ length: steps }, () => 0);
  return bands.map((band, place) => {
    const left = before.map((value) => value * 100);
    band.shares.forEach((share, step) => (before[step] += share));
    const right = before.map((value) => value * 100);
    const kind = band.key === null ? "is-alone" : "";
    return svg`<path class="river-band ${kind}" data-band=${place % 5} d=${outline(left, right)}></path>`;
  });
}

function outline(left, right) {
  const flat = ROW * 0.3; // how far a row's own shares run before they begin to bend
  const middle = (step) => (step + 0.5) * ROW;
  const height = left.length * ROW;
  const side = (values, order) =>
    order
      .map((step, i) => {
        const [near, far] = order[0] === 0 ? [-flat, flat] : [flat, -flat];
        const x = values[step];
        const enter = `${x},${middle(step) + near}`;
        const leave = `${x},${middle(step) + far}`;
        if (i === 0) return `${x},${order[0] === 0 ? 0 : height} L${leave}`;
        const last = order[i - 1];
        const bend = (middle(last) + middle(step)) / 2;
        const end = `${x},${order[0] === 0 ? height : 0}`;
        return `C${values[last]},${bend} ${x},${bend} ${enter} L${i === order.length - 1 ? end : leave}`;
      })
      .join(" ");
  const down = left.map((_, step) => step);
  const up = [...down].reverse();
  if (left.length === 1) return `M${left[0]},0 L${left[0]},${ROW} L${right[0]},${ROW} L${right[0]},0 Z`;
  return `M${side(left, down)} L${side(right, up)} Z`;
}

customElements.define("evidence-river", EvidenceRiver);
