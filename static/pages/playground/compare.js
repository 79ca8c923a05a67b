// A/B: the same prompt, the same dice, two settings.

import "./compare-panes.js";
import { stream } from "../../js/base/api.js";
import { randomSeed } from "../../js/base/dice.js";
import { appendTokens, idsOf, keepFirst, modelToken, textOf } from "./document.js";
import { promptLength } from "./export.js";
import { showError } from "../../js/base/page.js";
import { completionBody } from "./writing.js";

const MOST_TOKENS = 60;
const PROMPT_SHOWN = 60; // characters

/**
 * Index of the first token that differs, -1 where there is none.
 *
 * @param {{ id: number }[][]} lines
 */
function firstDifference([a, b]) {
  const most = Math.max(a.length, b.length);
  for (let i = 0; i < most; i += 1) if (a[i]?.id !== b[i]?.id) return i;
  return -1;
}

export class Comparison {
  constructor(session, element) {
    this.session = session;
    this.element = element;
    const { params } = session.state;
    this.params = [params, { ...params, temperature: params.temperature >= 1 ? 0.5 : 1.2 }];
    this.steps = [[], []];
    this.model = null; // whose ids the steps are
    this.controller = null;
    element.addEventListener("compare-changed", (event) => {
      this.params = event.detail.params;
      this.#draw();
    });
    element.addEventListener("compare-asked", () => this.run());
    element.addEventListener("compare-stopped", () => this.stop());
    element.addEventListener("compare-taken", (event) => this.#take(event.detail.side));
    this.#draw();
  }

  /** What both continue: the document up to where the model last began. */
  get prompt() {
    return this.prefix ?? keepFirst(this.session.entries, promptLength(this.session.entries));
  }

  stop() {
    this.controller?.abort();
  }

  async run() {
    this.stop();
    const controller = new AbortController();
    this.controller = controller;
    this.#forget();
    this.#draw();
    try {
      const entries = await this.session.prepare();
      this.model = this.session.state.model;
      this.prefix = keepFirst(entries, promptLength(entries));
      const { state, limit } = this.session;
      const { ignoreEos, stops } = state;
      this.seed = state.seed ?? randomSeed();
      const maxTokens = Math.min(
        MOST_TOKENS,
        state.maxTokens,
        limit ? Math.max(1, limit - this.prefix.length) : MOST_TOKENS,
      );
      this.runs = this.params.map((params) =>
        Object.freeze({ seed: this.seed, params, ignoreEos, stops, start: this.prefix.length, sequence: 0 }),
      );
      const both = this.params.map((params, side) => {
        const body = completionBody(idsOf(this.prefix), params, { maxTokens, seed: this.seed, stops, ignoreEos });
        return this.#side(side, body, controller.signal);
      });
      await Promise.all(both);
      this.differs = firstDifference(this.steps);
    } catch (error) {
      controller.abort();
      showError(error);
    } finally {
      if (this.controller === controller) this.controller = null;
      this.#draw();
    }
  }

  async #side(side, body, signal) {
    for await (const { event, data } of stream("/api/completions", body, { signal })) {
      if (event !== "token" || signal.aborted) continue;
      this.steps[side] = [...this.steps[side], data];
      this.frame ??= requestAnimationFrame(() => this.#draw());
    }
  }

  #forget() {
    this.steps = [[], []];
    this.differs = null;
    this.prefix = null;
    this.model = null;
  }

  #take(side) {
    const { session, steps, prefix, runs } = this;
    session.keep(session.entries);
    const entries = appendTokens(
      prefix,
      steps[side].map((step) => modelToken(step, runs[side])),
    );
    session.commit(entries, "compare");
    session.keep(entries);
    session.store.update({ params: runs[side].params }); // not the sliders', which may have moved since
  }

  #draw() {
    this.frame = null;
    const { element } = this;
    element.vocabulary = this.session.loaded?.vocabulary ?? this.session.vocabulary;
    element.seed = this.seed ?? this.session.state.seed;
    element.prompt = textOf(this.prompt).slice(-PROMPT_SHOWN);
    element.running = this.controller !== null;
    const [a, b] = this.steps;
    const common = a.findIndex((step, i) => b[i] && b[i].id !== step.id);
    element.differs = this.controller === null ? (this.differs ?? null) : common === -1 ? null : common;
    element.sides = this.params.map((params, side) => ({ params, steps: this.steps[side] }));
  }

  /** The document changed: what both continue is shown anew, unless a result stands there that is of its model. */
  refresh() {
    if (this.model !== null && this.model !== this.session.state.model) {
      this.stop();
      this.#forget();
    }
    if (this.controller !== null || this.steps[0].length > 0) return;
    this.prefix = null;
    this.#draw();
  }
}
