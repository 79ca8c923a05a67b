// A distribution in a few hundred numbers, for the example that the page opens with, for a link and for this tab.

import { Distribution } from "../../js/base/distribution.js";

const LISTED = 60; // tokens known by name
const KNOTS = 80; // of the tail
const round = (logprob) => Math.round(logprob * 1e5) / 1e5;

/**
 * Ranked log-probabilities again: the listed tokens exactly, the tail between its knots [rank, log-probability] by
 * straight lines over the logarithm of the rank. Tokens of the tail have id -1.
 *
 * @param {{ vocabulary: number, listed: [number, string, number][], tail: [number, number][] }} summary
 */
export function fromSummary({ vocabulary, listed, tail }) {
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
  return new Distribution(ids, logprobs);
}

/** The bytes of the tokens that a summary names, by id. */
export function namesIn({ tokens = [], listed }) {
  return new Map([...tokens.map(({ id, bytes }) => [id, bytes]), ...listed.map(([id, bytes]) => [id, bytes])]);
}

/** What `fromSummary` takes, of a distribution whose tokens `hexOf(id)` names. */
export function summaryOf(distribution, hexOf) {
  const { size, ids, logprobs } = distribution;
  const count = Math.min(LISTED, size);
  const listed = Array.from({ length: count }, (_, index) => [ids[index], hexOf(ids[index]), round(logprobs[index])]);
  const ranks = new Set([count, size]);
  for (let knot = 1; knot < KNOTS; knot += 1) ranks.add(Math.round(count * (size / count) ** (knot / KNOTS)));
  const tail = [...ranks].sort((a, b) => a - b).map((rank) => [rank, round(logprobs[rank - 1])]);
  return { vocabulary: size, listed, tail };
}
