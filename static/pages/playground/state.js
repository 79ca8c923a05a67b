// The playground's state as plain JSON: for share links, for the language switch, and for a reload of the tab.
//
// Tokens are kept as columns, since thousands of small objects would not fit in a link: ids, bytes, authors, and of
// each step what cannot be had again without the model. Alternatives stay home unless `whole` is asked for.

import { freezeDocument } from "./document.js";
import { clampParam } from "../../js/base/sampling-params.js";

const AUTHORS = { start: "s", typed: "t", model: "m" };
const AUTHOR_OF = { s: "start", t: "typed", m: "model" };
const SCORE_COLUMNS = 3; // of a typed token; a step has seven
const round = (value, digits = 4) => (value === null || value === undefined ? null : Number(value.toFixed(digits)));

/** The document as columns; `whole` keeps the alternatives of every step too. */
export function packDocument(entries, { whole = false } = {}) {
  const tokens = entries.filter((entry) => entry.draft === undefined);
  const drafts = entries.flatMap(({ draft }, i) => (draft === undefined ? [] : [[i, draft]]));
  const runs = [...new Set(tokens.map(({ run }) => run).filter(Boolean))];
  const steps = tokens.map(({ step, score, run }) => {
    if (!step) return score ? [round(score.raw_logprob), score.rank, round(score.entropy_bits, 2)] : 0;
    const { raw_logprob, processed_logprob, rank, entropy_bits, u, kept } = step;
    return [round(raw_logprob), round(processed_logprob), rank, round(entropy_bits, 2), u, kept, runs.indexOf(run)];
  });
  return {
    ids: tokens.map(({ id }) => id),
    bytes: tokens.map(({ bytes }) => bytes).join(","),
    by: tokens
      .map(({ by, chosen, special }) =>
        chosen ? "c" : special && by !== "start" ? AUTHORS[by].toUpperCase() : AUTHORS[by],
      )
      .join(""),
    steps,
    runs,
    ...(drafts.length > 0 ? { drafts } : {}),
    ...(whole ? { tops: tokens.map(({ step }) => step?.top ?? 0) } : {}),
  };
}

/** The document again. Throws where the columns do not fit together. */
export function unpackDocument({ ids, bytes, by, steps, runs = [], tops = [], drafts = [] }) {
  const hex = ids.length > 0 ? bytes.split(",") : [];
  if (hex.length !== ids.length || by.length !== ids.length || steps.length !== ids.length)
    throw new RangeError("columns differ");
  const table = runs.map((run) => Object.freeze(run));
  const entries = ids.map((id, i) => {
    if (!Number.isSafeInteger(id) || id < 0 || !/^([0-9a-f]{2})*$/.test(hex[i])) throw new RangeError("not a token");
    const mark = by[i];
    const author = mark === "c" ? "model" : AUTHOR_OF[mark.toLowerCase()];
    if (author === undefined) throw new RangeError("nobody wrote this token");
    const token = { id, bytes: hex[i], special: author === "start" || /[TM]/.test(mark), by: author };
    if (mark === "c") token.chosen = true;
    if (steps[i]?.length === SCORE_COLUMNS) {
      const [raw_logprob, rank, entropy_bits] = steps[i];
      token.score = Object.freeze({ id, bytes: hex[i], raw_logprob, rank, entropy_bits, top: [] });
    } else if (steps[i]) {
      const [raw_logprob, processed_logprob, rank, entropy_bits, u, kept, run] = steps[i];
      const step = {
        id,
        bytes: hex[i],
        raw_logprob,
        processed_logprob,
        rank,
        entropy_bits,
        u,
        kept,
        top: tops[i] || [],
      };
      token.step = Object.freeze(step);
      if (run >= 0) token.run = table[run];
    }
    return Object.freeze(token);
  });
  for (const [at, draft] of drafts)
    entries.splice(at, 0, Object.freeze({ draft: String(draft), by: "typed", was: [] }));
  return freezeDocument(entries);
}

const VIEWS = ["plain", "surprise", "rank", "kept"];
const MOST_TOKENS = 1024;

const wholeNumber = (value, least, most, otherwise) =>
  Number.isSafeInteger(value) ? Math.min(most, Math.max(least, value)) : otherwise;

/** Settings from a link, each inside its range; what is missing or strange takes the value it has in `defaults`. */
export function readSettings(settings, defaults) {
  const params = Object.fromEntries(
    Object.entries(defaults.params).map(([name, value]) => [
      name,
      clampParam(name, settings?.params?.[name] ?? value) ?? value,
    ]),
  );
  const stops = Array.isArray(settings?.stops)
    ? settings.stops.filter((stop) => typeof stop === "string" && stop !== "").slice(0, 4)
    : [];
  return {
    params,
    stops,
    maxTokens: wholeNumber(settings?.maxTokens, 1, MOST_TOKENS, defaults.maxTokens),
    count: [1, 4, 8].includes(settings?.count) ? settings.count : 1,
    seed: wholeNumber(settings?.seed, 0, Number.MAX_SAFE_INTEGER, null),
    locked: settings?.locked === true,
    ignoreEos: settings?.ignoreEos === true,
    startless: settings?.startless === true,
    view: VIEWS.includes(settings?.colour) ? settings.colour : defaults.view,
  };
}
