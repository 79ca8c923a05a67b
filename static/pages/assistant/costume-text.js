// The assistant page's texts: the same document the server builds (app/pages/assistant/costume.py), shown while it is
// edited, and what the model wrote, cut into tokens, at the stop string and into the lines of a conversation. Pure.

import { hexToBytes } from "../../js/base/bytes.js";

const PLACE = "{question}";
const BETWEEN_TURNS = "\n\n";

/** The template of a question with nothing around it. */
export const BARE = PLACE;

/** Whether a template has its one place. */
export const hasOnePlace = (template) => template.split(PLACE).length === 2;

/** `{header, before, after}`: the line the place stands on and what follows it are a turn. */
export function cutTemplate(template) {
  const [front, after] = template.split(PLACE);
  const line = front.lastIndexOf("\n") + 1;
  return { header: front.slice(0, line), before: front.slice(line), after };
}

/** The document before the answer as `[{role, text}]`; joined, byte for byte what the model is given. */
export function buildPieces(template, turns, question) {
  const { header, before, after } = cutTemplate(template);
  const asked = (text) => [
    { role: "mark", text: before },
    { role: "question", text },
    { role: "mark", text: after },
  ];
  const told = turns.flatMap((turn) => {
    const blank = turn.answer === "" || /[\s：]$/u.test(after) ? "" : " ";
    return [...asked(turn.question), { role: "answer", text: blank + turn.answer + BETWEEN_TURNS }];
  });
  return [{ role: "header", text: header }, ...told, ...asked(question)].filter(({ text }) => text !== "");
}

/** The role words of a costume, longest first: what begins a person's line, and the assistant's. */
export function roleMarks(template, stop) {
  if (!hasOnePlace(template) || template === BARE) return [];
  const { before, after } = cutTemplate(template);
  const words = [before.trim(), after.trim(), stop.trim()].filter((word) => word !== "");
  return [...new Set(words)].sort((a, b) => b.length - a.length);
}

/** What a chat program would cut at: the words that begin a person's line; "" where a template has none. */
export const stopOf = (template) => (hasOnePlace(template) ? cutTemplate(template).before.trim() : "");

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");

/** A text cut at role words: `[{text, mark}]`, joined the text again. */
export function splitAtMarks(text, marks) {
  if (marks.length === 0) return [{ text, mark: false }];
  const pattern = new RegExp(`(${marks.map(escaped).join("|")})`, "u");
  return text
    .split(pattern)
    .map((part, index) => ({ text: part, mark: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}

/** Each token's share of the text, from their bytes in hex: a character belongs to the token that completes it. */
export function tokenTexts(hexes) {
  const decoder = new TextDecoder();
  return hexes.map((hex, index) => decoder.decode(hexToBytes(hex), { stream: index < hexes.length - 1 }));
}

/**
 * How much of a text stands before the stop string: `{own, found}`, own in characters. Where more is to come
 * (`open`), an end that may yet become the stop string is not counted either.
 */
export function cutAtStop(text, stop, { open = false } = {}) {
  const at = stop === "" ? -1 : text.indexOf(stop);
  if (at >= 0) return { own: at, found: true };
  let held = open ? Math.min(stop.length - 1, text.length) : 0;
  while (held > 0 && !text.endsWith(stop.slice(0, held))) held -= 1;
  return { own: text.length - held, found: false };
}

/**
 * A stretch of a written text in the smallest pieces that its tokens and role words cut it into:
 * `[{text, token, mark}]`, `token` an index.
 */
export function fragments(tokens, marks, start = 0, end = Infinity) {
  const words = splitAtMarks(tokens.join(""), marks);
  const pieces = [];
  let at = 0;
  let token = 0;
  let tokenEnd = tokens[0]?.length ?? 0;
  for (const { text, mark } of words) {
    const wordEnd = at + text.length;
    while (at < wordEnd) {
      while (tokenEnd <= at) tokenEnd += tokens[++token].length;
      const to = Math.min(wordEnd, tokenEnd);
      const from = Math.max(at, start);
      const until = Math.min(to, end);
      if (from < until)
        pieces.push({ text: text.slice(from - wordEnd + text.length, until - wordEnd + text.length), token, mark });
      at = to;
    }
  }
  return pieces;
}

/** What was written as lines of a chat: `[{who: "assistant"|"human", start, end}]`, the assistant first. */
export function chatLines(written, template, stop) {
  const reply = hasOnePlace(template) ? cutTemplate(template).after.trim() : "";
  const lines = [];
  let who = "assistant";
  let at = 0;
  for (const { text, mark } of splitAtMarks(written, roleMarks(template, stop))) {
    const start = at + text.length - text.trimStart().length;
    if (mark) who = text === reply ? "assistant" : "human";
    else if (text.trim() !== "") lines.push({ who, start, end: start + text.trim().length });
    at += text.length;
  }
  return lines;
}

/** How many questions a text asks to their end. */
export const countQuestions = (text) => text.match(/[?？]+/gu)?.length ?? 0;

/** The language that a text is set in. */
export const languageOf = (text) => (/[\u3400-\u9fff]/u.test(text) ? "zh-CN" : "en");
