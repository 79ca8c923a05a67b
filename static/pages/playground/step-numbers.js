// The rows of a step's card: the likeliest tokens, the token itself wherever it ranks, and everything else.

const p = (logprob) => (logprob === null || logprob === undefined ? 0 : Math.exp(logprob));

/** {rows, remainder, single}: `single` where nothing was sampled, so that only the model's own numbers exist. */
export function rowsOf(entry, vocabulary) {
  // A step that came with a link has left its alternatives behind; a score brings the model's own again.
  const single = !entry.step || (entry.step.top.length === 0 && entry.score !== undefined);
  const numbers = single ? entry.score : entry.step;
  const rows = numbers.top.map((one, i) => ({
    id: one.id,
    bytes: one.bytes,
    rank: i + 1,
    raw: p(one.raw_logprob),
    processed: single ? 0 : p(one.processed_logprob),
    kept: single || (one.processed_logprob !== null && one.processed_logprob !== undefined),
  }));
  if (numbers.rank > 0 && !rows.some(({ id }) => id === entry.id)) {
    rows.push({
      id: entry.id,
      bytes: entry.bytes,
      rank: numbers.rank,
      raw: p(numbers.raw_logprob),
      processed: single ? 0 : p(numbers.processed_logprob),
      kept: true,
    });
  }
  const left = (name) => Math.max(0, 1 - rows.reduce((sum, row) => sum + row[name], 0));
  const processed = single ? 0 : left("processed");
  const remainder = {
    count: Math.max(0, vocabulary - rows.length),
    raw: left("raw"),
    processed,
    kept: single || processed > 1e-6,
  };
  return { rows, remainder, single };
}

/** Where among the kept tokens the roll fell: {from, to} in [0, 1], null where the list is too short to say. */
export function intervalOf(step) {
  const place = step.top.findIndex(({ id }) => id === step.id);
  if (place === -1) return null;
  const from = step.top.slice(0, place).reduce((sum, one) => sum + p(one.processed_logprob), 0);
  return { from, to: from + p(step.processed_logprob) };
}
