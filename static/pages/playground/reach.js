// Whether the sampling parameters leave a token any chance, told from its score: rank, probability, likeliest ones.

/**
 * The first parameter that makes the token impossible, as {name, value}, or null where none surely does. The top list
 * is short, so top-p is judged by the mass it shows: that can only miss a cut, never invent one.
 */
export function impossibleUnder(params, { raw_logprob, rank, top }) {
  if (raw_logprob === null || rank === null || rank === undefined || rank === 1) return null;
  if (params.temperature === 0) return { name: "temperature", value: 0 };
  if (params.top_k > 0 && rank > params.top_k && !tiedWithLast(params.top_k, raw_logprob, top)) {
    return { name: "top_k", value: params.top_k };
  }
  if (params.top_p < 1 && params.temperature === 1) {
    const before = top.slice(0, rank - 1).reduce((mass, { raw_logprob: logprob }) => mass + Math.exp(logprob), 0);
    if (before >= params.top_p) return { name: "top_p", value: params.top_p };
  }
  if (params.min_p > 0 && top.length > 0) {
    const ratio = Math.exp((raw_logprob - top[0].raw_logprob) / params.temperature);
    if (ratio < params.min_p) return { name: "min_p", value: params.min_p };
  }
  return null;
}

function tiedWithLast(k, logprob, top) {
  return top.length >= k && top[k - 1].raw_logprob === logprob;
}
