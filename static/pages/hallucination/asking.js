/**
 * Sixteen answers to one prompt: asked of the model, or, where it is not there or others wait before us, played from
 * what was measured. Every figure is kept beside its request, and only the one of the request on the stage is shown:
 * another prompt never stands over these answers.
 */

import { decodeUtf8, hexToBytes } from "../../js/base/bytes.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { models } from "../../js/base/models.js";
import { pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { begun, figureFor, finished, measuredFigure, partly, sameRequest, shelved, written } from "./figure.js";

const PLAYED = 2400; // milliseconds that a measured run takes when it is played
const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

export const presets = new Map(pageData.presets.map((preset) => [preset.id, preset]));
const results = pageData.measurement?.results ?? {};

/** What was measured for this very request, or null. */
export function measuredFor(request) {
  const preset = pageData.presets.find((one) => one.experiment === "universes" && sameRequest(one.request, request));
  return preset ? measuredFigure(preset, results[preset.id], pageData.measurement) : null;
}

/** Today, as a source tells it. */
export function madeNow(model) {
  return { model, measured_on: new Date().toISOString().slice(0, 10) };
}

export class Asking {
  run = new ExperimentRun();
  store;
  #turn = 0;

  /** @param {{ request: any, preset: string | null }} first */
  constructor(first) {
    this.store = new Store({ ...first, guess: null, figures: [] });
  }

  /** What is known of the request on the stage, or null. */
  get figure() {
    return figureFor(this.store.state.figures, this.store.state.request);
  }

  get writing() {
    return this.figure?.state === "writing";
  }

  /** Whether pressing the button would show anything. */
  get possible() {
    return models.ready || measuredFor(this.store.state.request) !== null;
  }

  /** Another question, or another setting; what is under way stops, and what came of it stays with its own request. */
  change(changes) {
    this.stop();
    this.store.update(changes);
  }

  async ask() {
    this.stop();
    const { request, preset } = this.store.state;
    const measured = measuredFor(request);
    const turn = this.#turn;
    if (models.ready && (await this.#live(request, preset, measured !== null))) return;
    if (turn === this.#turn && measured) this.#play(measured);
  }

  /** The same question with other dice; without a model, the measured run again. */
  again() {
    const { request, preset } = this.store.state;
    const first = preset === null ? null : presets.get(preset)?.request;
    if (models.ready) this.change({ request: { ...request, seed: request.seed + 1 } });
    else if (first) this.change({ request: first });
    return this.ask();
  }

  /** The figures to keep when the page is left: a run that is being played is there already. */
  get kept() {
    const whole = (one) => (one.origin === "measured" ? measuredFor(one.request) : null) ?? one;
    return this.store.state.figures.map((one) => (one.state === "writing" ? whole(one) : one));
  }

  /** What came stays. */
  stop() {
    this.#turn += 1;
    this.run.cancel();
    const figures = this.store.state.figures.map((one) =>
      one.state === "writing" ? { ...one, state: "stopped" } : one,
    );
    if (this.writing) this.store.update({ figures });
  }

  #keep(figure) {
    this.store.update({ figures: shelved(this.store.state.figures, figure) });
  }

  /** True unless the measured run is to be shown instead: nothing came, and there is one. */
  async #live(request, preset, spare) {
    const turn = this.#turn;
    const bytes = Array.from({ length: request.n }, () => []);
    let figure = begun(request, preset, madeNow(models.state.loaded.name));
    this.#keep(figure);
    const onPart = (kind, data) => {
      if (kind === "opening") figure = { ...figure, bits: data.entropy_bits };
      else if (kind === "outcome") figure = finished(figure, data);
      else if (kind === "round") {
        for (const [index, hex] of data.tokens) bytes[index].push(...hexToBytes(hex));
        figure = written(figure, bytes.map(textOf), data.answers ?? []);
      }
      this.#keep(figure);
    };
    const othersFirst = () => spare && this.run.line.text !== null && this.run.reset();
    this.run.addEventListener("change", othersFirst);
    const done = await this.run.start("universes", request, { onPart });
    this.run.removeEventListener("change", othersFirst);
    if (done || turn !== this.#turn) return true;
    if (spare && this.run.state !== "cancelled" && bytes.every((one) => one.length === 0)) return false;
    this.#keep({ ...figure, state: "stopped" });
    return true;
  }

  #play(figure) {
    if (still?.matches) {
      this.#keep(figure);
      return;
    }
    const turn = this.#turn;
    const from = performance.now();
    const draw = () => {
      if (turn !== this.#turn) return;
      const progress = (performance.now() - from) / PLAYED;
      this.#keep(partly(figure, progress));
      if (progress < 1) requestAnimationFrame(draw);
    };
    draw();
  }
}

/** Bytes as text; a character that is not whole yet is left out. */
export function textOf(bytes) {
  for (let cut = 0; cut < 4; cut += 1) {
    const text = decodeUtf8(Uint8Array.from(bytes.slice(0, bytes.length - cut)));
    if (text !== null) return text;
  }
  return "";
}
