// Two continuations of one prompt with the same dice: only the settings differ, so only they can make a difference.

import { html, nothing } from "lit";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/sampling-controls.js";
import { tokenText } from "../../js/elements/token-text.js";
import { decodeVisibly } from "../../js/base/utf8.js";
import { hexToBytes } from "../../js/base/bytes.js";
import { formatProbability, formatRoll } from "../../js/base/format.js";
import { t, tParts } from "../../js/base/i18n.js";
import { CONTROLS } from "../../js/base/sampling-params.js";
import { intervalOf } from "./step-numbers.js";

const SETTINGS = Object.keys(CONTROLS);

export class ComparePanes extends PageElement {
  static properties = {
    sides: { attribute: false }, // two of {params, steps, reason}
    vocabulary: { type: Number },
    prompt: { type: String }, // the last words of what both continue
    seed: { attribute: false },
    running: { type: Boolean },
    differs: { attribute: false }, // index of the first differing token; -1 none; null not known yet
  };

  constructor() {
    super();
    this.sides = null;
    this.vocabulary = 0;
    this.prompt = "";
    this.seed = null;
    this.running = false;
    this.differs = null;
  }

  get ready() {
    return this.sides !== null;
  }

  render() {
    const [a, b] = this.sides.map(({ params }) => params);
    return html`
      <p class="small quiet">${this.#task()}</p>
      <div class="row">
        ${
          this.running
            ? html`<button type="button" class="button"
              @click=${() => this.#tell("compare-stopped")}>${t("Stop both")}</button>`
            : html`<button type="button" class="button button-primary"
              @click=${() => this.#tell("compare-asked")}>${t("Run both")}</button>`
        }
        <button type="button" class="button" ?disabled=${this.running}
          @click=${() => this.#set([b, a])}>${t("Swap A and B")}</button>
        <button type="button" class="button" ?disabled=${this.running}
          @click=${() => this.#set([a, a])}>${t("Copy A to B")}</button>
      </div>
      ${this.#verdict()}
      <div class="compare-panes">${this.sides.map((side, i) => this.#pane(side, i))}</div>
    `;
  }

  #task() {
    const prompt = html`<b class="token-text" translate="no">… ${this.prompt}</b>`;
    const dice = html` · ${t("seed {seed}, the same dice", { seed: String(this.seed) })}`;
    return html`${tParts("Both continue {prompt}", { prompt })}${this.seed === null ? nothing : dice}`;
  }

  #pane(side, i) {
    const name = "AB"[i];
    return html`
      <section class="compare-pane" aria-labelledby=${`compare-${name}`}>
        <h3 id=${`compare-${name}`} translate="no">${name}</h3>
        <sampling-controls .params=${side.params} .shown=${SETTINGS} .vocabulary=${this.vocabulary}
          @params-changed=${(event) => {
            event.stopPropagation();
            this.#set(this.sides.map(({ params }, j) => (j === i ? event.detail.params : params)));
          }}></sampling-controls>
        <p class="compare-text" translate="no" aria-live="off"
          >${side.steps.map((step, at) => this.#token(step, at))}</p>
        <button type="button" class="button button-small" ?disabled=${this.running || side.steps.length === 0}
          @click=${() => this.#tell("compare-taken", { side: i })}
          >${t("Take {name} into the document", { name })}</button>
      </section>
    `;
  }

  #token(step, at) {
    const text = decodeVisibly(hexToBytes(step.bytes));
    const after = this.differs !== null && this.differs >= 0 && at > this.differs;
    return html`<span class="document-token by-model" ?data-differs=${at === this.differs} ?data-after=${after}
      >${text}</span>`;
  }

  #verdict() {
    if (this.differs === null) return nothing;
    if (this.differs === -1)
      return html`<p class="compare-verdict" role="status">${t("No difference: the same tokens on both sides.")}</p>`;
    const [a, b] = this.sides.map(({ steps }) => steps[this.differs]);
    if (!a || !b)
      return html`<p class="compare-verdict" role="status">${t("The same up to token {n}, where one side ended.", {
        n: this.differs + 1,
      })}</p>`;
    return html`<p class="compare-verdict" role="status">
      ${tParts("They part at token {n}. Both rolled {u}: in A that lands on {a}, in B on {b}.", {
        n: this.differs + 1,
        u: html`<b class="number">${formatRoll(a.u)}</b>`,
        a: this.#landing(a),
        b: this.#landing(b),
      })}
    </p>`;
  }

  #landing(step) {
    const interval = intervalOf(step);
    const where = interval
      ? ` ${formatProbability(interval.from)} – ${formatProbability(interval.to)}`
      : ` #${step.rank}`;
    return html`<b class="token-text" translate="no">${tokenText(step.bytes)}</b><span
      class="number">${where}</span>`;
  }

  #set(params) {
    this.#tell("compare-changed", { params });
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

customElements.define("compare-panes", ComparePanes);
