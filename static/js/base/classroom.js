/**
 * What the teacher has chosen for every screen: `GET /api/class`, kept fresh. One for all of a page; a `change`
 * event follows every news.
 */

import { ApiError, getJson, postJson } from "./api.js";
import { Polling } from "./polling.js";

const SECONDS = 5; // until the server has said how soon it wants to be asked

export class Classroom extends EventTarget {
  #state;
  #seconds;
  #polling = new Polling(
    () => this.#ask(),
    () => this.#seconds,
  );

  constructor({ ask_again_seconds: seconds = SECONDS, ...state }) {
    super();
    this.#state = state;
    this.#seconds = seconds;
  }

  /** `{curtain, note, blur}`: whether the screens are covered, whether the content note stands, words to blur. */
  get state() {
    return this.#state;
  }

  start() {
    this.#polling.start();
  }

  /** The teacher's wish for every screen: any of the three. Throws an ApiError. */
  async change(changes) {
    this.#take(await postJson("/api/class", changes));
    this.#polling.later();
  }

  async #ask() {
    try {
      this.#take(await getJson("/api/class"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // a server that is silent changes nothing
    }
  }

  #take({ ask_again_seconds: seconds, ...state }) {
    this.#seconds = seconds;
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.dispatchEvent(new Event("change"));
  }
}

const first = globalThis.document?.getElementById("class-state");

/** This page's. */
export const classroom = new Classroom(
  first ? JSON.parse(first.textContent) : { curtain: false, note: false, blur: [] },
);
