// The example that the sampling page opens with, as a distribution, until the model itself answers.

import { Distribution } from "../../js/base/distribution.js";

/**
 * Ranked log-probabilities from the example: the listed tokens exactly, the tail between its knots
 * [rank, log-probability] by straight lines over the logarithm of the rank. Tokens of the tail have id -1.
 */
export function exampleDistribution({ vocabulary, listed, tail }) {
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

/** The bytes of the tokens that the example names, by id. */
export function exampleNames({ tokens, listed }) {
  return new Map([...tokens.map(({ id, bytes }) => [id, bytes]), ...listed.map(([id, bytes]) => [id, bytes])]);
}
