// What the assistant page asks for and what it has: requests from its state, measured results that answer them, and
// the parts of a run put together. Pure.

/** @import * as contract from "contract" */

import { hexToBytes } from "../../js/base/bytes.js";
import { decodeVisibly } from "../../js/base/utf8.js";
import { hasOnePlace } from "./costume-text.js";

export const MEASURED = "conversation"; // the preset the page opens with
const SHARED = [
  "costume",
  "template",
  "stop",
  "stopOn",
  "question",
  "turns",
  "n",
  "temperature",
  "seed",
  "maxTokens",
  "expected",
  "picked",
];

/** The state a preset stands for. */
export function fromPreset({ id, request }) {
  return {
    costume: id,
    template: request.template,
    stop: request.stop,
    stopOn: request.stop_on,
    question: request.question,
    turns: [],
    n: request.n,
    temperature: request.temperature,
    seed: request.seed,
    maxTokens: request.max_tokens,
    expected: request.expected ?? "",
    picked: 0,
  };
}

/**
 * The body of /api/experiments/dressed.
 *
 * @returns {contract.DressedRequest}
 */
export function dressedRequest(state) {
  const { question, template, stop, stopOn, turns, n, seed, temperature, maxTokens, expected } = state;
  return {
    question,
    template,
    stop,
    stop_on: stopOn,
    turns,
    n,
    seed,
    temperature,
    max_tokens: maxTokens,
    expected: expected.trim() || null,
  };
}

export const isComplete = ({ template, stop, question }) =>
  hasOnePlace(template) && stop.trim() !== "" && question.trim() !== "";

const sameDice = (request, state) =>
  request.seed === state.seed &&
  request.temperature === state.temperature &&
  request.max_tokens === state.maxTokens &&
  request.question === state.question &&
  request.expected === state.expected;

/** What was measured for a state, as `collect` makes it; the control alone where only that was; null for nothing. */
export function measuredResult(state, presets, results) {
  if (state.turns.length > 0) return null;
  const fits = ({ experiment, request }) =>
    experiment === "dressed" &&
    sameDice(request, state) &&
    request.template === state.template &&
    request.stop === state.stop &&
    request.stop_on === state.stopOn &&
    request.n === state.n;
  const preset = presets.find(fits);
  const result = preset && results[preset.id] ? collect(results[preset.id]) : null;
  if (result?.bare) return result;
  const control = presets.find(
    ({ experiment, request }) => experiment === "dressed" && request.bare && sameDice(request, state),
  );
  const bare = control && results[control.id] ? collect(results[control.id]).bare : null;
  return bare ? { ...result, bare } : result;
}

/** Parts by side: `{dressed: {document, answers, answered, texts}, bare: …}`. */
export function collect(parts) {
  return parts.reduce((result, part) => withPart(result, part.kind, part), {});
}

/**
 * A result with one more part of it.
 *
 * @param {any} result
 * @param {contract.assistant.News} news
 */
export function withPart(result, ...[kind, part]) {
  if (kind === "shift") return result; // of another experiment
  const side = result[part.side] ?? { document: null, answers: null, answered: null, hex: [] };
  if (kind === "document") return { ...result, [part.side]: { ...side, document: part } };
  if (kind === "answers")
    return { ...result, [part.side]: { ...side, answers: part.answers, answered: part.answered } };
  const hex = [...side.hex];
  hex[part.sequence] = (hex[part.sequence] ?? "") + part.token.bytes;
  return { ...result, [part.side]: { ...side, hex } };
}

/** What the tries of a side say so far, as <tries-list> shows them. */
export function tryLines(side) {
  if (!side) return [];
  if (side.answers)
    return side.answers.map(({ shown, answered, at_once: atOnce }) => ({ text: shown, answered, atOnce }));
  return Array.from(side.hex, (hex = "") => ({ text: decodeVisibly(hexToBytes(hex)), answered: null, atOnce: false }));
}

/** What a share link holds. */
export const sharedState = (state) => Object.fromEntries(SHARED.map((name) => [name, state[name]]));

const isText = (value, most) => typeof value === "string" && value.length <= most;
const isWhole = (value, least, most) => Number.isSafeInteger(value) && value >= least && value <= most;
const CHECKS = {
  costume: (value) => value === null || isText(value, 64),
  template: (value) => isText(value, 4000),
  stop: (value) => isText(value, 64),
  stopOn: (value) => typeof value === "boolean",
  question: (value) => isText(value, 2000),
  turns: (value) =>
    Array.isArray(value) &&
    value.length <= 24 &&
    value.every((turn) => isText(turn?.question, 2000) && isText(turn?.answer, 2000)),
  n: (value) => isWhole(value, 1, 8),
  temperature: (value) => Number.isFinite(value) && value >= 0 && value <= 5,
  seed: (value) => isWhole(value, 0, Number.MAX_SAFE_INTEGER),
  maxTokens: (value) => isWhole(value, 1, 128),
  expected: (value) => isText(value, 40),
  picked: (value) => isWhole(value, 0, 7),
};

/** The part of a shared state that can be used; what is missing or out of bounds stays as it is. */
export function readShared(shared) {
  const read = Object.fromEntries(
    Object.entries(CHECKS).flatMap(([name, fits]) => (fits(shared?.[name]) ? [[name, shared[name]]] : [])),
  );
  if (read.turns) read.turns = read.turns.map(({ question, answer }) => ({ question, answer }));
  return read;
}
