/** What can be said about one token of a text: everything a card shows that needs no server. */

import { bytesToHex, decodeUtf8 } from "../../js/base/bytes.js";
import { msg } from "../../js/base/i18n.js";
import { endOfGroup, startsWord } from "../../js/base/token-groups.js";

const SINGLE_BYTES = 256; // the first ids of these encodings are the single bytes, then come the merges in order
const LAST_MERGE = { gpt2: 50_255, p50k_base: 50_255, cl100k_base: 100_255, o200k_base: 199_997 };

/**
 * How an encoding came to this id, as far as the id tells: a single byte, merge number n, or null where the ids of
 * the encoding say nothing about it (a model's own vocabulary, special tokens, runs of spaces added by hand).
 */
export function rankOf(encoding, id) {
  const last = LAST_MERGE[encoding];
  if (last === undefined || id > last) return null;
  if (id < SINGLE_BYTES) return { kind: "byte" };
  return { kind: "merge", merge: id - SINGLE_BYTES + 1, merges: last - SINGLE_BYTES + 1 };
}

/** The facts about token `index` of `list`, cut by `encoding`. */
export function tokenFacts(list, index, encoding) {
  const { id, bytes, start, end, special } = list.at(index);
  const characterStart = list.charactersBefore(start);
  return {
    index,
    id,
    bytes: bytesToHex(bytes),
    start,
    end,
    special,
    characterStart,
    characterEnd: list.charactersBefore(end),
    partOf: partOf(list, index),
    startsWord: startsWord(list, index),
    count: list.length,
    occurrences: list.occurrences(id),
    rank: special ? null : rankOf(encoding, id),
    encoding,
  };
}

/**
 * The same token with the blank before it taken away, or with one put there: to most encodings a stranger. Null where a
 * blank would make no sense.
 */
export function withOtherBlank(bytes) {
  const text = decodeUtf8(bytes);
  if (text === null || !/^ ?[\p{L}\p{N}]/u.test(text)) return null;
  return text.startsWith(" ") ? text.slice(1) : ` ${text}`;
}

/** The text of the group this token is a part of; null for a token that holds whole characters. */
function partOf(list, index) {
  if (decodeUtf8(list.bytesOf(index)) !== null) return null;
  let first = index;
  while (first > 0 && endOfGroup(list, first - 1) >= index) first -= 1;
  return decodeUtf8(list.bytes.subarray(list.startOf(first), list.ends[endOfGroup(list, index)]))?.trim() ?? null;
}

/** What the reader of a strip should know about it, as sentences to translate: `[{key, values}]`. */
export function noticesOf({ replaced = 0, normalised = false, split = false, rightToLeft = false, specials = 0 }) {
  const notices = [];
  if (replaced > 0) {
    notices.push({
      key: msg("{n} broken halves of characters (lone surrogates) in the text were read as U+FFFD."),
      values: { n: replaced },
    });
  }
  if (normalised)
    notices.push({
      key: msg("This model's tokenizer rewrites the text (Unicode NFC) before it cuts; you see its version."),
    });
  if (specials > 0) {
    notices.push({
      key: msg(
        "{n} outlined chips are special tokens: typed text just became a command. Never parse a stranger's text like this.",
      ),
      values: { n: specials },
    });
  }
  if (split)
    notices.push({
      key: msg("A tall chip is only a piece of a character; the bytes it holds are written underneath."),
    });
  if (rightToLeft)
    notices.push({
      key: msg("Chips stand in the order the model reads them, from left to right; each keeps its own direction."),
    });
  return notices;
}
