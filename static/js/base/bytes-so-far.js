// Tokens may end within a character: the text so far, and the bytes that wait for the rest.

import { bytesToHex, hexToBytes } from "./bytes.js";
import { decodeVisibly, shapeOf } from "./utf8.js";

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
