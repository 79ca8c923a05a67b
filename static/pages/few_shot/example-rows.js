/**
 * <example-rows>: rows of input and output, to be added, removed, changed and moved.
 *
 * Properties: `rows` ([[input, output], ...]), `names` (what the two halves are called), `label` (of the list), `add`
 * (text of the button), `most`, `least` (how many rows there may be), `shown` (rows from here on are marked as not
 * shown to the model), `longest` (characters), `verdicts` (what came of each row: {greedy, right} or null).
 * Event: `rows-changed {rows}`. Alt with an arrow key moves the row one is in.
 */

import { html, live, nothing } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

export class ExampleRows extends PageElement {
  static properties = {
    rows: { attribute: false },
    names: { attribute: false },
    label: { attribute: false },
    add: { attribute: false },
    most: { attribute: false },
    least: { attribute: false },
    shown: { attribute: false },
    longest: { attribute: false },
    verdicts: { attribute: false },
  };

  constructor() {
    super();
    this.rows = null;
    this.names = ["", ""];
    this.label = "";
    this.add = "";
    this.most = 32;
    this.least = 0;
    this.shown = Infinity;
    this.longest = 200;
    this.verdicts = [];
  }

  get ready() {
    return this.rows !== null; // until then the server's rows stay
  }

  render() {
    return html`
      <ol class="example-rows" aria-label=${this.label}>${this.rows.map((row, index) => this.#row(row, index))}</ol>
      <button type="button" class="button button-small" ?disabled=${this.rows.length >= this.most}
        @click=${this.#append}>${this.add}</button>
    `;
  }

  #row(row, index) {
    const n = index + 1;
    const hidden = index >= this.shown;
    const last = this.rows.length - 1;
    const fixed = this.rows.length <= this.least;
    return html`<li class=${`example-row ${hidden ? "is-hidden" : ""}`}
      @keydown=${(event) => this.#pressed(event, index)}>
      <span class="example-number">${n}</span>
      ${row.map((text, half) => this.#input(text, half, index))}
      <span class="example-tools">
        ${this.#tool("↑", t("Move row {n} up", { n }), index === 0, () => this.#move(index, -1, "up"), "up")}
        ${this.#tool("↓", t("Move row {n} down", { n }), index === last, () => this.#move(index, 1, "down"), "down")}
        ${this.#tool("×", t("Remove row {n}", { n }), fixed, () => this.#remove(index), "remove")}
      </span>
      ${this.verdicts[index] ? verdict(this.verdicts[index]) : nothing}
      ${hidden ? html`<span class="visually-hidden">${t("not shown to the model")}</span>` : nothing}
    </li>`;
  }

  #input(text, half, index) {
    const name = this.names[half];
    return html`<input class="field" type="text" autocomplete="off" spellcheck="false" maxlength=${this.longest}
      placeholder=${name} aria-label=${t("{name}, row {n}", { name, n: index + 1 })} .value=${live(text)}
      @input=${({ target }) => this.#edit(index, half, target.value)}>`;
  }

  #tool(sign, label, disabled, act, name) {
    return html`<button type="button" class="button button-quiet button-small" data-tool=${name}
      aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>${sign}</button>`;
  }

  #pressed(event, index) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || step === undefined) return;
    event.preventDefault();
    const half = [...event.currentTarget.querySelectorAll("input")].indexOf(event.target);
    this.#move(index, step, half);
  }

  #edit(index, half, text) {
    this.#tell(this.rows.map((row, i) => (i === index ? row.with(half, text) : row)));
  }

  #append() {
    this.#tell([...this.rows, ["", ""]]);
    this.#focus(this.rows.length - 1, 0);
  }

  #remove(index) {
    this.#tell(this.rows.filter((_, i) => i !== index));
    this.#focus(Math.min(index, this.rows.length - 1), "remove");
  }

  #move(index, step, focus) {
    const target = index + step;
    if (target < 0 || target >= this.rows.length) return;
    const rows = this.rows.with(target, this.rows[index]).with(index, this.rows[target]);
    this.#tell(rows);
    this.#focus(target, focus);
  }

  #tell(rows) {
    this.rows = rows;
    this.dispatchEvent(new CustomEvent("rows-changed", { detail: { rows }, bubbles: true }));
  }

  /** @returns {HTMLButtonElement} */
  get #adder() {
    return this.querySelector(":scope > button");
  }

  /** Back to where the hands were: an input (0 or 1) or a button of the row's new place. */
  async #focus(index, place) {
    await this.updateComplete;
    const row = this.querySelectorAll(".example-row")[index];
    if (!row) {
      this.#adder.focus();
      return;
    }
    const inputs = row.querySelectorAll("input");
    const tools = [...row.querySelectorAll("button")].filter((tool) => !tool.disabled);
    (inputs[place] ?? tools.find((tool) => tool.dataset.tool === place) ?? tools[0] ?? inputs[0]).focus();
  }
}

function verdict({ greedy, right }) {
  return html`<p class=${`example-verdict ${right ? "is-right" : "is-wrong"}`}>${t("The model writes:")} <span
    class="few-greedy" lang="">${greedy.trim() || t("(nothing)")}</span> <b>${right ? t("✓ right") : t("✗ wrong")}</b></p>`;
}

customElements.define("example-rows", ExampleRows);
