// What the assistant page asks for and what it has: subjects, the answers they got, and what was measured of them.
// A subject is a question with its costume and its dice; an answer belongs to one subject as it was asked, and is
// never shown for another. Pure.

/** @import * as contract from "contract" */

import { BARE, hasOnePlace, tokenTexts } from "./costume-text.js";

const MOST_TURNS = 24;
const MOST_ANSWER = 2000; // characters of a turn
const KEPT = 24; // answers in this tab's memory

/** The subject a preset stands for, with its costume on. */
export function subjectOf({ id, request }) {
  return {
    costume: id,
    template: request.template,
    stop: request.stop,
    dressed: true,
    stopOn: true,
    question: request.question,
    turns: [],
    n: request.n,
    temperature: request.temperature,
    seed: request.seed,
    roll: 0, // how often it was asked again: each time with other dice
    maxTokens: request.max_tokens,
    expected: request.expected ?? "",
  };
}

/** A conversation that has not begun, in the same costume. */
export const emptied = (subject) => ({ ...subject, question: "", turns: [], expected: "", roll: 0, dressed: true });

/** The template that is asked with: the costume's, or none. */
export const templateOf = ({ dressed, template }) => (dressed ? template : BARE);

/** What one answer belongs to. The stop string is no part of it: it only cuts what was written. */
export function keyOf(subject) {
  const { turns, question, temperature, maxTokens, seed, roll } = subject;
  const told = turns.map((turn) => [turn.question, turn.answer]);
  return JSON.stringify([templateOf(subject), told, question, temperature, maxTokens, seed, roll]);
}

/** What several tries, in the costume and bare, belong to. */
export function triesKey(subject) {
  return JSON.stringify([keyOf({ ...subject, dressed: true, roll: 0 }), subject.stop, subject.expected, subject.n]);
}

const asked = ({ question, stop, turns, temperature, maxTokens, expected }) => ({
  question,
  stop,
  turns,
  temperature,
  max_tokens: maxTokens,
  expected: expected.trim() || null,
  stop_on: false, // what is written beyond the stop string is cut here, where a switch can show it
});

/**
 * The body of /api/experiments/dressed for the one answer on the stage.
 *
 * @returns {contract.DressedRequest}
 */
export const stageRequest = (subject) => ({
  ...asked(subject),
  template: templateOf(subject),
  seed: subject.seed + subject.roll,
  n: 1,
  bare: false,
});

/**
 * The same for several tries, in the costume and bare, with the same dice.
 *
 * @returns {contract.DressedRequest}
 */
export const triesRequest = (subject) => ({
  ...asked(subject),
  template: subject.template,
  seed: subject.seed,
  n: subject.n,
  bare: true,
});

export const isComplete = ({ template, stop, question }) =>
  hasOnePlace(template) && stop.trim() !== "" && question.trim() !== "";

/** What of a document is shown, as long as it is not whole. */
export const documentOf = ({ pieces, bos, tokens, dropped, injected }) => ({
  pieces,
  bos,
  before: tokens.length,
  dropped,
  injected,
});

/** The texts of a try's tokens; the token that ends a text is none of its words. */
function textsOf({ tokens, finish_reason: finish }) {
  const words = finish === "end-of-text" ? tokens.slice(0, -1) : tokens;
  return tokenTexts(words.map(({ bytes }) => bytes));
}

/** An answer to its end: `answer` as it came, with what the server says of it as a whole. */
export const ended = (answer, whole) => ({
  ...answer,
  tokens: textsOf(whole),
  finish: whole.finish_reason,
  answered: whole.answered,
});

/** What an answer adds to a conversation: cut where the reader sees it cut. */
export function turnOf({ question, stop, stopOn }, { tokens }) {
  const text = tokens.join("");
  return { question, answer: (stopOn ? text.split(stop)[0] : text).trim().slice(0, MOST_ANSWER) };
}

export const withTurn = (subject, answer) =>
  (answer === null ? subject.turns : [...subject.turns, turnOf(subject, answer)]).slice(-MOST_TURNS);

/** `answers` with one more or a newer one. */
export const withAnswer = (answers, answer) =>
  [...answers.filter(({ key }) => key !== answer.key), answer].slice(-KEPT);

const sameDice = (request, subject) =>
  request.seed === subject.seed &&
  request.temperature === subject.temperature &&
  request.max_tokens === subject.maxTokens &&
  request.question === subject.question;

const partOf = (parts, kind, side) => parts?.find((part) => part.kind === kind && part.side === side);

/** The measured answer to a subject, or null. Asked again, it is the next of the measured tries. */
export function measuredAnswer(subject, { presets, measurement }) {
  if (subject.turns.length > 0 || measurement === null) return null;
  const side = subject.dressed ? "dressed" : "bare";
  for (const { id, experiment, request } of presets) {
    if (experiment !== "dressed" || !sameDice(request, subject)) continue;
    if (subject.dressed ? request.template !== subject.template : !request.bare) continue;
    const tries = partOf(measurement.results[id], "answers", side)?.answers;
    if (!tries) continue;
    const place = subject.roll % tries.length;
    return ended(
      {
        key: keyOf(subject),
        ...documentOf(partOf(measurement.results[id], "document", side)),
        seed: subject.seed,
        place: [place + 1, tries.length],
        source: { model: measurement.model, measured_on: measurement.measured_on },
      },
      tries[place],
    );
  }
  return null;
}

/** The measured tries of a subject, as `collect` makes them; the control alone where only that was; or null. */
export function measuredTries(subject, { presets, measurement }) {
  if (subject.turns.length > 0 || measurement === null) return null;
  const fits = ({ experiment, request }) =>
    experiment === "dressed" && sameDice(request, subject) && (request.expected ?? "") === subject.expected;
  const own = presets.find(
    (preset) =>
      fits(preset) &&
      preset.request.template === subject.template &&
      preset.request.stop === subject.stop &&
      preset.request.n === subject.n,
  );
  const control = presets.find((preset) => fits(preset) && preset.request.bare);
  const { bare } = control ? collect(measurement.results[control.id] ?? []) : {};
  const result = { ...(bare && { bare }), ...(own && collect(measurement.results[own.id] ?? [])) };
  return Object.keys(result).length > 0 ? result : null;
}

/** Parts by side: `{dressed: {document, tries, answered, hex}, bare: …}`. */
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
  const side = result[part.side] ?? { document: null, tries: null, answered: null, hex: [] };
  const set = (changes) => ({ ...result, [part.side]: { ...side, ...changes } });
  if (kind === "document") return set({ document: documentOf(part) });
  if (kind === "answers") return set({ tries: part.answers.map(tryOf), answered: part.answered, hex: [] });
  const hex = [...side.hex];
  hex[part.sequence] = [...(hex[part.sequence] ?? []), part.token.bytes];
  return set({ hex });
}

const tryOf = (answer) => ({
  tokens: textsOf(answer),
  finish: answer.finish_reason,
  answered: answer.answered,
});

/** What the tries of a side say so far, up to the stop string where there is one, as <tries-list> shows them. */
export function tryLines(side, stop = "") {
  if (!side) return [];
  const line = (tokens, answered, over) => {
    const [text] = stop === "" ? [tokens.join("")] : tokens.join("").split(stop);
    return { text, answered, atOnce: over && text.trim() === "" };
  };
  if (side.tries) return side.tries.map(({ tokens, answered }) => line(tokens, answered, true));
  return Array.from(side.hex, (hex = []) => line(tokenTexts(hex), null, false));
}
