// A distribution in a few hundred numbers, for the example that the page opens with, for a link and for this tab.

import { Distribution } from "../../js/base/distribution.js";

const LISTED = 60; // tokens known by name
const KNOTS = 300; // of the tail
const round = (logprob) => Math.round(logprob * 1e5) / 1e5;

/**
 * Ranked log-probabilities again: the listed tokens exactly, the tail between its knots [rank, log-probability] by
 * straight lines over the logarithm of the rank. Tokens of the tail have id -1.
 *
 * @param {{ vocabulary: number, listed: [number, string, number][], tail: [number, number][],
 *   picked?: [number, number, string, number] | null }} summary `picked`: index, id, bytes, log-probability of one more
 */
export function fromSummary({ vocabulary, listed, tail, picked = null }) {
  const ids = new Int32Array(vocabulary).fill(-1);
  const logprobs = new Float64Array(vocabulary);
  listed.forEach(([id, , logprob], index) => {
    ids[index] = id;
    logprobs[index] = logprob;
  });
  for (let knot = 0; knot + 1 < tail.length; knot += 1) {
    const [from, high] = tail[knot];
    const [to, low] = tail[knot + 1];
    const span = Math.log(to / from);
    for (let rank = Math.max(from, listed.length) + 1; rank <= to; rank += 1) {
      logprobs[rank - 1] = high + ((low - high) * Math.log(rank / from)) / span;
    }
  }
  if (picked !== null) [ids[picked[0]], logprobs[picked[0]]] = [picked[1], picked[3]];
  return new Distribution(ids, logprobs);
}

/** Whether this is a summary: it may come from a link, and anyone may write one. */
export function isSummary(summary) {
  const { vocabulary, listed, tail, picked = null } = summary ?? {};
  const whole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
  const token = (/** @type {any[]} */ [id, bytes, logprob]) =>
    whole(id, 2 ** 31) && /^([0-9a-f]{2})*$/.test(bytes) && logprob <= 0;
  if (!whole(vocabulary, 2 ** 20) || vocabulary < 2 || !Array.isArray(listed) || !Array.isArray(tail)) return false;
  if (listed.length === 0 || listed.length > vocabulary || !listed.every((row) => Array.isArray(row) && token(row)))
    return false;
  if (picked !== null && !(Array.isArray(picked) && whole(picked[0], vocabulary - 1) && token(picked.slice(1))))
    return false;
  return (
    tail.length > 0 &&
    tail.every((knot) => Array.isArray(knot) && whole(knot[0], vocabulary) && knot[1] <= 0) &&
    tail.every(([rank], index) => index === 0 || rank > tail[index - 1][0]) &&
    tail[0][0] <= listed.length &&
    tail.at(-1)[0] === vocabulary
  );
}

/** The bytes of the tokens that a summary names, by id. */
export function namesIn({ tokens = [], listed, picked = null }) {
  const more = picked === null ? [] : [[picked[1], picked[2]]];
  return new Map([...tokens.map(({ id, bytes }) => [id, bytes]), ...listed.map(([id, bytes]) => [id, bytes]), ...more]);
}

/** What `fromSummary` takes, of a distribution whose tokens `hexOf(id)` names; `index` is one that was picked. */
export function summaryOf(distribution, hexOf, index = null) {
  const { size, ids, logprobs } = distribution;
  const count = Math.min(LISTED, size);
  const listed = Array.from({ length: count }, (_, index) => [ids[index], hexOf(ids[index]), round(logprobs[index])]);
  const ranks = new Set([count, size]);
  for (let knot = 1; knot < KNOTS; knot += 1) ranks.add(Math.round(count * (size / count) ** (knot / KNOTS)));
  const tail = [...ranks].sort((a, b) => a - b).map((rank) => [rank, round(logprobs[rank - 1])]);
  const picked =
    index === null || index < count ? null : [index, ids[index], hexOf(ids[index]), round(logprobs[index])];
  return { vocabulary: size, listed, tail, picked: picked?.[2] ? picked : null };
}
