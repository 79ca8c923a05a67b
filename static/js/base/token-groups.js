/**
 * What to draw for a token. Tokens are bytes: most hold whole characters, some a part of one. Neighbours that
 * hold whole characters only together make a group; the character is drawn once over it, and each token of the
 * group shows its own bytes.
 */

import { decodeUtf8 } from "./bytes.js";

const isContinuation = (byte) => (byte & 0xc0) === 0x80;

/** The last token of the group that starts at token `first`. */
export function endOfGroup(list, first) {
  let last = first;
  while (last + 1 < list.length && !list.special[last] && !list.special[last + 1]) {
    const next = list.ends[last];
    if (next >= list.bytes.length || !isContinuation(list.bytes[next])) break;
    last += 1;
  }
  return last;
}

const MARKS = new Map([
  [" ", "·"],
  ["\t", "⇥"],
  ["\u00a0", "⍽"],
]);
const NAMES = new Map([
  ["\u00ad", "SHY"],
  ["\u034f", "CGJ"],
  ["\u061c", "ALM"],
  ["\u200b", "ZWSP"],
  ["\u200c", "ZWNJ"],
  ["\u200d", "ZWJ"],
  ["\u200e", "LRM"],
  ["\u200f", "RLM"],
  ["\u2028", "LS"],
  ["\u2029", "PS"],
  ["\u202a", "LRE"],
  ["\u202b", "RLE"],
  ["\u202c", "PDF"],
  ["\u202d", "LRO"],
  ["\u202e", "RLO"],
  ["\u2060", "WJ"],
  ["\u2066", "LRI"],
  ["\u2067", "RLI"],
  ["\u2068", "FSI"],
  ["\u2069", "PDI"],
  ["\ufeff", "BOM"],
]);
const PIECES = / {4,}|(?:\r?\n){4,}|\r\n|[\s\S]/gu;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}]/u;
const VARIATION = /^[\ufe00-\ufe0f]$/;
const COMBINING = /^\p{M}/u;
const SHORTEST_RUN = 4;

/** "⟨ZWSP⟩", "⟨0x07⟩", "⟨U+2009⟩": a name for a character that leaves no ink. */
function nameOf(character) {
  const code = character.codePointAt(0).toString(16).toUpperCase();
  const byCode = /\p{Cc}/u.test(character) ? `0x${code.padStart(2, "0")}` : `U+${code.padStart(4, "0")}`;
  return `⟨${NAMES.get(character) ?? byCode}⟩`;
}

/**
 * Whole text as pieces `{kind, text, mark, breaks}`. Kinds: `text` (ink), `space` (a blank character with a mark to
 * lay over it), `run` (four and more spaces), `newline` (a mark, `breaks` lines), `name` (no ink of its own),
 * `combining` (a mark without the letter it belongs on, shown on a dotted circle).
 *
 * Example: textPieces(" a\n") is a space "·", the text "a" and a newline "↵" of one break.
 */
export function textPieces(text) {
  const pieces = [];
  for (const [found] of text.matchAll(PIECES)) {
    const last = pieces.at(-1);
    const onInk = last?.kind === "text" || last?.kind === "combining";
    const piece = pieceOf(found, !onInk);
    const joins = last?.kind === "text" || (last?.kind === "combining" && COMBINING.test(found));
    if (piece.kind === "text" && joins) last.text += piece.text;
    else pieces.push(piece);
  }
  return pieces;
}

/** `bare`: there is no ink before it that a combining mark could stand on. */
function pieceOf(found, bare) {
  if (found.endsWith("\n")) return newline(found);
  if (found.length >= SHORTEST_RUN) return { kind: "run", text: found, mark: `␣×${found.length}`, breaks: 0 };
  if (found === "\r") return { kind: "name", text: "", mark: "␍", breaks: 0 };
  if (MARKS.has(found)) return { kind: "space", text: found, mark: MARKS.get(found), breaks: 0 };
  if (INVISIBLE.test(found) || found === "\u034f" || (bare && VARIATION.test(found))) {
    return { kind: "name", text: "", mark: nameOf(found), breaks: 0 };
  }
  if (bare && COMBINING.test(found)) return { kind: "combining", text: `◌${found}`, mark: "", breaks: 0 };
  return { kind: "text", text: found, mark: "", breaks: 0 };
}

