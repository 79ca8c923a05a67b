/** What a guess costs, in bits, beside what the model's cost: the log score of both. Pure. */

/**
 * Bits of a guess made with a certainty. The rest of the certainty is spread evenly over the other tokens, so that a
 * guess is a distribution as the model's is: -log2 of what it gave the token that came.
 *
 * Example: guessCost(true, 0.5, 262144) is 1, guessCost(false, 0.5, 262144) is 19.
 *
 * @param {boolean} right
 * @param {number} certainty above 0 and below 1
 * @param {number} vocabulary tokens there are
 */
export function guessCost(right, certainty, vocabulary) {
  return -Math.log2(right ? certainty : (1 - certainty) / (vocabulary - 1));
}

/** Bits of a token from its log-probability in nats. */
export function bitsOf(logprob) {
  return -logprob / Math.LN2;
}

/**
 * The first token of a longer text that is not one of the text it goes on with: the next one, or one that covers the
 * place where they meet.
 *
 * @template {{ id: number }} T
 * @param {T[]} scores of the longer text
 * @param {number[]} ids of the text
 */
export function firstAfter(scores, ids) {
  return scores.find(({ id }, index) => id !== ids[index]);
}

/** The guess as it goes on with the text: a word takes a blank before it where the text's own next one does. */
export function joined(guess, after) {
  const word = guess.trim();
  return after.startsWith(" ") && /^[\p{L}\p{N}]/u.test(word) ? ` ${word}` : word;
}

/** Sums over the texts guessed so far: `{texts, you, model, chance}`, bits a token. */
export function totals(results, vocabulary) {
  const mean = (key) => results.reduce((sum, result) => sum + result[key], 0) / results.length;
  return { texts: results.length, you: mean("you"), model: mean("model"), chance: Math.log2(vocabulary) };
}
