// The different answers of the universes, as bars with their counts, and how much they agree.

/** @import * as contract from "contract" */

import { html, nothing } from "lit";
import { formatBits, formatChoices, formatCount, formatNumber, formatProbability } from "../../js/base/format.js";
import { markerAt } from "./view.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { markerChip } from "./universe-marker.js";

const MOST = 16;

export class AnswerGroups extends PageElement {
  static properties = {
    outcome: { attribute: false }, // {n, agreement}; null: keep what the server wrote
    opening: { attribute: false }, // {entropy_bits}
    label: { type: String },
  };

  constructor() {
    super();
    /** @type {contract.hallucination.Outcome | null} */
    this.outcome = null;
    /** @type {contract.hallucination.Opening | null} */
    this.opening = null;
    this.label = "";
  }

  get ready() {
    return this.outcome !== null;
  }

  render() {
    const { n, agreement } = this.outcome;
    const rest = agreement.groups.slice(MOST);
    return html`
      ${this.#meters(n, agreement)}
      <ol class="answer-groups" aria-label=${this.label || t("Answers")}>
        ${agreement.groups.slice(0, MOST).map((group, index) => this.#group(group, index, n))}
      </ol>
      ${
        rest.length > 0
          ? html`<p class="small quiet">${t("and {n} more answers, each alone", { n: rest.length })}</p>`
          : nothing
      }
    `;
  }

  /**
   * @param {number} n
   * @param {contract.hallucination.Agreement} agreement
   */
  #meters(n, { groups, largest, pairwise, semantic_entropy_bits: bits }) {
    const { entropy_bits: first } = this.opening;
    const pairs = formatProbability(pairwise);
    const most = formatNumber(Math.log2(n), 2);
    const choices = formatChoices(first);
    return html`<div class="counts agreement-meters">
      ${meter(formatCount(groups.length), t("different answers in {n} universes", { n }))}
      ${meter(formatProbability(largest), t("agree with the largest group; {pairs} of all pairs", { pairs }))}
      ${meter(formatBits(bits, 2), t("semantic entropy, of at most {most}", { most }))}
      ${meter(formatBits(first, 2), t("first-token entropy, like {choices} equal choices", { choices }))}
    </div>`;
  }

  /** @param {contract.hallucination.Group} group */
  #group({ text, count, share }, index, n) {
    return html`<li class="answer-group">
      ${markerChip({ marker: markerAt(index), index, alone: count === 1 })}
      <span class="answer-text" lang="en">${text || t("(nothing)")}</span>
      <svg class="answer-bar" aria-hidden="true"><rect class="answer-bar-fill"
        data-tint=${count === 1 ? "none" : (index % 5) + 1} width=${`${share * 100}%`} height="100%"></rect></svg>
      <span class="answer-count number">${t("{count} of {total}", { count, total: n })}</span>
    </li>`;
  }
}

function meter(value, label) {
  return html`<div><b>${value}</b><span>${label}</span></div>`;
}

customElements.define("answer-groups", AnswerGroups);
