// One token where it stands: how likely it was, what it was picked from, and the ways not taken.

import { html, nothing } from "lit";
import { term } from "../../js/elements/glossary-term.js";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/probability-bars.js";
import { tokenText } from "../../js/elements/token-text.js";
import { spokenText } from "../../js/base/bytes.js";
import { formatBits, formatCount, formatProbability, formatRoll } from "../../js/base/format.js";
import { t, tParts } from "../../js/base/i18n.js";
import { impossibleUnder } from "./reach.js";
import { rowsOf } from "./step-numbers.js";
import { bitsOf } from "../../js/base/token-look.js";

const NAMES = { temperature: "Temperature", top_k: "Top-k", top_p: "Top-p", min_p: "Min-p" };

export class StepCard extends PageElement {
  static properties = {
    entry: { attribute: false }, // a token of the document
    index: { type: Number },
    vocabulary: { type: Number },
    params: { attribute: false }, // the settings as they are now: what they would do to a typed token
    scoring: { type: Boolean }, // its numbers are on their way
    unusual: { type: Boolean }, // tokenising the text would cut here differently
    followed: { type: Boolean }, // a person's text stands after it
    probe: { attribute: false }, // {token, raw_logprob, rank, more} a token someone typed, or null
    canWrite: { type: Boolean },
    go: { state: true },
    keep: { state: true },
  };

