// Experiments of the behaviour pages: `POST /api/experiments/<name>` tells the parts of a result as they are
// computed. `ExperimentRun` is what a page and its <run-bar> both look at. Knows no DOM.

import { ApiError, stream } from "./api.js";
import { models } from "./models.js";
import { WaitingLine } from "./waiting-line.js";

/** @import * as contract from "contract" */

/**
 * @template {keyof contract.News} Name
 * @typedef {{
 *   signal?: AbortSignal,
 *   onPart?: (...news: contract.News[Name]) => void,
 *   onProgress?: (progress: { done: number, total: number }) => void,
 *   onQueued?: (place: { position: number }) => void,
 * }} Listeners
 */

/**
 * @template {keyof contract.News} Name
 * @typedef {contract.Requests[`/api/experiments/${Name}`]} RequestOf
 */

/**
 * Run an experiment: `onPart(kind, data)` for every part, between them `onProgress({done, total})` and, where it has
 * to wait, `onQueued({position})`. Resolves when the last one has come; throws an ApiError, or an AbortError when the
 * signal says so.
 *
 * @template {keyof contract.News} Name
 * @param {Name} name
 * @param {RequestOf<Name>} request
 * @param {Listeners<Name>} [listeners]
 */
export async function runExperiment(name, request, { signal, onPart, onProgress, onQueued } = {}) {
  for await (const { event, data } of stream(`/api/experiments/${name}`, request, { signal })) {
    if (event === "done") return;
    if (event === "progress") onProgress?.(data);
    else if (event === "queued") onQueued?.(data);
    else onPart?.(.../** @type {any} */ ([event, data]));
  }
}

/** One run after the other, each replacing the one before. `change` events follow every news. */
export class ExperimentRun extends EventTarget {
  /** @type {"idle" | "running" | "done" | "cancelled" | "failed"} */
  state;
  /** @type {{ done: number, total: number } | null} */
  progress;
  /** @type {WaitingLine} */
  line;
  /** @type {ApiError | null} */
  error;
  /** @type {string | null} */
  model;
  #ask;
  #models;
  #controller = null;
  #began = 0;
  #ended = 0;

  /** @param {{ ask?: typeof runExperiment, on?: { state: any } }} [options] */
  constructor({ ask = runExperiment, on = models } = {}) {
    super();
    this.#ask = ask;
    this.#models = on;
    this.#set({ state: "idle" });
  }

  /** How long it has taken so far, or took. */
  get seconds() {
    const until = this.state === "running" ? performance.now() : this.#ended;
    return (until - this.#began) / 1000;
  }

  /**
   * Begin; a run under way is cancelled first. True when it came to its end.
   *
   * @template {keyof contract.News} Name
   * @param {Name} name
   * @param {RequestOf<Name>} request
   * @param {{ onPart?: Listeners<Name>["onPart"] }} [listeners]
   */
  async start(name, request, { onPart } = {}) {
    this.#controller?.abort();
    const controller = new AbortController();
    const { signal } = controller;
    this.#controller = controller;
    this.#began = performance.now();
    this.#set({ state: "running", model: this.#models.state.loaded?.name ?? null });
    const current =
      (listener) =>
      (...news) => {
        if (!signal.aborted) listener(...news);
      };
    try {
      await this.#ask(name, request, {
        signal,
        onPart: current((/** @type {contract.News[Name]} */ ...news) => {
          this.line = new WaitingLine();
          onPart?.(...news);
        }),
        onProgress: current((progress) => this.#tell({ progress, line: new WaitingLine() })),
        onQueued: current(({ position }) => {
          this.line.see(position, performance.now());
          this.#tell({});
        }),
      });
      if (signal.aborted) return false;
      this.#end({ state: "done" });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      controller.abort(); // a page that could not draw a part ends the work as well
      if (!(error instanceof ApiError)) {
        this.#end({ state: "failed", error: new ApiError({ code: "internal", message: error.message }) });
        throw error;
      }
      this.#end({ state: "failed", error });
      return false;
    }
  }

  /** Stop; what came stays where the page put it. */
  cancel() {
    if (this.state !== "running") return;
    this.#controller.abort();
    this.#end({ state: "cancelled" });
  }

  /** Back to the beginning: what the page shows now was not run here. */
  reset() {
    this.#controller?.abort();
    this.#set({ state: "idle" });
  }

  #end(news) {
    this.#ended = performance.now();
    this.#tell(news);
  }

  #set(news) {
    this.#tell({ progress: null, line: new WaitingLine(), error: null, model: null, ...news });
  }

  #tell(news) {
    Object.assign(this, news);
    this.dispatchEvent(new Event("change"));
  }
}
