// A token's bytes as something to read, for templates: whitespace as marks, pieces of characters as hex.

import { html } from "lit";
import { visibleParts } from "../base/bytes.js";

const known = new Map(); // hex -> parts: the same few tokens are drawn again with every move of a slider
const MOST_KNOWN = 4096;

function partsOf(hex) {
  let parts = known.get(hex);
  if (parts === undefined) {
    parts = visibleParts(hex);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(hex, parts);
  }
  return parts;
}

/** The template of a token; an empty token reads as a dash. */
export function tokenText(hex) {
  if (!hex) return html`<span class="token-mark">–</span>`;
  return partsOf(hex).map(({ text, kind }) =>
    kind === "text" ? text : html`<span class=${`token-mark token-${kind}`}>${text}</span>`,
  );
}
