/**
 * Tokens are bytes. This module turns them into something a person can read without lying: whole
 * characters as text, whitespace and invisible characters as marks, pieces of a character as bytes.
 */

import { t } from "./i18n.js";

const encoder = new TextEncoder();

/** Bytes of lowercase hex: "f09f" is [240, 159]. */
export function hexToBytes(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Lowercase hex of bytes. */
export function bytesToHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Lowercase hex of a text's UTF-8. */
export function textToHex(text) {
  return bytesToHex(encoder.encode(text));
}

/** Hex in pairs for reading: "f09f" is "f0 9f". */
export function spacedHex(hex) {
  return hex.replace(/(..)(?=.)/g, "$1 ");
}

/** How many bytes the character starting with this byte has; 0 where no character starts. */
function characterLength(byte) {
  if (byte < 0x80) return 1;
  if (byte >= 0xc2 && byte < 0xe0) return 2;
  if (byte >= 0xe0 && byte < 0xf0) return 3;
  return byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function characterAt(bytes, at) {
  const length = characterLength(bytes[at]);
  if (length === 0 || at + length > bytes.length) return null;
  try {
    return strict.decode(bytes.subarray(at, at + length));
  } catch {
    return null;
  }
}

/** The text of bytes, or null where they do not hold whole characters. */
export function decodeUtf8(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

const MARKS = new Map([
  [" ", "·"],
  ["\n", "↵"],
  ["\r", "␍"],
  ["\t", "⇥"],
  ["\u00a0", "⍽"],
  ["\u3000", "□"],
]);
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Co}\p{Cn}]|[\ufe00-\ufe0f]/u;

/**
 * A token cut into parts for display: `[{text, kind, source}]`, kind one of
 * `text` (as is), `space` (a mark for whitespace), `code` (an invisible character as U+200B),
 * `byte` (a piece of a character, two hex digits). `source` is the text a mark stands for, "" for bytes.
 *
 * Example: the bytes of " a\xf0" are [{"·", space}, {"a", text}, {"F0", byte}].
 */
export function visibleParts(hex) {
  const bytes = hexToBytes(hex);
  const parts = [];
  let text = "";
  const flush = () => {
    if (text) parts.push({ text, kind: "text", source: text });
    text = "";
  };
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at);
    if (character === null) {
      flush();
      parts.push({ text: bytes[at].toString(16).toUpperCase().padStart(2, "0"), kind: "byte", source: "" });
      at += 1;
      continue;
    }
    at += characterLength(bytes[at]);
    const joinsEmoji = /[\u200d\ufe0f]/.test(character) && text !== "";
    if (MARKS.has(character)) {
      flush();
      parts.push({ text: MARKS.get(character), kind: "space", source: character });
    } else if (INVISIBLE.test(character) && !joinsEmoji) {
      flush();
      const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      parts.push({ text: `U+${code}`, kind: "code", source: character });
    } else {
      text += character;
    }
  }
  flush();
  return parts;
}

/** A token on one line of plain text: "·the", "F0 9F". */
export function visibleText(hex) {
  return visibleParts(hex).reduce(
    ({ shown, last }, { text, kind }) => ({
      shown: shown + (kind === "byte" && last === "byte" ? " " : "") + text,
      last: kind,
    }),
    { shown: "", last: "" },
  ).shown;
}

/** A token in words, for labels read aloud: "space the", "bytes F0 9F". */
export function spokenText(hex) {
  const names = { " ": t("space"), "\n": t("line break"), "\t": t("tab"), "\r": t("carriage return") };
  const words = [];
  for (const { text, kind, source } of visibleParts(hex)) {
    if (kind === "byte" && words.at(-1)?.bytes) words.at(-1).text += ` ${text}`;
    else if (kind === "byte") words.push({ text: t("bytes {hex}", { hex: text }), bytes: true });
    else if (kind === "space") words.push({ text: names[source] ?? text });
    else words.push({ text });
  }
  return words.map(({ text }) => text).join(" ");
}
