// The different answers to one question, as bars with their counts, and how much they agree.

import { html, nothing } from "lit";
import { formatBits, formatChoices, formatCount, formatNumber, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { agreementOf, tintsOf } from "./figure.js";
import { tint } from "./tint.js";
import { hueAt, languageOf, markerAt } from "./view.js";
import { markerChip } from "./universe-marker.js";

const MOST = 16;

export class AnswerGroups extends PageElement {
  static properties = {
    figure: { attribute: false }, // null: nothing is drawn
    label: { type: String },
  };

  constructor() {
    super();
    this.figure = null;
    this.label = "";
  }

  get ready() {
    return this.figure !== null;
  }

  render() {
    const { tries, keys, bits } = this.figure;
    const agreement = agreementOf(tries);
    const tints = tintsOf(keys);
    const rest = agreement.groups.slice(MOST);
    return html`
      ${this.#meters(tries.length, agreement, bits)}
      <ol class="answer-groups" aria-label=${this.label || t("Answers")}>
        ${agreement.groups
          .slice(0, MOST)
          .map((group, index) => this.#group(group, index, tries.length, tints.get(group.key)))}
      </ol>
      ${rest.length > 0 ? html`<p class="small quiet">${t("and {n} more one-offs", { n: rest.length })}</p>` : nothing}
    `;
  }

  updated() {
    tint(this);
  }

  #meters(asked, { groups, largest, pairwise, semanticBits }, first) {
    const most = formatNumber(Math.log2(asked), 2);
    return html`<div class="counts agreement-meters">
      ${meter(formatCount(groups.length), t("different answers in {n} tries", { n: asked }))}
      ${meter(formatProbability(largest), t("gave the most common answer"))}
      ${meter(formatProbability(pairwise), t("of all pairs of tries agree"))}
      ${meter(formatBits(semanticBits, 2), t("semantic entropy, of at most {most}", { most }))}
      ${
        first === null
          ? nothing
          : meter(
              formatBits(first, 2),
              t("entropy of the first token: like {choices} equal choices", { choices: formatChoices(first) }),
            )
      }
    </div>`;
  }

  #group({ text, count, share }, index, asked, place) {
    return html`<li class="answer-group" data-hue=${hueAt(place)}>
      ${markerChip({ marker: markerAt(index), alone: count === 1 })}
      <span class="answer-text" lang=${languageOf(text)}>${text || t("(nothing)")}</span>
      <svg class="answer-bar" aria-hidden="true"><rect class="answer-bar-fill"
        width=${`${share * 100}%`} height="100%"></rect></svg>
      <span class="answer-count number">${t("{count} of {total}", { count, total: asked })}</span>
    </li>`;
  }
}

function meter(value, label) {
  return html`<div><b>${value}</b><span>${label}</span></div>`;
}

customElements.define("answer-groups", AnswerGroups);
