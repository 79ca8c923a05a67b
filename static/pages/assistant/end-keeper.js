/** A box that scrolls and shows its end, unless its reader has scrolled away from it. */
export class EndKeeper {
  #box;
  #keeps = true;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    box.addEventListener("scroll", () => {
      this.#keeps = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    });
    new ResizeObserver(() => this.follow()).observe(box);
  }

  /** What is in the box has changed; `begin` where its reader wants the end again. */
  follow({ begin = false } = {}) {
    this.#keeps ||= begin;
    if (this.#keeps) this.#box.scrollTop = this.#box.scrollHeight;
  }
}
