// A recitation beside its original, as pieces to show; and what is known of each text. No DOM.

/** @import * as contract from "contract" */

import { decodeUtf8, hexToBytes, visibleText } from "../../js/base/bytes.js";

/** A text's name in a `Book`: the request's own words decide. */
export function keyOf({ text, swapped = false }) {
  return `${swapped ? "swapped" : "as it stands"}\n${text}`;
}

/** What is known of texts: `{passage, recall, sweep, recitals: {prefix: recital}, writing}` by `keyOf`. */
export class Book {
  #records = new Map();

  /** Whatever is known of a request's text; an empty record where nothing is. */
  of(request) {
    return this.#records.get(keyOf(request)) ?? { recitals: {} };
  }

  /**
   * Add one part of an experiment's result.
   *
   * @param {any} request
   * @param {contract.regurgitation.News} news
   */
  add(request, ...[kind, data]) {
    const record = { ...this.of(request) };
    if (kind === "recital") record.recitals = { ...record.recitals, [data.prefix]: data };
    else if (kind === "written") record.writing = writing(record.writing, request.prefix, data);
    else record[kind] = data;
    this.#records.set(keyOf(request), record);
  }
}

/**
 * @param {{ prefix: number, bytes: string[] } | undefined} before
 * @param {number} prefix
 * @param {contract.regurgitation.Written} written
 */
function writing(before, prefix, { done, token }) {
  const bytes = before?.prefix === prefix && done > 1 ? before.bytes : [];
  return { prefix, bytes: [...bytes, token.bytes] };
}

/** The book of what was measured: the parts of `presets` whose note names a passage. */
export function measuredBook(presets, measurement) {
  const book = new Book();
  for (const { id, experiment, request } of presets) {
    if (experiment === "perturb") continue;
    for (const part of measurement?.results[id] ?? []) book.add(request, part.kind, part);
  }
  return book;
}

/**
 * Pieces in reading order, `{kind, bytes: [hex]}` (`text` alone where its tokens are not known yet):
 * `given` (the prefix), `same` (the model wrote what stands in the text), `drift` (it wrote something else),
 * `missed` (what the text has there), `unread` (behind the end of the recitation).
 *
 * With a finished recital its own alignment counts; while it is being written, or where only teacher forcing
 * is known, everything behind the first difference is drift.
 *
 * @param {{
 *   passage?: Pick<contract.regurgitation.Passage, "bytes">,
 *   recall?: contract.regurgitation.Recall,
 *   recitals?: Record<number, contract.regurgitation.Recital>,
 *   writing?: { prefix: number, bytes: string[] },
 *   text?: string,
 * }} known
 * @param {number} prefix
 * @param {number} [length]
 */
export function pieces({ passage, recall, recitals = {}, writing: underway, text = "" }, prefix, length = Infinity) {
  if (!passage) return text ? [{ kind: "unread", bytes: [], text }] : [];
  const original = passage.bytes.slice(prefix, prefix + length);
  const given = { kind: "given", bytes: passage.bytes.slice(0, prefix) };
  const recital = recitals[prefix];
  if (recital) return [given, ...aligned(original, recital)];
  if (underway?.prefix === prefix) return [given, ...provisional(original, underway.bytes)];
  return [given, ...foreseen(original, recall, prefix)];
}

/**
 * @param {string[]} original
 * @param {contract.regurgitation.Recital} recital
 */
function aligned(original, { bytes, stretches }) {
  return stretches.flatMap(({ same, original: [from, to], written: [start, end] }) => {
    if (same) return [{ kind: "same", bytes: original.slice(from, to) }];
    const both = [
      { kind: "drift", bytes: bytes.slice(start, end) },
      { kind: "missed", bytes: original.slice(from, to) },
    ];
    return both.filter((piece) => piece.bytes.length > 0);
  });
}

/** What is still to come stands in its place only as long as the model keeps to it: drift would push it along. */
function provisional(original, written) {
  let run = 0;
  while (run < written.length && written[run] === original[run]) run += 1;
  const pieces = [
    { kind: "same", bytes: original.slice(0, run) },
    { kind: "drift", bytes: written.slice(run) },
    { kind: "unread", bytes: run === written.length ? original.slice(run) : [] },
  ];
  return pieces.filter((piece) => piece.bytes.length > 0);
}

