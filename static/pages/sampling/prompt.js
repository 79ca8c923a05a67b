// The prompt of the sampling page: token ids that stay as they are, then text a person is typing.
// Only what was typed is ever tokenised; drawn tokens keep their ids.

import { bytesToHex, hexToBytes } from "../../js/base/bytes.js";
import { decodeVisibly, shapeOf } from "../../js/base/utf8.js";

/** Frozen: every change makes a new one. */
export class Prompt {
  /** `ids` (null: none yet) stand for `text` and the bytes of a character not complete yet; `typed` follows. */
  constructor({ ids = null, text = "", pending = "", typed = "" }) {
    this.ids = ids;
    this.text = ids ? text : "";
    this.pending = pending;
    this.typed = typed;
    Object.freeze(this);
  }

  /** What stands in the box. */
  get shown() {
    return this.text + this.typed;
  }

  /**
   * A person changed the text: ids survive where everything they stand for still does.
   *
   * @param {string} shown
   */
  edit(shown) {
    if (this.ids && shown.startsWith(this.text)) return new Prompt({ ...this, typed: shown.slice(this.text.length) });
    return new Prompt({ typed: shown });
  }

  /**
   * A token was drawn after `ids`, which are this prompt's, all of them.
   *
   * @param {number[]} ids
   * @param {{ id: number, bytes: string }} token
   */
  append(ids, { id, bytes }) {
    const { text, pending } = decodeSoFar(this.pending + bytes);
    return new Prompt({ ids: [...ids, id], text: this.shown + text, pending });
  }
}

/**
 * Bytes as text, as far as they go: `{text, pending}`, pending the hex of a character that is not complete.
 *
 * Example: "20f09f98" is {text: " ", pending: "f09f98"}.
 *
 * @param {string} hex
 */
export function decodeSoFar(hex) {
  const bytes = hexToBytes(hex);
  for (let cut = 0; cut <= Math.min(3, bytes.length); cut += 1) {
    const end = bytes.length - cut;
    if (shapeOf(bytes.subarray(0, end)) !== "whole") continue;
    if (cut > 0 && shapeOf(bytes.subarray(end)) !== "partial") break;
    return { text: decodeVisibly(bytes.subarray(0, end)), pending: bytesToHex(bytes.subarray(end)) };
  }
  return { text: decodeVisibly(bytes), pending: "" };
}
