// The prompt of the sampling page: token ids that stay as they are, then text a person is typing.
// Only what was typed is ever tokenised; drawn tokens keep their ids.

import { decodeSoFar } from "../../js/base/bytes-so-far.js";

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
