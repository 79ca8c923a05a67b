// Where generated words stand in the library: the question to the server, and its answer as pieces to show. No DOM.

import { postJson } from "./api.js";

const LONGEST = 20_000; // characters (code points) the server takes
const KEPT = 40;
const answers = new Map();

/** The server's answer for a text, `{words, shortest, spans, library}`; the same text is asked once. */
export function traceOf(text) {
  if (!answers.has(text)) {
    const asked = postJson("/api/trace", { text: [...text].slice(0, LONGEST).join("") });
    answers.set(text, asked);
    asked.catch(() => answers.delete(text)); // the next question for this text is sent anew
    if (answers.size > KEPT) answers.delete(answers.keys().next().value);
  }
  return answers.get(text);
}

/** Spans of the same words as one, in order: `[{words, rarity_bits, occurrences, sources, at: [{start, end}]}]`. */
export function findings(spans) {
  const found = new Map();
  for (const { start, end, ...span } of spans) {
    const key = JSON.stringify(span);
    const at = [...(found.get(key)?.at ?? []), { start, end }];
    found.set(key, { ...span, at });
  }
  return [...found.values()];
}

/**
 * A text cut at what was found in it, in reading order: `[{text, finding}]`, the index of a finding or -1. Places
 * count characters (code points), as the server does; none overlap.
 */
export function segments(text, found) {
  const characters = [...text];
  const cut = (from, to) => characters.slice(from, to).join("");
  const pieces = [];
  let at = 0;
  const places = found.flatMap((one, finding) => one.at.map((place) => ({ ...place, finding })));
  for (const { start, end, finding } of places.sort((a, b) => a.start - b.start)) {
    pieces.push({ text: cut(at, start), finding: -1 }, { text: cut(start, end), finding });
    at = end;
  }
  pieces.push({ text: cut(at), finding: -1 });
  return pieces.filter((piece) => piece.text !== "");
}

/** How people refer to a place. Example: "Genesis 1:1–3", "Hamlet, Act III, scene I", "MIT License (MIT)". */
export function placeName({ collection, title, reference }) {
  if (collection === "King James Bible") return `${title} ${reference}`;
  if (collection === "Software licences") return `${title} (${reference})`;
  return `${title}, ${reference}`;
}
