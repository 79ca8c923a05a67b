// The document: a frozen list of tokens, and the only truth about the text.
//
// An entry is a token {id, bytes (hex), special, by: "start"|"typed"|"model", step?, score?, run?, ...}, or, until
// the server has cut it, a draft {draft: text, by: "typed", was: [tokens]}. Text is derived: the bytes of all
// entries, decoded over the whole run. No function here changes its argument.

import { decodeUtf8, hexToBytes } from "../../js/base/bytes.js";
import { decodeVisibly, shapeOf } from "../../js/base/utf8.js";

export const EMPTY_DOCUMENT = Object.freeze([]);
const LONGEST_SPLIT = 8; // tokens that may share one character before it counts as broken

const wholeTexts = new WeakMap(); // token -> its text, null where a character is cut in half

export function freezeDocument(entries) {
  return Object.freeze(entries);
}

function wholeText(token) {
  if (!wholeTexts.has(token)) {
    wholeTexts.set(token, decodeUtf8(hexToBytes(token.bytes)));
  }
  return wholeTexts.get(token);
}

/**
 * The text, piece by piece: {from, to, start, end, text, shown, opaque}. `from`..`to` are entries, `start`..`end`
 * UTF-16 offsets. A piece is one token, or the few that share a character. An opaque piece (half a character, a
 * special token) can be removed but not edited. `shown` is as long as `text`: only carriage returns differ, since
 * a text area cannot hold them. `hold` keeps half a character at the very end back, while more may come.
 */
export function piecesOf(entries, { hold = false } = {}) {
  const pieces = [];
  let offset = 0;
  const push = (from, to, text, opaque = false) => {
    pieces.push({
      from,
      to,
      start: offset,
      end: offset + text.length,
      text,
      shown: text.replaceAll("\r", "␍"),
      opaque,
    });
    offset += text.length;
  };
  for (let i = 0; i < entries.length; ) {
    const entry = entries[i];
    if (entry.draft !== undefined) push(i, i + 1, entry.draft);
    else if (entry.by === "start") push(i, i + 1, "", true);
    else if (entry.special) push(i, i + 1, decodeVisibly(hexToBytes(entry.bytes)), true);
    else if (wholeText(entry) !== null) push(i, i + 1, wholeText(entry));
    else {
      const group = groupAt(entries, i);
      if (group.shape === "whole") push(i, group.to, decodeUtf8(group.bytes));
      else if (hold && group.shape === "partial" && group.to === entries.length)
        push(i, group.to, wholePart(group.bytes), true);
      else push(i, i + 1, decodeVisibly(hexToBytes(entry.bytes)), true);
    }
    i = pieces.at(-1).to;
  }
  return pieces;
}

// The tokens from `from` on whose bytes together are whole characters.
function groupAt(entries, from) {
  let bytes = new Uint8Array();
  let to = from;
  let shape = "partial";
  while (shape === "partial" && to < entries.length && to - from < LONGEST_SPLIT) {
    const entry = entries[to];
    if (entry.draft !== undefined || entry.special || entry.by === "start") return { shape: "broken", to, bytes };
    bytes = Uint8Array.from([...bytes, ...hexToBytes(entry.bytes)]);
    shape = shapeOf(bytes);
    to += 1;
  }
  return { shape, to, bytes };
}

function wholePart(bytes) {
  let end = bytes.length;
  while (end > 0 && shapeOf(bytes.subarray(0, end)) !== "whole") end -= 1;
  return decodeUtf8(bytes.subarray(0, end));
}

export function textOf(entries) {
  return piecesOf(entries)
    .map((piece) => piece.text)
    .join("");
}

export function idsOf(entries) {
  return entries.map((entry) => {
    if (entry.draft !== undefined) throw new Error("a draft has no token ids yet");
    return entry.id;
  });
}

export function draftsOf(entries) {
  return entries.filter((entry) => entry.draft !== undefined);
}

/**
 * Replace the text from `start` to `end` by `text`. What was typed around it is cut anew with it, as one run;
 * of the model's tokens only those the edit touches. Everything after loses its numbers: its past has changed.
 */
export function editDocument(entries, start, end, text) {
  const pieces = piecesOf(entries);
  const touched = (piece) =>
    start === end ? piece.start < start && piece.end > start : piece.start < end && piece.end > start;
  let first = pieces.findIndex(touched);
  let last = pieces.findLastIndex(touched);
  if (first === -1) {
    const next = pieces.findIndex((piece) => piece.start >= start && entries[piece.from].by !== "start");
    first = next === -1 ? pieces.length : next;
    last = first - 1;
  }
  let run = text;
  if (last >= first) {
    const head = pieces[first];
    const tail = pieces[last];
    if (!head.opaque) run = head.text.slice(0, Math.max(0, start - head.start)) + run;
    if (!tail.opaque) run += tail.text.slice(Math.max(0, end - tail.start));
  }
  const typed = (piece) => piece !== undefined && !piece.opaque && entries[piece.from].by === "typed";
  while (typed(pieces[first - 1])) {
    first -= 1;
    run = pieces[first].text + run;
  }
  while (typed(pieces[last + 1])) {
    last += 1;
    run += pieces[last].text;
  }
  const from = first < pieces.length ? pieces[first].from : entries.length;
  const to = last >= first ? pieces[last].to : from;
  const was = entries.slice(from, to).flatMap((entry) => entry.was ?? [entry]);
  const middle = run === "" ? [] : [Object.freeze({ draft: run, by: "typed", was })];
  return freezeDocument([...entries.slice(0, from), ...middle, ...withoutNumbers(entries.slice(to))]);
}

