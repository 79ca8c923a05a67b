/**
 * <token-tax>: the same text in several languages, and what each pays in tokens.
 * Property: `rows` [{code, name, text, tokens, bytes}]; the first row is the measure.
 * Event: `language-picked {code, text}`.
 */

import { html } from "lit";
import { formatCount, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { taxed } from "./tax.js";
import { PageElement } from "../../js/elements/page-element.js";

export class TokenTax extends PageElement {
  static properties = { rows: { attribute: false } };

  constructor() {
    super();
    this.rows = undefined;
  }

  get ready() {
    return this.rows !== undefined;
  }

  render() {
    return html`<table class="tax">
      <caption class="visually-hidden">${t("One text in ten languages")}</caption>
      <thead><tr>
        <th scope="col">${t("language")}</th><th scope="col" class="tax-figure">${t("token count")}</th>
        <th scope="col" class="tax-axis"><span class="visually-hidden">${t("as a bar")}</span></th>
        <th scope="col" class="tax-figure">${t("bytes/token")}</th><th
          scope="col" class="tax-figure">${t("against English")}</th>
      </tr></thead>
      <tbody>${taxed(this.rows).map((row) => this.#row(row))}</tbody>
    </table>`;
  }

  #row({ code, name, text, tokens, bytesPerToken, ratio, share }) {
    return html`<tr>
      <th scope="row">
        <button type="button" class="tax-language" @click=${() => this.#pick(code, text)}>${t(name)}</button>
        <span class="tax-text" lang=${code} dir="auto">${text}</span>
      </th>
      <td class="tax-figure">${formatCount(tokens)}</td>
      <td class="tax-axis">
        <svg class="tax-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect
          width=${share} height="10"></rect></svg>
      </td>
      <td class="tax-figure">${formatNumber(bytesPerToken, 1)}</td>
      <td class="tax-figure">${t("{ratio} ×", { ratio: formatNumber(ratio, 1) })}</td>
    </tr>`;
  }

  #pick(code, text) {
    this.dispatchEvent(new CustomEvent("language-picked", { bubbles: true, detail: { code, text } }));
  }
}

customElements.define("token-tax", TokenTax);
