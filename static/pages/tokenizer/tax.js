/** What the same text costs in different languages, measured against the first row. */

/** Adds to each row `{tokens, bytes}`: bytes a token, tokens against the first row's, its share of the most in %. */
export function taxed(rows) {
  const most = Math.max(...rows.map(({ tokens }) => tokens));
  return rows.map((row) => ({
    ...row,
    bytesPerToken: row.bytes / row.tokens,
    ratio: row.tokens / rows[0].tokens,
    share: (100 * row.tokens) / most,
  }));
}
