// What is known of each text: computed here, measured before, or brought along by a link. No DOM.

/** A text's name in a `Book`: the request's own words decide. */
export function keyOf({ text, swapped = false }) {
  return `${swapped ? "swapped" : "as it stands"}\n${text}`;
}

/** What is known of texts: `{passage, recall, recitals: {prefix: recital}, writing}` by `keyOf`. */
export class Book {
  #records = new Map();

  /** Whatever is known of a request's text; an empty record where nothing is. */
  of(request) {
    return this.#records.get(keyOf(request)) ?? { recitals: {} };
  }

  /** Add one part of an experiment's result. */
  add(request, kind, data) {
    const record = { ...this.of(request) };
    if (kind === "recital") record.recitals = { ...record.recitals, [data.prefix]: data };
    else if (kind === "written") record.writing = writing(record.writing, request.prefix, data);
    else record[kind] = data;
    this.#records.set(keyOf(request), record);
  }

  /** Every text of the book, as a link or this tab keeps it: `[{text, swapped, parts}]`. */
  kept() {
    return [...this.#records].map(([key, record]) => {
      const [form, ...text] = key.split("\n");
      return { text: text.join("\n"), swapped: form === "swapped", parts: shortened(record) };
    });
  }
}

function writing(before, prefix, { done, token }) {
  const bytes = before?.prefix === prefix && done > 1 ? before.bytes : [];
  return { prefix, bytes: [...bytes, token.bytes] };
}

/** The book of what was measured: the parts of `presets` that recite. */
export function measuredBook(presets, measurement) {
  const book = new Book();
  for (const { id, experiment, request } of presets) {
    if (experiment !== "recite") continue;
    for (const part of measurement?.results[id] ?? []) book.add(request, part.kind, part);
  }
  return book;
}

/** The book that `kept` gave; what is no result is left out, since a link may have been written by anyone. */
export function keptBook(kept) {
  const book = new Book();
  for (const { text, swapped, parts } of Array.isArray(kept) ? kept.filter(isEntry) : []) {
    const request = { text, swapped: swapped === true };
    const tokens = parts.find((part) => part?.kind === "passage" && isTokens(part.bytes))?.bytes.length;
    for (const part of tokens ? parts : []) if (isPart(part, tokens)) book.add(request, part.kind, part);
  }
  return book;
}

const SHORT = 3; // decimals that the page can show

function shortened({ passage, recall, recitals, writing }) {
  const parts = [];
  if (passage) parts.push({ kind: "passage", bytes: passage.bytes });
  if (recall) parts.push({ kind: "recall", ...recall, bits: recall.bits.map(rounded) });
  for (const { ids: _, ...recital } of Object.values(recitals)) parts.push({ ...recital, kind: "recital" });
  if (writing) parts.push({ kind: "writing", ...writing });
  return parts;
}

const rounded = (value) => (value === null ? null : Number(value.toFixed(SHORT)));

const isCount = (value) => Number.isInteger(value) && value >= 0;
const isTokens = (value) => Array.isArray(value) && value.every((one) => /^([0-9a-f]{2})*$/.test(one));
const isSpan = (value) => Array.isArray(value) && value.length === 2 && value.every(isCount);
const isEntry = (value) => typeof value?.text === "string" && Array.isArray(value.parts);

function isPart(part, tokens) {
  const all = (list, test) => Array.isArray(list) && list.length === tokens && list.every(test);
  const isNumber = (value) => value === null || Number.isFinite(value);
  switch (part?.kind) {
    case "passage":
      return isTokens(part.bytes);
    case "recall":
      return (
        all(part.bits, isNumber) &&
        all(part.ranks, isNumber) &&
        all(part.instead, () => true) &&
        isTokens(part.instead) &&
        ["second_half_bits", "second_half_probability", "second_half_rank"].every((name) => Number.isFinite(part[name]))
      );
    case "recital":
      return isRecital(part) && part.prefix < tokens;
    case "writing":
      return isCount(part.prefix) && isTokens(part.bytes);
    default:
      return false;
  }
}

/** Whether this is a recital, whatever it is a recital of. */
export function isRecital(part) {
  return (
    isTokens(part.bytes) &&
    [part.prefix, part.run, part.equal, part.total].every(isCount) &&
    Array.isArray(part.stretches) &&
    part.stretches.every((stretch) => isSpan(stretch?.original) && isSpan(stretch?.written))
  );
}

/** Whether this is what a model thinks of a text after one form of its opening. */
export function isOpening(part) {
  return isTokens(part.bytes) && isCount(part.run) && isCount(part.total) && Number.isFinite(part.mean_bits);
}
