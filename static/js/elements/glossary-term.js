import { html } from "lit";
import { meaningOf } from "../base/i18n.js";

const EDGE = 8; // px between a meaning and the edge of the window

let filled = 0;

/**
 * A word of templates/locales/glossary.json, for what lit draws: its meaning comes on hover, focus and tap.
 * Templates have a function of the same name. Example: html`<p>${term(key)}</p>`.
 */
export function term(key) {
  return html`<glossary-term key=${key}></glossary-term>`;
}

/**
 * <glossary-term>: what the server wrote (app/routes/glossary.py), or with `key` the same, made here. The meaning lies
 * in the top layer, so nothing moves when it comes. It goes with the pointer or the focus, with Escape, with a press
 * elsewhere and with scrolling. Without scripts a press shows it.
 */
class GlossaryTerm extends HTMLElement {
  #shown = null; // an AbortController, while the meaning is there

  connectedCallback() {
    if (this.childElementCount === 0) this.#fill(this.getAttribute("key"));
    this.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.#show());
    this.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && this.#hide());
    this.addEventListener("focusin", () => this.#word.matches(":focus-visible") && this.#show());
    this.addEventListener("focusout", () => this.#hide());
    this.#word.addEventListener("click", (event) => {
      event.preventDefault();
      this.#show();
    });
  }

  disconnectedCallback() {
    this.#shown?.abort();
    this.#shown = null;
  }

  /** @returns {HTMLButtonElement} */
  get #word() {
    return this.querySelector(".term-word");
  }

  /** @returns {HTMLElement} */
  get #meaning() {
    return this.querySelector(".term-meaning");
  }

  #fill(key) {
    const { word, meaning } = meaningOf(key);
    filled += 1;
    const id = `term-drawn-${filled}`;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "term-word" });
    button.textContent = word;
    button.setAttribute("aria-describedby", id);
    const definition = document.createElement("dfn");
    definition.append(button);
    const box = Object.assign(document.createElement("span"), { id, className: "term-meaning", popover: "manual" });
    box.textContent = meaning;
    box.setAttribute("role", "tooltip");
    this.append(definition, box);
  }

  #show() {
    if (this.#shown !== null) return;
    this.#shown = new AbortController();
    const { signal } = this.#shown;
    this.#meaning.showPopover();
    this.#place();
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide(), { signal });
    document.addEventListener(
      "pointerdown",
      ({ target }) => this.contains(/** @type {Node} */ (target)) || this.#hide(),
      { signal },
    );
    document.addEventListener("scroll", () => this.#hide(), { signal, capture: true });
  }

  #hide() {
    this.#shown?.abort();
    this.#shown = null;
    this.#meaning.hidePopover();
  }

  /** Under the word, or over it where there is no room; always whole in the window. */
  #place() {
    const { left, top, bottom } = this.#word.getBoundingClientRect();
    const { width, height } = this.#meaning.getBoundingClientRect();
    const most = document.documentElement.clientWidth - width - EDGE;
    const below = bottom + height + EDGE <= innerHeight;
    this.#meaning.style.left = `${Math.max(EDGE, Math.min(left, most))}px`;
    this.#meaning.style.top = `${below ? bottom : Math.max(0, top - height)}px`;
  }
}

customElements.define("glossary-term", GlossaryTerm);