/** Tokens whose past changed: what the model thought of them there no longer holds. */
export function withoutNumbers(entries) {
  return entries.map((entry) => {
    if (!entry.step && !entry.score) return entry;
    const { step, score, ...rest } = entry;
    return Object.freeze({ ...rest, ...(step || entry.moved ? { moved: true } : {}) });
  });
}

/** The server has cut `draft` into `tokens`; what is unchanged at its beginning keeps its numbers. */
export function settleDraft(entries, draft, tokens) {
  const at = entries.indexOf(draft);
  if (at === -1) return entries;
  let same = 0;
  const kept = (i) => draft.was[i]?.by === "typed" && draft.was[i].id === tokens[i].id;
  while (same < tokens.length && kept(same)) same += 1;
  const settled = tokens.map((token, i) => (i < same ? draft.was[i] : typedToken(token)));
  return freezeDocument([...entries.slice(0, at), ...settled, ...entries.slice(at + 1)]);
}

export function typedToken({ id, bytes, special = false }) {
  return Object.freeze({ id, bytes, special, by: "typed" });
}

export function startToken({ id, bytes }) {
  return Object.freeze({ id, bytes, special: true, by: "start" });
}

/** The same text after that token, or, with null, after nothing. */
export function startWith(entries, start) {
  const rest = entries[0]?.by === "start" ? entries.slice(1) : entries;
  return freezeDocument([...(start === null ? [] : [start]), ...withoutNumbers(rest)]);
}

/** One streamed step as a token; `run` says which request rolled it. */
export function modelToken(step, run) {
  const { id, bytes, special = false } = step;
  return Object.freeze({ id, bytes, special, by: "model", step: Object.freeze(step), run });
}

export function appendTokens(entries, tokens) {
  return freezeDocument([...entries, ...tokens]);
}

export function keepFirst(entries, count) {
  return freezeDocument(entries.slice(0, count));
}

/** Put `token` in place of entry `index`; `keep` says whether the text after it stays. */
export function swapToken(entries, index, token, { keep = false } = {}) {
  const after = keep ? withoutNumbers(entries.slice(index + 1)) : [];
  return freezeDocument([...entries.slice(0, index), token, ...after]);
}

/** Scores from the server, one per entry in order. A step keeps its own numbers, where it still has them all. */
export function withScores(entries, scores) {
  return freezeDocument(
    entries.map((entry, i) => {
      const score = scores[i];
      if (entry.draft !== undefined || entry.step?.top.length > 0 || !score || score.id !== entry.id) return entry;
      return Object.freeze({ ...entry, score });
    }),
  );
}

/** The entry whose text stands just before `offset`: the one the caret has passed. -1 where there is none. */
export function entryBefore(pieces, offset) {
  const piece = pieces.findLast((candidate) => candidate.start < offset && candidate.end > candidate.start);
  return piece ? piece.from : -1;
}

/** How many entries lie wholly before `offset`: where "continue here" cuts. */
export function entriesBefore(pieces, offset) {
  const piece = pieces.findLast((candidate) => candidate.end <= offset);
  return piece ? piece.to : 0;
}

/** Where old and new text differ: {start, end, text}, read as "replace start..end of the old text by text". */
export function changedRange(before, after, caret = after.length) {
  // What follows the caret was not touched: this tells which of two equal letters was typed.
  let tail = 0;
  if (before.endsWith(after.slice(caret))) tail = after.length - caret;
  else while (tail < Math.min(before.length, after.length) && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const most = Math.min(before.length, after.length) - tail;
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/** The same text cut by another tokenizer; who wrote what stays, by the byte each token begins at. */
export function recutDocument(entries, tokens) {
  const authors = [];
  let at = 0;
  for (const { by, bytes } of entries) {
    if (by === "start") continue;
    authors.push({ by, from: at });
    at += bytes.length / 2;
  }
  let offset = 0;
  const recut = tokens.map((token) => {
    const by = authors.findLast(({ from }) => from <= offset)?.by ?? "typed";
    offset += token.bytes.length / 2;
    return Object.freeze({ ...typedToken(token), by, ...(by === "model" ? { moved: true } : {}) });
  });
  return freezeDocument(recut);
}

/** Entries that tokenising the whole text would cut differently. `spans` are the canonical tokens {id, start, end}. */
export function unusualCuts(entries, spans) {
  const usual = new Map(spans.map((span) => [span.start, span]));
  const unusual = new Set();
  let at = 0;
  entries.forEach((entry, i) => {
    if (entry.draft !== undefined || entry.by === "start") return;
    const length = entry.bytes.length / 2;
    const span = usual.get(at);
    if (!entry.special && !(span && span.end === at + length && span.id === entry.id)) unusual.add(i);
    at += length;
  });
  return unusual;
}

/** Whether the text, at its end, has finished a sentence: not "1." and not "e.g." */
export function endsSentence(text) {
  return /\p{L}{2,}[^\s.!?。！？]*[.!?]["'”’)\]]*$|[。！？]["'”’」』）]*$|\n$/u.test(text.slice(-80));
}
