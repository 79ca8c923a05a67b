// The odds of the next token as an answer of /api/next-token gives them: the likeliest by name, the others together.

const STRIP = 1 / 120; // a thinner token is drawn together with others: about 8 pixels of a wide screen
const KEPT = 24; // tokens that a link or this tab remembers

/**
 * The text that is asked about: after a lone space a model expects no word, so a space just typed waits. One that was
 * rolled is a token like any other.
 */
export function asked({ text, ids }) {
  return ids === null ? text.replace(/ +$/, "") : text;
}

/** What odds are of: the text, and where tokens were rolled their number, for not every token adds to the text. */
export function subjectOf(state) {
  return state.ids === null ? asked(state) : `${state.text}\u0000${state.ids.length}`;
}

/**
 * @param {{ ids: number[] | null, remainder: number, vocabulary: number, entropy_bits: number,
 *   top: { id: number, bytes: string, raw_logprob?: number, p?: number, special?: boolean }[] }} answer
 * @param {{ of: string, model: string }} about its subject, and whose answer it is
 */
export function oddsFrom({ ids, top, remainder, vocabulary, entropy_bits: entropyBits }, { of, model }) {
  const rows = top.map(({ id, bytes, special = false, raw_logprob: logprob, p = Math.exp(logprob) }) => ({
    id,
    bytes,
    special,
    p,
  }));
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

/** The parts of a text that a model wrote, after a person changed it: those before the first change. */
export function stillWritten(written, before, after) {
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  return written.filter(([, end]) => end <= same);
}

const isShare = (value) => Number.isFinite(value) && value >= 0 && value <= 1;
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isHex = (value) => typeof value === "string" && /^([0-9a-f]{2})*$/.test(value);
const isRow = (row) => isCount(row?.id) && isHex(row.bytes) && isShare(row.p);

/** Odds from a link, which anyone may write; null where they are none. */
export function readOdds(odds) {
  const { of, model, ids, rows, remainder, vocabulary, entropyBits } = odds ?? {};
  const whole =
    typeof of === "string" &&
    typeof model === "string" &&
    Array.isArray(ids) &&
    ids.every(isCount) &&
    Array.isArray(rows) &&
    rows.length > 0 &&
    rows.every(isRow) &&
    isShare(remainder) &&
    isCount(vocabulary) &&
    entropyBits >= 0;
  return whole ? odds : null;
}

/** What the dice did last, from a link. */
export function readRoll(roll) {
  const whole =
    ["dice", "hand"].includes(roll?.by) &&
    isShare(roll.u) &&
    isShare(roll.p) &&
    isHex(roll.bytes) &&
    isHex(roll.best?.bytes) &&
    isShare(roll.best.p);
  return whole ? roll : null;
}

/** What a model wrote of a text, from a link: parts that follow one another inside it. */
export function readWritten(written, text) {
  let at = 0;
  const whole =
    Array.isArray(written) &&
    written.every((part) => {
      const [start, end] = Array.isArray(part) ? part : [];
      const fits = isCount(start) && isCount(end) && at <= start && start <= end && end <= text.length;
      at = end;
      return fits;
    });
  return whole ? written : [];
}