function newline(found) {
  const breaks = found.split("\n").length - 1;
  const sign = found.startsWith("\r") ? "␍↵" : "↵";
  const mark = breaks >= SHORTEST_RUN ? `${sign}×${breaks}` : sign.repeat(breaks);
  return { kind: "newline", text: "", mark, breaks };
}

/** The pieces of one token's bytes: whole characters as text, parts of one as a `bytes` piece in hex. */
export function tokenPieces(bytes) {
  if (bytes.length === 0) return [{ kind: "name", text: "", mark: "⟨⟩", breaks: 0 }];
  const text = decodeUtf8(bytes);
  if (text !== null) return textPieces(text);
  const pieces = [];
  let from = 0;
  for (const [start, end] of wholeRuns(bytes)) {
    if (start > from) pieces.push(hexPiece(bytes.subarray(from, start)));
    pieces.push(...textPieces(decodeUtf8(bytes.subarray(start, end))));
    from = end;
  }
  if (from < bytes.length) pieces.push(hexPiece(bytes.subarray(from)));
  return pieces;
}

const hexPiece = (bytes) => ({ kind: "bytes", text: upperHex(bytes), mark: "", breaks: 0 });

/** "F0 9F 98". */
export function upperHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
}

/** The stretches of whole characters in bytes that are not a text: `[[start, end], ...]`. */
function wholeRuns(bytes) {
  const runs = [];
  for (let at = 0; at < bytes.length; ) {
    const length = wholeCharacter(bytes, at);
    if (length === 0) {
      at += 1;
    } else {
      if (runs.at(-1)?.[1] === at) runs.at(-1)[1] = at + length;
      else runs.push([at, at + length]);
      at += length;
    }
  }
  return runs;
}

function wholeCharacter(bytes, at) {
  const lead = bytes[at];
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return length === 1 || decodeUtf8(bytes.subarray(at, at + length)) !== null ? length : 0;
}

/**
 * Tokens `first..last` as units to draw: `{first, last, glyph, chips}`; `glyph` holds the pieces of the character
 * that the tokens share (null for a token that stands alone), `chips` the pieces of each token.
 */
export function unitsOf(list, first, last) {
  const units = [];
  for (let index = first; index <= last; ) {
    const end = Math.min(endOfGroup(list, index), last);
    const chips = [];
    for (let token = index; token <= end; token += 1) {
      const { bytes, special } = list.at(token);
      const name = special ? decodeUtf8(bytes) : null;
      chips.push(name === null ? tokenPieces(bytes) : [{ kind: "text", text: name, mark: "", breaks: 0 }]);
    }
    const shared = end > index ? decodeUtf8(list.bytes.subarray(list.startOf(index), list.ends[end])) : null;
    units.push({ first: index, last: end, glyph: shared === null ? null : textPieces(shared), chips });
    index = end + 1;
  }
  return units;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Whether a text has letters that run from right to left. */
export function runsRightToLeft(text) {
  return RIGHT_TO_LEFT.test(text);
}

/** Whether a token starts a word: a letter or digit first, or after one blank, with no letter just before it. */
export function startsWord(list, index) {
  const text = decodeUtf8(list.bytesOf(index));
  if (text === null || list.special[index]) return false;
  const match = /^(\s*)[\p{L}\p{N}]/u.exec(text);
  if (match === null) return false;
  return match[1] !== "" || !endsInLetter(list, index);
}

function endsInLetter(list, index) {
  let start = list.startOf(index);
  const end = start;
  if (end === 0) return false;
  do start -= 1;
  while (start > 0 && isContinuation(list.bytes[start]));
  return /[\p{L}\p{N}\p{M}]/u.test(decodeUtf8(list.bytes.subarray(start, end)) ?? "");
}
