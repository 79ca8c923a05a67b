// One token of an answer, with and without the costume: how far its distribution moved, its ranks, and the tokens
// whose probability changed most.

import { html } from "lit";
import { formatBits, formatCount, formatProbability } from "../format.js";
import { t } from "../i18n.js";
import { PageElement } from "./page-element.js";
import { tokenText } from "./token-text.js";

export class CostumeMovers extends PageElement {
  static properties = {
    shift: { attribute: false }, // a `shift` part
    costume: { attribute: false }, // what the costume is called
  };

  constructor() {
    super();
    Object.assign(this, { shift: null, costume: "" });
  }

  get ready() {
    return this.shift !== null;
  }

  render() {
    const { token, kl_bits: bits, rank, bare_rank: bareRank, logprob, bare_logprob: bareLogprob } = this.shift;
    return html`<div class="card card-flat">
      <h3 class="card-title token-text" lang="en">${tokenText(token.bytes)}</h3>
      <p>${t("In “{costume}”, the distribution before this token moved by {bits} (KL).", { costume: this.costume, bits: formatBits(bits, 2) })}</p>
      <dl>
        <dt>${t("in the costume")}</dt><dd>${formatProbability(Math.exp(logprob))}, ${t("rank {rank}", { rank: formatCount(rank) })}</dd>
        <dt>${t("bare")}</dt><dd>${formatProbability(Math.exp(bareLogprob))}, ${t("rank {rank}", { rank: formatCount(bareRank) })}</dd>
      </dl>
      ${this.#movers()}
    </div>`;
  }

  #movers() {
    return html`<table class="movers">
      <caption>${t("Moved most")}</caption>
      <thead><tr><th scope="col">${t("token")}</th><th scope="col">${t("bare")}</th><th scope="col">${t("in the costume")}</th><th scope="col"><span class="visually-hidden">${t("change")}</span></th></tr></thead>
      <tbody>${this.shift.movers.map(
        ({ token, dressed, bare }) => html`<tr>
          <th scope="row" lang="en"><span class="token-text">${tokenText(token.bytes)}</span></th>
          <td>${formatProbability(bare)}</td><td>${formatProbability(dressed)}</td>
          <td class=${dressed > bare ? "mover-more" : "mover-less"}><span aria-hidden="true">${dressed > bare ? "▲" : "▼"}</span><span class="visually-hidden">${dressed > bare ? t("more") : t("less")}</span></td>
        </tr>`,
      )}</tbody>
    </table>`;
  }
}

customElements.define("costume-movers", CostumeMovers);
