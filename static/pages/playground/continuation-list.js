// Several continuations of one prompt, side by side, while they are written and after.

import { html, nothing } from "lit";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class ContinuationList extends PageElement {
  static properties = {
    rows: { attribute: false }, // [{text, count, tokens, finish, current}]
    total: { type: Number }, // continuations before identical ones were merged
  };

  constructor() {
    super();
    this.rows = [];
    this.total = 0;
  }

  render() {
    if (this.rows.length === 0) return nothing;
    return html`<ol class="continuations">${this.rows.map((row, index) => this.#row(row, index))}</ol>`;
  }

  #row({ text, count, tokens, finish, current }, index) {
    const n = index + 1;
    return html`
      <li class="continuation" ?data-current=${current}>
        <p class="continuation-text">${text || "\u00a0"}</p>
        <p class="continuation-foot small quiet">
          <button type="button" class="button button-small"
            aria-pressed=${current ? "true" : "false"} ?disabled=${!finish}
            aria-label=${current ? t("Continuation {n}, in the document", { n }) : t("Take continuation {n}", { n })}
            @click=${() => this.#choose(index)}>${current ? t("In the document") : t("Take this one")}</button>
          <span class="number">${formatCount(tokens)}</span> ${finish || t("writing …")}
          ${count > 1 ? html`<strong>${t("{count} of {total} agree", { count, total: this.total })}</strong>` : nothing}
        </p>
      </li>
    `;
  }

  #choose(index) {
    this.dispatchEvent(new CustomEvent("continuation-chosen", { bubbles: true, detail: { index } }));
  }
}

customElements.define("continuation-list", ContinuationList);
