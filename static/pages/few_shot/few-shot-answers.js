/**
 * <few-shot-answers>: each held-out question with the probability of its right answer and what the model writes.
 *
 * Properties: `rows` ([{question, expected, probability|null, share|null, greedy|null, right}]), `selected` (index).
 * Event: `question-picked {index}`.
 */

import { html, nothing } from "lit";
import { formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class FewShotAnswers extends PageElement {
  static properties = {
    rows: { attribute: false },
    selected: { attribute: false },
  };

  constructor() {
    super();
    this.rows = null;
    this.selected = 0;
  }

  get ready() {
    return this.rows !== null; // until then the server's table stays
  }

  render() {
    const shares = this.rows.some(({ share }) => share !== null);
    return html`
      <table class="few-answers">
        <caption class="visually-hidden">${t(
          "Each question, the probability of its right answer, and what the model writes",
        )}</caption>
        <thead>
          <tr>
            <th scope="col">${t("question")}</th>
            <th scope="col">${t("right answer")}</th>
            <th scope="col" class="few-number">${t("probability")}</th>
            ${shares ? html`<th scope="col" class="few-number">${t("against the options")}</th>` : nothing}
            <th scope="col">${t("the model writes")}</th>
          </tr>
        </thead>
        <tbody>${this.rows.map((row, index) => this.#row(row, index, shares))}</tbody>
      </table>
    `;
  }

  #row({ question, expected, probability, share, greedy, right }, index, shares) {
    const number = (p) => (p === null ? "–" : formatProbability(p));
    return html`<tr class=${index === this.selected ? "is-selected" : ""}>
      <th scope="row"><button type="button" class="few-question" lang=""
        aria-pressed=${index === this.selected} @click=${() => this.#pick(index)}>${question || "…"}</button></th>
      <td lang="">${expected || "…"}</td>
      <td class="few-number">${number(probability)}</td>
      ${shares ? html`<td class="few-number">${number(share)}</td>` : nothing}
      <td>${greedy === null ? "–" : verdict(greedy, right)}</td>
    </tr>`;
  }

  #pick(index) {
    this.dispatchEvent(new CustomEvent("question-picked", { detail: { index }, bubbles: true }));
  }
}

function verdict(greedy, right) {
  return html`<span class="few-greedy" lang="">${greedy.trim() || t("(nothing)")}</span> <span
    class=${`few-verdict ${right ? "is-right" : "is-wrong"}`}>${right ? t("✓ right") : t("✗ wrong")}</span>`;
}

customElements.define("few-shot-answers", FewShotAnswers);
