// How strongly a token stands out in each view: `heat` in [0, 1] for the tint, `level` 0 to 4 for the underline,
// so that nothing is told by colour alone. Level "" means: no number for this token.

const MOST_BITS = 12;
const NO_NUMBER = Object.freeze({ heat: 0, level: "" });

export function bitsOf(entry) {
  const logprob = (entry.step ?? entry.score)?.raw_logprob ?? null;
  return logprob === null ? null : -logprob / Math.LN2;
}

const levelOf = (value, limits) => limits.filter((limit) => value >= limit).length;

export const SURPRISE_LIMITS = [1, 3, 5, 8]; // bits
export const RANK_LIMITS = [2, 11, 101, 1001]; // the likeliest; to 10; to 100; to 1,000; beyond
export const KEPT_LIMITS = [2, 11, 101, 1001]; // tokens that were left to choose from

export function lookOf(entry, view, vocabulary) {
  const numbers = entry.step ?? entry.score ?? null;
  if (view === "surprise") {
    const bits = bitsOf(entry);
    if (bits === null) return NO_NUMBER;
    return { heat: Math.min(1, bits / MOST_BITS), level: levelOf(bits, SURPRISE_LIMITS) };
  }
  if (view === "rank") {
    if (!numbers?.rank) return NO_NUMBER;
    const level = levelOf(numbers.rank, RANK_LIMITS);
    return { heat: level / 4, level };
  }
  if (view === "kept") {
    if (!entry.step?.kept) return NO_NUMBER;
    const heat = Math.log2(entry.step.kept) / Math.log2(Math.max(2, vocabulary));
    return { heat: Math.min(1, heat), level: levelOf(entry.step.kept, KEPT_LIMITS) };
  }
  return NO_NUMBER;
}
