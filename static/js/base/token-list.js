/**
 * A text cut into tokens, as typed arrays: a million tokens are 9 MB, and reading one makes no garbage.
 * Tokens stand for bytes of the text; offsets are byte offsets.
 */

import { hexToBytes } from "./bytes.js";

const LITTLE_ENDIAN = true;

export class TokenList {
  /**
   * `ends[i]` is the byte after token i.
   *
   * @param {{ ids: Uint32Array, ends: Uint32Array, special: Uint8Array, bytes: Uint8Array }} parts
   */
  constructor({ ids, ends, special, bytes }) {
    this.ids = ids;
    this.ends = ends;
    this.special = special;
    this.bytes = bytes;
  }

  static empty() {
    return TokenList.from([]);
  }

  /** From the JSON of the server: `[{id, bytes (hex), special}]`. A TokenList is returned as it is. */
  static from(tokens) {
    if (tokens instanceof TokenList) return tokens;
    const pieces = tokens.map((token) => hexToBytes(token.bytes));
    const ends = new Uint32Array(tokens.length);
    let end = 0;
    pieces.forEach((piece, index) => (ends[index] = end += piece.length));
    const bytes = new Uint8Array(end);
    pieces.forEach((piece, index) => bytes.set(piece, ends[index] - piece.length));
    return new TokenList({
      ids: Uint32Array.from(tokens, (token) => token.id),
      ends,
      special: Uint8Array.from(tokens, (token) => Number(Boolean(token.special))),
      bytes,
    });
  }

  /** From the binary reply of `POST /api/tokenize` for `text`; `normalised`: the reply carries its own text. */
  static fromReply(buffer, text, { normalised = false } = {}) {
    const count = new DataView(buffer).getUint32(0, LITTLE_ENDIAN);
    const after = 4 + 9 * count;
    return new TokenList({
      ids: new Uint32Array(buffer, 4, count),
      ends: new Uint32Array(buffer, 4 + 4 * count, count),
      special: new Uint8Array(buffer, 4 + 8 * count, count),
      bytes: normalised ? new Uint8Array(buffer, after) : new TextEncoder().encode(text),
    });
  }

  get length() {
    return this.ids.length;
  }

  startOf(index) {
    return index === 0 ? 0 : this.ends[index - 1];
  }

  bytesOf(index) {
    return this.bytes.subarray(this.startOf(index), this.ends[index]);
  }

  at(index) {
    return {
      index,
      id: this.ids[index],
      bytes: this.bytesOf(index),
      start: this.startOf(index),
      end: this.ends[index],
      special: this.special[index] === 1,
    };
  }

  /** Characters (code points) before a byte offset. */
  charactersBefore(offset) {
    let count = 0;
    for (let at = 0; at < offset; at += 1) if ((this.bytes[at] & 0xc0) !== 0x80) count += 1;
    return count;
  }

  /** How many tokens have this id. */
  occurrences(id) {
    let count = 0;
    for (const other of this.ids) if (other === id) count += 1;
    return count;
  }

  /** Whether any character is cut between two tokens. */
  splitsCharacters() {
    const { ends, bytes } = this;
    for (let index = 0; index + 1 < ends.length; index += 1) {
      if (ends[index] > this.startOf(index) && (bytes[ends[index]] & 0xc0) === 0x80) return true;
    }
    return false;
  }

  /** How many tokens are special. */
  specials() {
    return this.special.reduce((sum, flag) => sum + flag, 0);
  }

  /** The first and last token that share bytes with `start..end`; null where none does. */
  overlapping(start, end) {
    const first = lowest(this.length, (index) => this.ends[index] > start);
    const last = lowest(this.length, (index) => this.ends[index] >= end);
    if (first >= this.length || end <= start) return null;
    return { first, last: Math.min(last, this.length - 1) };
  }

  /** How many tokens at the front are the same in both lists. */
  commonPrefix(other) {
    const most = Math.min(this.length, other.length);
    let index = 0;
    while (index < most && this.#same(other, index)) index += 1;
    return index;
  }

  #same(other, index) {
    if (this.ids[index] !== other.ids[index] || this.ends[index] !== other.ends[index]) return false;
    if (this.special[index] !== other.special[index]) return false;
    for (let at = this.startOf(index); at < this.ends[index]; at += 1) {
      if (this.bytes[at] !== other.bytes[at]) return false;
    }
    return true;
  }
}

/** The lowest index for which `holds` is true, `count` where none; `holds` never turns false again. */
function lowest(count, holds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
