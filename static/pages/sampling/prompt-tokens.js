// The token ids that the model gets, in a line of quiet chips under the prompt.

import { html, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import { tokenText } from "../../js/elements/token-text.js";

const MOST = 24;

export class PromptTokens extends PageElement {
  static properties = {
    tokens: { attribute: false }, // [{id, bytes, special}]
  };

  constructor() {
    super();
    this.tokens = null;
  }

  get ready() {
    return this.tokens !== null;
  }

  render() {
    const hidden = Math.max(0, this.tokens.length - MOST);
    return html`
      <span class="prompt-tokens-count">${t("The model gets {n} tokens:", { n: this.tokens.length })}</span>
      <ol class="prompt-tokens">
        ${hidden > 0 ? html`<li class="prompt-tokens-more">${t("{n} more …", { n: hidden })}</li>` : nothing}
        ${this.tokens.slice(hidden).map(
          ({ id, bytes, special }) =>
            html`<li class=${special ? "is-special" : ""}><span translate="no">${tokenText(bytes)}</span><small
                >${id}</small></li>`,
        )}
      </ol>
    `;
  }
}

customElements.define("prompt-tokens", PromptTokens);
