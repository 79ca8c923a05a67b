// One token of an answer, with and without the costume: how far its distribution moved, its ranks, and the tokens
// whose probability changed most.

/** @import * as contract from "contract" */

import { html } from "lit";
import { formatBits, formatCount, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { tokenText } from "../../js/elements/token-text.js";

export class CostumeMovers extends PageElement {
  static properties = {
    shift: { attribute: false }, // a `shift` part
    costume: { attribute: false }, // what the costume is called
  };

  constructor() {
    super();
    /** @type {contract.assistant.Shift | null} */
    this.shift = null;
    this.costume = "";
  }

  get ready() {
    return this.shift !== null;
  }

  render() {
    const { token, kl_bits, rank, bare_rank: bareRank, logprob, bare_logprob: bareLogprob } = this.shift;
    const values = { costume: this.costume, bits: formatBits(kl_bits, 2) };
    return html`<div class="card card-flat">
      <h3 class="card-title token-text" lang="en">${tokenText(token.bytes)}</h3>
      <p>${t("In “{costume}”, the odds before this token moved by {bits} (KL).", values)}</p>
      <dl>
        <dt>${t("in the costume")}</dt><dd>${place(logprob, rank)}</dd>
        <dt>${t("bare")}</dt><dd>${place(bareLogprob, bareRank)}</dd>
      </dl>
      ${this.#movers()}
    </div>`;
  }

  #movers() {
    return html`<table class="movers">
      <caption>${t("Moved most")}</caption>
      <thead><tr><th scope="col">${t("token")}</th><th scope="col">${t("bare")}</th><th
        scope="col">${t("in the costume")}</th><th
        scope="col"><span class="visually-hidden">${t("change")}</span></th></tr></thead>
      <tbody>${this.shift.movers.map(
        ({ token, dressed, bare }) => html`<tr>
          <th scope="row" lang="en"><span class="token-text">${tokenText(token.bytes)}</span></th>
          <td>${formatProbability(bare)}</td><td>${formatProbability(dressed)}</td>
          ${change(dressed > bare)}
        </tr>`,
      )}</tbody>
    </table>`;
  }
}

function place(logprob, rank) {
  return `${formatProbability(Math.exp(logprob))}, ${t("rank {rank}", { rank: formatCount(rank) })}`;
}

function change(more) {
  return html`<td class=${more ? "mover-more" : "mover-less"}><span
    aria-hidden="true">${more ? "▲" : "▼"}</span><span
    class="visually-hidden">${more ? t("more") : t("less")}</span></td>`;
}

customElements.define("costume-movers", CostumeMovers);
