/** Of several answers under way only the newest counts: each run has a number, and an older one is dropped. */
export class Latest {
  #number = 0;
  #controller = null;

  /** Runs `task(signal)`; resolves to its value, or to undefined when a newer run (or `cancel`) came between. */
  async run(task) {
    this.cancel();
    const number = this.#number;
    this.#controller = new AbortController();
    try {
      const value = await task(this.#controller.signal);
      return number === this.#number ? value : undefined;
    } catch (error) {
      if (number !== this.#number) return undefined;
      throw error;
    }
  }

  /** What is under way no longer counts. */
  cancel() {
    this.#number += 1;
    this.#controller?.abort();
  }
}