/** The ranks say how long greedy decoding keeps to the text, and what it would write instead. */
/**
 * @param {string[]} original
 * @param {contract.regurgitation.Recall | undefined} recall
 * @param {number} prefix
 */
function foreseen(original, recall, prefix) {
  if (!recall) return [{ kind: "unread", bytes: original }];
  const run = greedyRun(recall.ranks, prefix, original.length);
  const pieces = [
    { kind: "same", bytes: original.slice(0, run) },
    { kind: "drift", bytes: run < original.length ? [recall.instead[prefix + run]] : [] },
    { kind: "unread", bytes: original.slice(run) },
  ];
  return pieces.filter((piece) => piece.bytes.length > 0);
}

/** How many tokens from `prefix` on have rank 1 without a gap: the exact run of a greedy recitation. */
export function greedyRun(ranks, prefix, length = Infinity) {
  let run = 0;
  while (run < length && ranks[prefix + run] === 1) run += 1;
  return run;
}

/**
 * The exact run after each opening of 1, 2, ... tokens: measured by a sweep, or read off the ranks, which is the same.
 *
 * @param {{ sweep?: contract.regurgitation.Sweep, recall?: contract.regurgitation.Recall }} book
 * @param {number} longest
 * @param {number} steps
 */
export function runsOf({ sweep, recall }, longest, steps) {
  if (sweep || !recall) return sweep?.runs;
  const { ranks } = recall;
  return Array.from({ length: Math.min(longest, ranks.length - 1) }, (_, index) => greedyRun(ranks, index + 1, steps));
}

/** The text of tokens; where they end in the middle of a character, with its bytes in hexadecimal. */
export function textOf(bytes) {
  const hex = bytes.join("");
  return decodeUtf8(hexToBytes(hex)) ?? bytes.map((one) => decodeUtf8(hexToBytes(one)) ?? visibleText(one)).join("");
}

/** The words of a text, each `{word, start, end}`; places count characters (code points), as the server does. */
export function wordsOf(text) {
  const words = [];
  for (const match of text.matchAll(/[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*/gu)) {
    const start = [...text.slice(0, match.index)].length;
    words.push({ word: match[0], start, end: start + [...match[0]].length });
  }
  return words;
}

/** A word with two inner letters changing places: a slip of the fingers. Example: "People" is "Poeple". */
export function typo(word) {
  const letters = [...word];
  for (let place = Math.min(1, letters.length - 2); place >= 0 && place < letters.length - 1; place += 1) {
    if (letters[place] === letters[place + 1]) continue;
    [letters[place], letters[place + 1]] = [letters[place + 1], letters[place]];
    return letters.join("");
  }
  return `${word}${letters.at(-1) ?? ""}`;
}

/** What stands in a word's place: a slip, the other size of letters, a line break before it, or another word. */
export function replacement(word, how, other = "") {
  if (how === "typo") return typo(word);
  if (how === "capitals") return word === word.toUpperCase() ? word.toLowerCase() : word.toUpperCase();
  if (how === "newline") return `\n${word}`;
  return other;
}

/**
 * Tokens of a text on the screen, for a heat strip.
 *
 * @param {{
 *   passage?: Pick<contract.regurgitation.Passage, "bytes">,
 *   recall?: Pick<contract.regurgitation.Recall, "bits">,
 * }} known
 */
export function heatTokens({ passage, recall }) {
  if (!passage || !recall) return [];
  return passage.bytes.map((bytes, index) => ({ bytes, bits: recall.bits[index], by: "typed" }));
}

/** The mean of `bits` over the last `window` tokens, at each token. */
export function smoothed(bits, window = 8) {
  return bits.map((_, index) => {
    const around = bits.slice(Math.max(0, index - window + 1), index + 1).filter((value) => value !== null);
    return around.length ? around.reduce((sum, value) => sum + value, 0) / around.length : null;
  });
}
