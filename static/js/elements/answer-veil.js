/**
 * <answer-veil answers="words">: what would give the answer of <predict-reveal id="predict-words"> away. It keeps its
 * size and its place but is not shown until the question was answered, was skipped, or the page brings a state along.
 * The server renders it (partials/_predict.html, `veil`), css/answer-veil.css hides it: without scripts nothing is
 * hidden. A lifted veil stays lifted until the page is left; nothing is remembered.
 *
 * Attributes: `lifted`; `idle` (what stands there just now is not the answer: another preset's figure).
 * A page with several figures says which it shows by `needVeils`, and lifts by `liftVeils` what is run here anyway.
 */

import { bringsState, packOpen, startsCovered, unpackOpen } from "../base/veils.js";

const KEPT = "open-questions"; // in sessionStorage, from one language to the other and no longer

export class AnswerVeil extends HTMLElement {
  static observedAttributes = ["lifted", "idle"];

  #listeners = null;

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    document.addEventListener("predicted", (event) => this.#answered(event), { signal });
    addEventListener("hashchange", () => bringsState(location.hash) && this.lift(), { signal });
    this.querySelector(":scope > .veil button")?.addEventListener("click", () => this.#skipped(), { signal });
    if (!startsCovered(this.question, { hash: location.hash, open: stillOpen })) this.lift();
    this.#cover();
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#cover();
  }

  get question() {
    return this.getAttribute("answers");
  }

  /** Whether the figure is hidden now. */
  get covers() {
    return !this.hasAttribute("lifted") && !this.hasAttribute("idle");
  }

  lift() {
    this.toggleAttribute("lifted", true);
  }

  #answered(event) {
    if (event.target.id === `predict-${this.question}`) this.lift();
  }

  /** The button goes with the veil; the keyboard goes on from what was under it. */
  #skipped() {
    liftVeils(this.question);
    this.tabIndex = -1;
    this.focus({ preventScroll: true });
  }

  /** The style sheet hides; `inert` also keeps keyboard and screen readers out of what is left to see, such as axes. */
  #cover() {
    for (const child of this.children)
      child.toggleAttribute("inert", child.classList.contains("veil") ? !this.covers : this.covers);
  }
}

/** @returns {NodeListOf<AnswerVeil>} */
const veilsOf = (question) => document.querySelectorAll(`answer-veil[answers="${CSS.escape(question)}"]`);

/** Show what a question asks for, wherever the page shows it. */
export function liftVeils(question) {
  for (const veil of veilsOf(question)) veil.lift();
}

/** Whether what the page shows now answers the question. */
export function needVeils(question, needed) {
  for (const veil of veilsOf(question)) veil.toggleAttribute("idle", !needed);
}

/** Whether the answer is hidden now; then it must not be spoken either. */
export function isVeiled(question) {
  return [...veilsOf(question)].some((veil) => veil.covers);
}

/** Storage may be blocked; then a change of language shows the answers. */
function take() {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return kept;
  } catch {
    return null;
  }
}

function keep() {
  const open = [...document.querySelectorAll("answer-veil")].filter((veil) => !veil.hasAttribute("lifted"));
  try {
    sessionStorage.setItem(KEPT, packOpen(location.pathname, [...new Set(open.map(({ question }) => question))]));
  } catch {
    return;
  }
}

const stillOpen = unpackOpen(take(), location.pathname);
document.addEventListener("click", ({ target }) => {
  if (/** @type {Element} */ (target).closest("[data-language-switch]")) keep();
});
customElements.define("answer-veil", AnswerVeil);