  constructor() {
    super();
    this.entry = null;
    this.index = -1;
    this.vocabulary = 0;
    this.params = null;
    this.scoring = false;
    this.unusual = false;
    this.followed = false;
    this.probe = null;
    this.canWrite = true;
    this.go = true;
    this.keep = false;
    this.alt = false; // whether Alt was held at the last click
  }

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener("click", (event) => (this.alt = event.altKey), { capture: true });
    this.addEventListener("row-picked", (event) => {
      event.stopPropagation();
      this.#take(event.detail.id);
    });
  }

  get ready() {
    return this.entry !== null || this.hasUpdated;
  }

  render() {
    if (this.entry === null || this.entry.draft !== undefined) {
      return html`<p class="quiet">${t("Hover over a token, or put the cursor behind one.")}</p>`;
    }
    const { entry } = this;
    const numbers = entry.step ?? entry.score ?? null;
    return html`
      <div class="step-head">
        <h2 class="card-title step-token" translate="no"><span
          class="token-text" role="img" aria-label=${spokenText(entry.bytes)}>${tokenText(entry.bytes)}</span></h2>
        <span class="step-by">${this.#author()}</span>
        <button type="button" class="button button-quiet button-small step-close"
          @click=${() => this.#tell("card-closed")}>${t("Close")}</button>
      </div>
      ${this.#facts(numbers)} ${numbers ? this.#ways() : nothing} ${this.#own()}
    `;
  }

  #author() {
    const { entry } = this;
    if (entry.by === "start") return t("starts every document");
    if (entry.by === "typed") return t("typed");
    return entry.chosen ? t("by the model, chosen by you") : t("by the model");
  }

  #facts(numbers) {
    const { entry } = this;
    const place = html`<dt>${t("id")}</dt><dd>${entry.id} · ${t("position {n}", { n: this.index })}</dd>`;
    if (!numbers) {
      const news = this.scoring ? t("Asking the model …") : t("No numbers for this token yet.");
      return html`<dl>${place}</dl><p class="quiet">${news}</p>`;
    }
    if (numbers.raw_logprob === null) {
      const reason = t("There is nothing before it, so the model expects nothing.");
      return html`<dl>${place}</dl><p class="quiet">${reason}</p>`;
    }
    const impossible = !entry.step && this.params ? impossibleUnder(this.params, numbers) : null;
    const expected = t("{bits} expected", { bits: formatBits(numbers.entropy_bits ?? 0) });
    return html`
      <dl>
        <dt>${t("model")}</dt>
        <dd>${formatProbability(Math.exp(numbers.raw_logprob))} · #${formatCount(numbers.rank)}</dd>
        ${entry.step ? html`<dt>${t("after sampling")}</dt><dd>${afterSampling(entry.step)}</dd>` : nothing}
        ${impossible ? this.#impossible(impossible) : nothing}
        <dt>${term("surprise")}</dt>
        <dd>${formatBits(bitsOf(entry))} · ${expected}</dd>
        ${entry.step ? this.#draw(entry.step) : nothing} ${place}
      </dl>
      ${entry.moved ? this.#moved() : nothing}
      ${this.unusual ? this.#unusual() : nothing}
    `;
  }

  #impossible({ name, value }) {
    const sentence = t("ruled out by {name} {value}", { name: t(NAMES[name]), value });
    return html`<dt>${t("after sampling")}</dt><dd class="step-impossible">${sentence}</dd>`;
  }

  #moved() {
    return html`<p class="small quiet">${t(
      "The text before it was changed later; these numbers are for the text as it is now.",
    )}</p>`;
  }

  #unusual() {
    return html`<p class="small quiet">${t(
      "≠ Cutting this text again would give other tokens here. The model wrote these, so they stay.",
    )}</p>`;
  }

  #draw(step) {
    if (step.u === null || step.u === undefined) return nothing;
    const greedy = step.kept === 1;
    return html`
      <dt>${term("roll")}</dt>
      <dd>${formatRoll(step.u)}${greedy ? ` · ${t("nothing to choose")}` : ""}</dd>
      <dt>${t("choices left")}</dt>
      <dd>${tParts("{kept} of {n} tokens", { kept: formatCount(step.kept), n: this.vocabulary })}</dd>
    `;
  }

  #ways() {
    const { rows, remainder, single } = rowsOf(this.entry, this.vocabulary);
    if (rows.length === 0) return nothing;
    return html`
      <probability-bars .rows=${rows} .remainder=${remainder} .picked=${this.entry.id}
        ?single=${single} ?pickable=${this.canWrite} .label=${t("What could have stood here")}></probability-bars>
      ${
        this.canWrite
          ? html`<div class="step-choices">
            <p class="small quiet">${t(
              "Click a token to take that path; the old one is kept under Branches. Alt-click only swaps the token.",
            )}</p>
            <label class="check small"><input type="checkbox" .checked=${this.go}
              @change=${(event) => (this.go = event.target.checked)} />${t("and continue")}</label>
            ${
              this.followed
                ? html`<label class="check small"><input type="checkbox" .checked=${this.keep}
                  @change=${(event) => (this.keep = event.target.checked)} />${t("keep the text after it")}</label>`
                : nothing
            }
          </div>`
          : nothing
      }
    `;
  }

  #own() {
    if (!this.canWrite || this.entry.by === "start") return nothing;
    return html`
      <form class="step-own" @submit=${this.#ask}>
        <label class="small" for="own-token">${t("Or type a token of your own, with its leading space")}</label>
        <div class="step-ask">
          <input class="field" id="own-token" name="text" autocomplete="off" spellcheck="false" maxlength="200" />
          <button type="submit" class="button button-small">${t("How likely?")}</button>
        </div>
        ${this.probe ? this.#probed() : nothing}
      </form>
    `;
  }

  #probed() {
    const { token, raw_logprob, rank, more } = this.probe;
    return html`<div class="step-probe small" role="status">
      <span><b class="number token-text" translate="no">${tokenText(token.bytes)}</b>
        <span class="number">${formatProbability(Math.exp(raw_logprob))} · #${formatCount(rank)}</span>
        ${
          more > 0 ? html`<span class="quiet">${t("(the first of {n} tokens)", { n: more + 1 })}</span>` : nothing
        }</span>
      <button type="button" class="button button-small"
        @click=${() => this.#choose(token)}>${t("Branch with it")}</button>
    </div>`;
  }

  #ask(event) {
    event.preventDefault();
    const text = new FormData(event.target).get("text");
    if (text !== "") this.#tell("own-token-asked", { index: this.index, text });
  }

  #take(id) {
    const { step, score } = this.entry;
    const one = [...(step?.top ?? []), ...(score?.top ?? [])].find((alternative) => alternative.id === id);
    this.#choose(one ?? { id, bytes: this.entry.bytes });
  }

  #choose(token) {
    const go = this.alt ? !this.go : this.go;
    this.#tell("alternative-chosen", {
      index: this.index,
      token,
      go: go && !(this.followed && this.keep),
      keep: this.followed && this.keep,
    });
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

/** A person may have chosen what the settings had cut. */
function afterSampling({ processed_logprob }) {
  return processed_logprob === null
    ? `${formatProbability(0)} (${t("cut")})`
    : formatProbability(Math.exp(processed_logprob));
}

customElements.define("step-card", StepCard);
