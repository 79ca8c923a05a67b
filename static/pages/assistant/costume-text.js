// The assistant page's texts: the same document the server builds (app/pages/assistant/costume.py), shown while it is
// edited, and what the model wrote cut into the lines of a conversation. Pure.

const PLACE = "{question}";
const BETWEEN_TURNS = "\n\n";

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
    const blank = turn.answer === "" || /\s$/u.test(after) ? "" : " ";
    return [...asked(turn.question), { role: "answer", text: blank + turn.answer + BETWEEN_TURNS }];
  });
  return [{ role: "header", text: header }, ...told, ...asked(question)].filter(({ text }) => text !== "");
}

/** The role words of a costume, longest first: what begins a person's line, and the assistant's. */
export function roleMarks(template, stop) {
  if (!hasOnePlace(template)) return [];
  const { before, after } = cutTemplate(template);
  const words = [before.trim(), after.trim(), stop.trim()].filter((word) => word !== "");
  return [...new Set(words)].sort((a, b) => b.length - a.length);
}

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

/** What the model wrote as lines of a chat: `[{who: "assistant"|"human", text}]`, the assistant first. */
export function chatLines(written, template, stop) {
  const reply = hasOnePlace(template) ? cutTemplate(template).after.trim() : "";
  let who = "assistant";
  const lines = [];
  for (const { text, mark } of splitAtMarks(written, roleMarks(template, stop))) {
    if (mark) who = text === reply ? "assistant" : "human";
    else if (text.trim() !== "") lines.push({ who, text: text.trim() });
  }
  return lines;
}
