/**
 * The state of one page: frozen data, replaced as a whole, announced by a `change` event.
 *
 * A store holds data (prompt, params, tokens, selection, status), never pixels.
 */
export class Store extends EventTarget {
  #state;

  constructor(state) {
    super();
    this.#state = Object.freeze({ ...state });
  }

  get state() {
    return this.#state;
  }

  /** Replace the named fields. Nothing is announced when every value is the same as before. */
  update(changes) {
    const previous = this.#state;
    if (Object.entries(changes).every(([key, value]) => Object.is(previous[key], value))) return;
    this.#state = Object.freeze({ ...previous, ...changes });
    this.dispatchEvent(new CustomEvent("change", { detail: { previous } }));
  }

  /**
   * Call `listener(state, previous)` now and after every change; pass a signal to end it.
   *
   * @param {(state: any, previous: any) => void} listener
   * @param {{ signal?: AbortSignal }} [options]
   */
  watch(listener, { signal } = {}) {
    const changed = (/** @type {CustomEvent} */ { detail }) => listener(this.#state, detail.previous);
    this.addEventListener("change", changed, { signal });
    listener(this.#state, this.#state);
  }
}
