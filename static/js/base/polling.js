/** Asks the server at intervals while the page is visible, for what the page shows of the server. */

export class Polling {
  #ask;
  #seconds;
  #timer = null;

  /** `ask()` is called between `seconds()` and twice that apart, so that a class never asks in step. */
  constructor(ask, seconds) {
    this.#ask = ask;
    this.#seconds = seconds;
  }

  /** Begin. A hidden page asks nothing; shown again, it asks at once. */
  start() {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.now();
      else clearTimeout(this.#timer);
    });
    this.later();
  }

  /** Ask at once, and go on from there. */
  async now() {
    clearTimeout(this.#timer);
    try {
      await this.#ask();
    } finally {
      this.later();
    }
  }

  /** Begin the pause anew, as long as it should be now. */
  later() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible") return;
    this.#timer = setTimeout(() => this.now(), this.#seconds() * (1 + Math.random()) * 1000);
  }
}
