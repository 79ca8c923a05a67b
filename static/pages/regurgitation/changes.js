// The words of an opening, and what can happen to one of them. No DOM.

/** @type {Map<string, Intl.Segmenter>} */
const segmenters = new Map();

function segmenter(language) {
  if (!segmenters.has(language)) segmenters.set(language, new Intl.Segmenter(language, { granularity: "word" }));
  return segmenters.get(language);
}

/** The words of a text, each `{word, start, end}`; places count characters (code points), as the server does. */
export function wordsOf(text, language = "en") {
  const words = [];
  let start = 0;
  for (const { segment, isWordLike } of segmenter(language).segment(text)) {
    const end = start + [...segment].length;
    if (isWordLike) words.push({ word: segment, start, end });
    start = end;
  }
  return words;
}

/** A word with two inner letters changing places: a slip of the fingers. Example: "People" is "Poeple". */
export function typo(word) {
  const letters = [...word];
  for (let place = Math.min(1, letters.length - 2); place >= 0 && place < letters.length - 1; place += 1) {
    if (letters[place] === letters[place + 1]) continue;
    [letters[place], letters[place + 1]] = [letters[place + 1], letters[place]];
    return letters.join("");
  }
  return `${word}${letters.at(-1) ?? ""}`;
}

export const HOWS = ["typo", "capitals", "newline", "other"];

/** What stands in a word's place: a slip, the other size of letters, a line break before it, or another word. */
export function replacement(word, how, other = "") {
  if (how === "typo") return typo(word);
  if (how === "capitals") return word === word.toUpperCase() ? word.toLowerCase() : word.toUpperCase();
  if (how === "newline") return `\n${word}`;
  return other;
}
