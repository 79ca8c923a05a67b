// How strongly a token stands out in each view: a level from 0 to 4 that sets both tint and underline, so that
// nothing is told by colour alone. "" means that this token has no number for the view.

export const SURPRISE_LIMITS = [1, 3, 5, 8]; // bits
const RANK_LIMITS = [2, 11, 101, 1001]; // the likeliest; to 10; to 100; to 1,000; beyond
const KEPT_LIMITS = [2, 11, 101, 1001]; // tokens that were left to choose from

const levelOf = (value, limits) => limits.filter((limit) => value >= limit).length;

/** How surprising the token was, in bits; null where the model was not asked. */
export function bitsOf(entry) {
  const logprob = (entry.step ?? entry.score)?.raw_logprob ?? null;
  return logprob === null ? null : -logprob / Math.LN2;
}

export function levelIn(view, entry) {
  if (view === "surprise") {
    const bits = bitsOf(entry);
    return bits === null ? "" : levelOf(bits, SURPRISE_LIMITS);
  }
  const rank = (entry.step ?? entry.score)?.rank;
  if (view === "rank" && rank) return levelOf(rank, RANK_LIMITS);
  if (view === "kept" && entry.step?.kept) return levelOf(entry.step.kept, KEPT_LIMITS);
  return "";
}
