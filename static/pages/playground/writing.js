// Having the model write: into the document, one line or several, streamed, stopped, continued and tried again.

/** @import * as contract from "contract" */

import { stream } from "../../js/base/api.js";
import { mergeIdentical } from "./branches.js";
import { randomSeed } from "../../js/base/dice.js";
import { appendTokens, endsSentence, idsOf, keepFirst, modelToken, textOf } from "./document.js";
import { promptLength } from "./export.js";
import { models } from "../../js/base/models.js";
import { announce, clearMessage, showError } from "../../js/base/page.js";
import { WaitingLine } from "../../js/base/waiting-line.js";

const ALTERNATIVES = 10;
export const LONGEST_SENTENCE = 120; // tokens

/**
 * The body of POST /api/completions for these settings.
 *
 * @returns {contract.CompletionRequest}
 */
export function completionBody(ids, params, { maxTokens, seed, n = 1, stops = [], ignoreEos = false }) {
  const { temperature, top_k, top_p, min_p, repetition_penalty, frequency_penalty, presence_penalty } = params;
  return {
    ids,
    temperature,
    top_k,
    top_p,
    min_p,
    repetition_penalty,
    frequency_penalty,
    presence_penalty,
    max_tokens: maxTokens,
    stop: stops,
    logprobs: ALTERNATIVES,
    ignore_eos: ignoreEos,
    n,
    seed,
  };
}

export class Writer {
  constructor(session) {
    this.session = session;
    this.spoken = 0; // how much of the text was announced
    this.waiting = []; // steps that came since the last frame
    this.lines = [];
    this.committed = false; // whether this run has its step in the history
  }

  get running() {
    return this.session.state.running;
  }

  /** Stop at once: closing the request ends the work on the server too. What came is kept. */
  stop(reason = "cancelled") {
    if (!this.running) return;
    this.running.controller.abort();
    this.#finish(reason);
  }

  /**
   * Write on from the end, or from entry `from()` on, dropping what stood after it; it is asked once every token has
   * its id. `joined` makes this one step of the history with what was done just before.
   */
  async write({
    tokens,
    from = null,
    until = null,
    seed = null,
    kind = "generate",
    n = this.session.state.count,
    joined = false,
  }) {
    const { session } = this;
    const { store } = session;
    this.stop();
    clearMessage();
    const controller = new AbortController();
    store.update({
      running: { kind, controller, line: new WaitingLine(), tokens: 0, started: performance.now(), first: null },
      outcome: null,
      rows: [],
    });
    try {
      if (!models.ready) await models.untilReady({ signal: controller.signal });
      const entries = await session.prepare();
      if (controller.signal.aborted) return;
      const length = from === null ? entries.length : from();
      if (length < entries.length) {
        session.keep(entries);
        session.commit(keepFirst(entries, length), kind);
        joined = true;
      }
      await this.#stream(controller, { tokens, until, seed, kind, n, joined });
    } catch (error) {
      if (error.name === "AbortError" || controller.signal.aborted) return;
      this.#flush();
      this.#finish("error");
      showError(error);
    }
  }

