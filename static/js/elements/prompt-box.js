// The text a person types and the dice continue: a text area, and behind it a mirror that tints what a model wrote.

import { PageElement } from "./page-element.js";

export class PromptBox extends PageElement {
  #mirror = document.createElement("div");
  #area = null;

  connectedCallback() {
    super.connectedCallback();
    if (this.#area !== null) return;
    this.#area = this.querySelector("textarea");
    this.#mirror.className = "prompt-mirror";
    this.#mirror.setAttribute("aria-hidden", "true");
    this.#mirror.translate = false;
    this.prepend(this.#mirror);
    this.show(this.#area.value);
  }

  /** It was drawn by the server, and stays: only its mirror is this element's. */
  get ready() {
    return false;
  }

  /** @returns {HTMLTextAreaElement} */
  get area() {
    return this.#area;
  }

  /**
   * Show a text. `written` are the parts [start, end) of it that a model wrote; from `landing` on it has its room
   * already but is not to be read yet, because a word is still on its way there.
   *
   * @param {string} text
   * @param {[number, number][]} [written]
   * @param {number} [landing]
   */
  show(text, written = [], landing = text.length) {
    const visible = text.slice(0, landing);
    if (this.#area.value !== visible) this.#area.value = visible;
    const parts = [];
    let at = 0;
    for (const [start, end] of written) {
      parts.push(text.slice(at, start), byModel(text.slice(start, end)));
      at = end;
    }
    this.#mirror.replaceChildren(...parts, `${text.slice(at)}\u200b`); // keeps the room of a last empty line
    this.scrollTop = this.scrollHeight;
  }

  /** Where the last words of a model stand on the screen. */
  get lastWritten() {
    return [...this.#mirror.querySelectorAll("span")].at(-1)?.getBoundingClientRect();
  }
}

function byModel(text) {
  const span = document.createElement("span");
  span.className = "by-model";
  span.textContent = text;
  return span;
}

customElements.define("prompt-box", PromptBox);
