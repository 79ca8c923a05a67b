// A recitation beside its original, as pieces to show and as numbers. No DOM.

import { decodeUtf8, hexToBytes, visibleText } from "../../js/base/bytes.js";

/**
 * What is known of a text: its tokens, the model's opinion of each, recitals by the length of their opening, and one
 * that is being written.
 *
 * @typedef {{
 *   passage?: { bytes: string[] },
 *   recall?: any,
 *   recitals?: Record<number, any>,
 *   writing?: { prefix: number, bytes: string[] },
 *   text?: string,
 * }} Known
 */

/**
 * Pieces in reading order, `{kind, bytes: [hex]}` (`text` alone where its tokens are not known yet):
 * `given` (the prefix), `same` (the model wrote what stands in the text), `drift` (it wrote something else),
 * `missed` (what the text has there), `unread` (behind the end of the recitation).
 *
 * With a finished recital its own alignment counts; while it is being written, or where only teacher forcing
 * is known, everything behind the first difference is drift.
 *
 * @param {Known} known
 * @param {number} prefix
 * @param {number} [length]
 */
export function pieces(known, prefix, length = Infinity) {
  const { passage, recall, writing: underway, text = "" } = known;
  if (!passage) return text ? [{ kind: "unread", bytes: [], text }] : [];
  const original = passage.bytes.slice(prefix, prefix + length);
  const given = { kind: "given", bytes: passage.bytes.slice(0, prefix) };
  const recital = recitalFrom(known, prefix);
  if (recital) return [given, ...aligned(original, recital)];
  if (underway?.prefix === prefix) return [given, ...provisional(original, underway.bytes)];
  return [given, ...foreseen(original, recall, prefix)];
}

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
 * The recital from this opening: the one that was run, or one that follows from what is known, or null.
 *
 * Greedy writing from two openings that reach the same place has the same text before it there, so from there on it
 * writes the same: one recital stands for all openings that lead to its first slip.
 *
 * @param {Known} known
 * @param {number} prefix
 */
export function recitalFrom({ passage, recall, recitals = {} }, prefix) {
  if (recitals[prefix]) return recitals[prefix];
  if (!recall) return null;
  const reached = prefix + greedyRun(recall.ranks, prefix);
  const other = Object.values(recitals).find(({ prefix: start, run }) => start + run === reached);
  return other ? moved(other, passage.bytes, prefix, reached) : null;
}

function moved({ prefix: start, bytes, run, equal, total, stretches, ...rest }, text, prefix, reached) {
  const more = start - prefix; // tokens that this opening leaves to the model, and that one gave
  const shift = ([from, to]) => [from + more, to + more];
  const behind = stretches
    .slice(run > 0 ? 1 : 0)
    .map(({ same, original, written }) => ({ same, original: shift(original), written: shift(written) }));
  const kept = [0, reached - prefix];
  return {
    ...rest,
    prefix,
    bytes: more < 0 ? bytes.slice(-more) : [...text.slice(prefix, start), ...bytes],
    run: reached - prefix,
    equal: equal + more,
    total: total + more,
    stretches: reached > prefix ? [{ same: true, original: kept, written: kept }, ...behind] : behind,
  };
}

/**
 * What stands at figure size: how many of the tokens that the text has left match. `whole` where that counts behind the
 * first slip as well; elsewhere only the tokens before it are known.
 *
 * @param {Known} known
 * @param {number} prefix
 * @param {number} length at most so many tokens are written
 */
export function scoreOf(known, prefix, length) {
  const { passage, recall, writing: underway } = known;
  const recital = recitalFrom(known, prefix);
  if (recital) return { equal: recital.equal, total: recital.total, run: recital.run, whole: true };
  if (!passage || !recall) return null;
  const total = Math.min(length, passage.bytes.length - prefix);
  const run = greedyRun(recall.ranks, prefix, total);
  const written = underway?.prefix === prefix ? underway.bytes.length : total;
  return { equal: Math.min(run, written), total, run, whole: run === total && written === total };
}

/** How far into the text greedy writing gets from an opening of 1, 2, ... tokens, before its first slip. */
export function reaches({ ranks }, longest) {
  const openings = Math.min(longest, ranks.length - 1);
  return Array.from({ length: openings }, (_, index) => index + 1 + greedyRun(ranks, index + 1));
}

/** The shortest opening after which most tokens follow without a slip, and how many: `{prefix, run}`. */
export function bestOpening(recall, longest) {
  const runs = reaches(recall, longest).map((reached, index) => reached - (index + 1));
  const run = Math.max(...runs);
  return { prefix: runs.indexOf(run) + 1, run };
}

/** The tokens that the model writes after this opening, as far as they are known. */
export function writtenFrom(known, prefix) {
  const recital = recitalFrom(known, prefix);
  if (recital) return recital.bytes;
  const { passage, recall } = known;
  const reached = prefix + greedyRun(recall.ranks, prefix);
  return [...passage.bytes.slice(prefix, reached), ...recall.instead.slice(reached, reached + 1)];
}

/** The text of tokens; where they end in the middle of a character, with its bytes in hexadecimal. */
export function textOf(bytes) {
  const hex = bytes.join("");
  return decodeUtf8(hexToBytes(hex)) ?? bytes.map((one) => decodeUtf8(hexToBytes(one)) ?? visibleText(one)).join("");
}

/** Tokens of a text on the screen, for a heat strip. */
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