  async #stream(controller, { tokens, until, seed, kind, n, joined }) {
    const { session } = this;
    const { state } = session;
    const prompt = session.entries;
    const room = session.limit ? session.limit - prompt.length : tokens;
    if (room <= 0) {
      this.#finish("context-full");
      return;
    }
    const rolled = seed ?? (state.locked && state.seed !== null ? state.seed : randomSeed());
    const { params, ignoreEos, stops } = state;
    // One object a sequence: tokens of one run are known by it.
    this.runs = Array.from({ length: n }, (_, sequence) =>
      Object.freeze({ seed: rolled, params, ignoreEos, stops, start: prompt.length, sequence }),
    );
    this.lines = Array.from({ length: n }, () => prompt);
    this.reasons = Array.from({ length: n }, () => null);
    this.waiting = [];
    this.committed = joined;
    this.kind = kind;
    this.spoken = textOf(prompt).length;
    session.store.update({ seed: rolled });
    const body = completionBody(idsOf(prompt), params, {
      maxTokens: Math.min(tokens, room),
      seed: rolled,
      n,
      stops,
      ignoreEos,
    });
    let reason = null;
    for await (const { event, data } of stream("/api/completions", body, { signal: controller.signal })) {
      if (controller.signal.aborted) return;
      if (event === "queued") {
        this.running.line.see(data.position, performance.now());
        this.#update({});
      }
      if (event === "token") {
        this.#take(data);
        if (until === "sentence" && this.#sentenceEnded(prompt)) {
          this.#flush();
          this.stop("sentence");
          return;
        }
      }
      if (event === "done") [reason] = data.finish_reasons;
    }
    this.#flush();
    this.#finish(reason);
  }

  #take(step) {
    if (this.running.first === null) this.#update({ first: performance.now() });
    this.waiting.push(step);
    if (this.waiting.length === 1) this.frame = requestAnimationFrame(() => this.#flush());
  }

  #sentenceEnded(prompt) {
    const line = appendTokens(
      this.lines[0],
      this.waiting.map((step) => modelToken(step, this.runs[0])),
    );
    const written = textOf(line.slice(prompt.length));
    return written.trim().length > 1 && endsSentence(written);
  }

  /** Paint what came since the last frame. The first tokens make a step of the history, the others extend it. */
  #flush() {
    cancelAnimationFrame(this.frame);
    if (!this.waiting.length) return;
    const steps = this.waiting.splice(0);
    const { session } = this;
    this.lines = this.lines.map((line, sequence) => {
      const mine = steps.filter((step) => step.sequence === sequence);
      return mine.length > 0
        ? appendTokens(
            line,
            mine.map((step) => modelToken(step, this.runs[sequence])),
          )
        : line;
    });
    for (const step of steps) if (step.finish_reason) this.reasons[step.sequence] = step.finish_reason;
    if (this.committed) session.amend(this.lines[0]);
    else session.commit(this.lines[0], this.kind);
    this.committed = true;
    if (this.lines.length > 1) session.store.update({ rows: this.lines, rowReasons: this.reasons });
    this.#update({ tokens: this.running ? this.running.tokens + steps.length : 0 });
    this.#speak();
  }

  /** Whole sentences to those who listen. */
  #speak() {
    const text = textOf(this.lines[0]);
    const fresh = text.slice(this.spoken);
    const end = Math.max(
      fresh.lastIndexOf(". "),
      fresh.lastIndexOf("\n"),
      fresh.lastIndexOf("。"),
      fresh.lastIndexOf("! "),
      fresh.lastIndexOf("? "),
    );
    if (end > 0) {
      announce(fresh.slice(0, end + 1), true);
      this.spoken += end + 1;
    }
  }

  #update(changes) {
    if (this.running) this.session.store.update({ running: Object.freeze({ ...this.running, ...changes }) });
  }

  #finish(reason) {
    const { session } = this;
    if (!this.running) return;
    this.#flush();
    const { tokens, first, started } = this.running;
    const seconds = first === null ? 0 : (performance.now() - first) / 1000;
    const outcome = {
      reason,
      tokens,
      wait: first === null ? null : (first - started) / 1000,
      rate: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
    };
    const { selected } = session.state;
    session.store.update({
      running: null,
      outcome,
      selected: session.entries[selected] ? selected : session.entries.length - 1,
    });
    if (this.committed) {
      const rest = textOf(this.lines[0]).slice(this.spoken).trim();
      if (rest) announce(rest, true);
      const merged = mergeIdentical(this.lines.filter((line) => line.length > this.runs[0].start));
      for (const { entries, count } of merged) session.keep(entries, count);
      if (this.lines.length > 1)
        session.store.update({ rows: this.lines, rowReasons: this.reasons.map((one) => one ?? reason) });
    }
    this.committed = false;
    this.lines = [];
  }

  /** The last thing the model wrote, written anew with a fresh seed. */
  again() {
    const { session } = this;
    const written = session.entries.length - promptLength(session.entries);
    const from = () => promptLength(session.entries);
    return this.write({ tokens: written || session.state.maxTokens, from, seed: randomSeed(), kind: "again" });
  }

  /** The same seed, settings and ids once more: are these the same tokens on this machine, today? */
  async replay() {
    const { entries, state, loaded } = this.session;
    const from = promptLength(entries);
    const run = entries[from]?.run;
    const written = entries.slice(from).filter(({ by }) => by === "model"); // a person may have typed after it
    if (!run?.params || state.model !== loaded?.name || written.some(({ chosen, moved }) => chosen || moved))
      return { known: false };
    const expected = idsOf(written);
    const body = completionBody(idsOf(entries.slice(0, from)), run.params, {
      maxTokens: expected.length,
      seed: run.seed,
      n: run.sequence + 1,
      ignoreEos: true,
    });
    const ids = [];
    for await (const { event, data } of stream("/api/completions", body)) {
      if (event === "token" && data.sequence === run.sequence) ids.push(data.id);
    }
    const differs = expected.findIndex((id, i) => id !== ids[i]);
    return { known: true, same: differs === -1, at: from + differs, count: expected.length, seed: run.seed };
  }
}
