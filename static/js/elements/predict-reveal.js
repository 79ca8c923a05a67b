// One question, to be answered before the answer is shown. The server renders all of it (partials/_predict.html)
// and without scripts it is a form to tick and a <details> to open; this element asks for the guess first and says
// how near it came. Nothing is remembered between visits.

import { formatNumber } from "../base/format.js";
import { t } from "../base/i18n.js";
import { judge } from "../base/prediction.js";

const decimals = (step) => (String(step).split(".")[1] ?? "").length;

export class PredictReveal extends HTMLElement {
  #live = null;
  #choice = null;
  #listeners = null;
  #measured = []; // nodes: the server may have put tokens into the sentence
  #source = "";

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.form.reset();
    this.form.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.form.addEventListener("input", () => this.#chosen(), { signal });
    this.slider?.addEventListener("pointerup", () => this.#chosen(), { signal }); // where it stands is a guess, too
    this.summary.addEventListener("click", (event) => this.#asked(event), { signal });
    if (!this.#measured.length) this.#measured = [...this.querySelector(".predict-measured").childNodes];
    this.#source = this.querySelector(".predict-source").textContent;
    this.#setOpen(false);
    this.#offer();
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  get form() {
    return this.querySelector("form");
  }

  get details() {
    return this.querySelector("details");
  }

  get summary() {
    return this.querySelector("summary");
  }

  /** @returns {HTMLInputElement | null} */
  get slider() {
    return this.querySelector("input[type=range]");
  }

  get #options() {
    return this.querySelectorAll(".predict-option");
  }

  /** What the loaded model gave instead: `{answer, measured, model}`, or null for the measured answer. */
  set live(live) {
    this.#live = live;
    if (this.isConnected && this.details.open) this.#reveal();
  }

  get live() {
    return this.#live;
  }

  /** The answer that guesses are held against. */
  get answer() {
    return String(this.#live?.answer ?? this.dataset.answer);
  }

  #value() {
    if (this.slider) return this.slider.value;
    /** @type {HTMLInputElement | null} */
    const checked = this.form.querySelector(":checked");
    return checked?.value ?? null;
  }

  #chosen() {
    this.#choice = this.#value();
    if (this.slider) this.querySelector("output").textContent = this.#written(this.#choice);
    this.#offer();
  }

  #offer() {
    const waiting = this.#choice === null && !this.details.open;
    this.summary.setAttribute("aria-disabled", String(waiting));
    this.summary.textContent = this.details.open ? t("Guess again") : t("Reveal");
    /** @type {HTMLElement} */
    const hint = this.querySelector(".predict-hint");
    hint.textContent = this.slider
      ? t("Move the slider to your guess first.")
      : t("Choose first; then the answer shows.");
    hint.hidden = !waiting;
  }

  #submitted(event) {
    event.preventDefault();
    if (!this.details.open && this.#choice !== null) this.#open();
  }

  #asked(event) {
    event.preventDefault();
    if (this.details.open) this.#again();
    else if (this.#choice !== null) this.#open();
    else this.form.querySelector("input").focus();
  }

  #open() {
    this.#setOpen(true);
    const verdict = this.#reveal();
    const detail = { choice: this.slider ? Number(this.#choice) : this.#choice, verdict };
    this.dispatchEvent(new CustomEvent("predicted", { bubbles: true, detail }));
  }

  #again() {
    this.#choice = null;
    this.form.reset();
    if (this.slider) this.querySelector("output").textContent = "";
    this.#setOpen(false);
    this.querySelector(".predict-verdict").textContent = "";
    for (const option of this.#options) option.removeAttribute("data-is");
    this.#offer();
  }

  #setOpen(open) {
    this.details.open = open;
    this.form.querySelector("fieldset").disabled = open;
    this.toggleAttribute("data-open", open);
  }

  #reveal() {
    const { answer } = this;
    const { close, rightWithin, closeWithin } = this.dataset;
    const verdict = judge(this.#choice, answer, {
      close: this.#live === null ? (close ?? "").split("|") : [],
      rightWithin: rightWithin === undefined ? null : Number(rightWithin),
      closeWithin: Number(closeWithin),
    });
    this.dataset.verdict = verdict;
    this.querySelector(".predict-measured").replaceChildren(...(this.#live ? [this.#live.measured] : this.#measured));
    this.querySelector(".predict-source").textContent = this.#live
      ? t("Computed here just now with {model}", { model: this.#live.model })
      : this.#source;
    this.#mark(answer);
    this.querySelector(".predict-verdict").textContent = this.#sentence(verdict, answer);
    this.#offer();
    return verdict;
  }

  #sentence(verdict, answer) {
    const values = { guess: this.#written(this.#choice), answer: this.#written(answer) };
    if (verdict === "right") return t("Right. You said {guess}; the model: {answer}.", values);
    if (verdict === "close") return t("Close. You said {guess}; the model: {answer}.", values);
    return t("Not this time. You said {guess}; the model: {answer}.", values);
  }

  #mark(answer) {
    for (const option of this.#options) {
      const { value } = option.querySelector("input");
      const is = [value === answer && "answer", value === this.#choice && "guess"].filter(Boolean).join(" ");
      if (is) option.setAttribute("data-is", is);
      else option.removeAttribute("data-is");
    }
    if (this.slider) this.#placeMarks(answer);
  }

  #placeMarks(answer) {
    const min = Number(this.slider.min);
    const max = Number(this.slider.max);
    const share = (value) => String(Math.max(0, Math.min(1, (Number(value) - min) / (max - min))));
    this.style.setProperty("--guess", share(this.#choice));
    this.style.setProperty("--answer", share(answer));
  }

  #written(value) {
    if (!this.slider) {
      const input = [...this.form.querySelectorAll("input")].find((one) => one.value === value);
      return input ? input.closest("label").querySelector(".predict-label").textContent.trim() : value;
    }
    const { step, dataset } = this.slider;
    const number = formatNumber(Number(value), Math.max(decimals(step), Number.isInteger(Number(value)) ? 0 : 1));
    return dataset.unit ? `${number} ${dataset.unit}` : number;
  }
}

customElements.define("predict-reveal", PredictReveal);
