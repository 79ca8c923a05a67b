/**
 * Which model runs, which could, and how far a load has come: `GET /api/models`, kept fresh. One for all
 * of a page; a `change` event follows every news.
 */

import { ApiError, getJson, postJson } from "./api.js";
import { Polling } from "./polling.js";

const BUSY_SECONDS = 1;
const CALM_SECONDS = 20;

export class Models extends EventTarget {
  #state;
  #offline = false;
  #problem = null;
  #polling = new Polling(
    () => this.#ask(),
    () => this.#pause(),
  );

  constructor(state) {
    super();
    this.#state = state;
  }

  /** The last answer of `GET /api/models`. */
  get state() {
    return this.#state;
  }

  /** Whether a model is loaded and answers. */
  get ready() {
    return !this.#offline && this.#state.loaded !== null;
  }

  /** Whether the server did not answer the last time. */
  get offline() {
    return this.#offline;
  }

  /** Why the last wish to load could not even be begun: an ApiError, or null. */
  get problem() {
    return this.#problem;
  }

  /** Begin to ask: often while a model loads, seldom otherwise, not at all while the page is hidden. */
  start() {
    this.#polling.start();
  }

  /** Ask at once. */
  refresh() {
    return this.#polling.now();
  }

  /**
   * Ask for another model. The running one stays until the new one is ready.
   *
   * @param {string} name
   */
  async load(name) {
    this.#problem = null;
    try {
      this.#take(await postJson("/api/models/load", { name }), false);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#problem = error;
      this.dispatchEvent(new Event("change"));
    }
    this.#polling.later();
  }

  /**
   * Resolves as soon as a model answers.
   *
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<void>}
   */
  untilReady({ signal } = {}) {
    if (this.ready) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!this.ready) return;
        this.removeEventListener("change", look);
        resolve();
      };
      this.addEventListener("change", look, { signal });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  #take(state, offline) {
    const same = offline === this.#offline && JSON.stringify(state) === JSON.stringify(this.#state);
    this.#state = state;
    this.#offline = offline;
    if (!same) this.dispatchEvent(new Event("change"));
  }

  async #ask() {
    try {
      this.#take(await getJson("/api/models"), false);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#take(this.#state, error.code === "offline");
    }
  }

  #pause() {
    const busy = this.#offline || this.#state.task !== null || this.#state.state === "loading";
    return busy ? BUSY_SECONDS : CALM_SECONDS;
  }
}

const first = globalThis.document?.getElementById("model-state");

/** This page's. */
export const models = new Models(
  first ? JSON.parse(first.textContent) : { loaded: null, state: "loading", task: null, error: null, models: [] },
);
