// Where UTF-8 is cut in the middle of a character, and how to show what is left.

import { bytesToHex, decodeUtf8 } from "./bytes.js";

/** How many bytes the character that starts at `at` takes; 0 where none can start, -1 where it is cut off. */
function characterLength(bytes, at) {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let i = 1; i < length; i += 1) {
    if (at + i >= bytes.length) return -1;
    const [low, high] = i === 1 ? secondByteRange(lead) : [0x80, 0xbf];
    if (bytes[at + i] < low || bytes[at + i] > high) return 0;
  }
  return length;
}

// Table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF.
function secondByteRange(lead) {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** "whole": the bytes are characters; "partial": the last one is cut off; "broken": no text, whatever follows. */
export function shapeOf(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === -1) return "partial";
    if (length === 0) return "broken";
    at += length;
  }
  return "whole";
}

/** Characters as they are, bytes that are none as ⟨F0⟩. */
export function decodeVisibly(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length > 0) text += decodeUtf8(bytes.subarray(at, at + length));
    else text += `⟨${bytesToHex([bytes[at]]).toUpperCase()}⟩`;
    at += Math.max(length, 1);
  }
  return text;
}
