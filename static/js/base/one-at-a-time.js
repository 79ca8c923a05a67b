/**
 * A question that is asked again and again, of whatever is newest: one runs, and the next begins when it has ended.
 * None is broken off, so answers come while one types, and what was wanted in between is skipped.
 */
export class OneAtATime {
  #ask;
  #wanted = false;
  #running = false;

  /** @param {() => Promise<void>} ask must not reject */
  constructor(ask) {
    this.#ask = ask;
  }

  /** Whether an answer is on its way. */
  get busy() {
    return this.#running;
  }

  /** Ask, now or when the question under way is answered. */
  async want() {
    this.#wanted = true;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#wanted) {
        this.#wanted = false;
        await this.#ask();
      }
    } finally {
      this.#running = false;
    }
  }
}
