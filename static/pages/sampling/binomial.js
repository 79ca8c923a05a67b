// How far a count may stray by chance alone.

/**
 * The band that holds the count of successes in `n` tries with at least `confidence`: [low, high].
 *
 * Example: binomialBand(1000, 0.5) is [469, 531].
 */
export function binomialBand(n, p, confidence = 0.95) {
  if (p <= 0) return [0, 0];
  if (p >= 1) return [n, n];
  const tail = (1 - confidence) / 2;
  const odds = Math.log(p) - Math.log1p(-p);
  let logMass = n * Math.log1p(-p); // of exactly `count` successes
  let below = 0; // probability of fewer than `count`
  let low = null;
  for (let count = 0; count <= n; count += 1) {
    const upTo = below + Math.exp(logMass);
    if (low === null && upTo > tail) low = count;
    if (upTo >= 1 - tail) return [low ?? count, count];
    below = upTo;
    logMass += odds + Math.log((n - count) / (count + 1));
  }
  return [low ?? n, n];
}
