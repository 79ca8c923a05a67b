// The odds of the next token as an answer of /api/next-token gives them: the likeliest by name, the others together.

import { decodeUtf8, hexToBytes } from "../../js/base/bytes.js";

const STRIP = 1 / 120; // a thinner token is drawn together with others: about 8 pixels of a wide screen
const KEPT = 24; // tokens that a link or this tab remembers

/** The text that is asked about: after a lone space a model expects no word, so a space just typed waits. */
export function asked(text) {
  return text.replace(/ +$/, "");
}

/**
 * @param {{ ids: number[] | null, top: { id: number, bytes: string, raw_logprob?: number, p?: number, special?: boolean }[],
 *   remainder: number, vocabulary: number, entropy_bits: number }} answer
 * @param {{ of: string, model: string }} about the text it is about, and whose answer it is
 */
export function oddsFrom({ ids, top, remainder, vocabulary, entropy_bits: entropyBits }, { of, model }) {
  const rows = top.map(({ id, bytes, special = false, raw_logprob: logprob, p = Math.exp(logprob) }) => ({ id, bytes, special, p }));
  return { of, model, ids, rows, remainder, vocabulary, entropyBits };
}

/** The same, short enough for a link; what is not named any more is among the others. */
export function shortened(odds) {
  const rows = odds.rows.slice(0, KEPT);
  const named = rows.reduce((sum, { p }) => sum + p, 0);
  return { ...odds, rows, remainder: rows.length < odds.rows.length ? 1 - named : odds.remainder };
}

/** What stands in the list of `count` bars: those, and all others as one. */
export function bars({ rows, vocabulary }, count) {
  const shown = rows.slice(0, count);
  return { rows: shown, others: { n: vocabulary - shown.length, p: 1 - shown.reduce((sum, { p }) => sum + p, 0) } };
}

/** The strip from 0 to 1: a piece for each token wide enough to be seen, one for all others. */
export function strip({ rows, vocabulary }) {
  const pieces = [];
  let start = 0;
  for (const { id, bytes, p } of rows) {
    if (p < STRIP) break;
    pieces.push({ id, bytes, start, end: start + p, count: 1 });
    start += p;
  }
  return [...pieces, { id: null, bytes: "", start, end: 1, count: vocabulary - pieces.length }];
}

/** The place in the list of the token that u in [0, 1) lands on; -1 where it is none of those known by name. */
export function landing({ rows }, u) {
  let reached = 0;
  return rows.findIndex(({ p }) => {
    reached += p;
    return u < reached;
  });
}

/** Where in [0, 1) a token of the list lies: its middle. */
export function middle({ rows }, index) {
  return rows.slice(0, index).reduce((sum, { p }) => sum + p, 0) + rows[index].p / 2;
}

/** What a token adds to a text. */
export function textOf({ bytes, special = false }) {
  return special ? "" : (decodeUtf8(hexToBytes(bytes)) ?? "");
}

/** The parts of a text that a model wrote, after a person changed it: those before the first change. */
export function stillWritten(written, before, after) {
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  return written.filter(([, end]) => end <= same);
}
