// What the assistant page shows of its state.

import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { tryLines } from "./results.js";
import { buildPieces, chatLines, hasOnePlace, roleMarks } from "./costume-text.js";

/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`main ${selector}`);
export const elements = {
  costumes: [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("main [data-costume]"))],
  chat: part("chat-lines"),
  form: part(".chat-form"),
  question: part("#question"),
  document: part("#document"),
  count: part(".doc-count"),
  notice: part(".doc-notice"),
  stopOn: part("#stop-on"),
  stopLabel: part(".stop-label"),
  askRun: part("#ask-run"),
  fields: {
    template: part("#template"),
    stop: part("#stop"),
    n: part("#tries-n"),
    temperature: part("#temperature"),
    maxTokens: part("#max-tokens"),
    seed: part("#seed"),
    expected: part("#expected"),
  },
  dressedTries: part("#dressed-tries"),
  dressedCount: part("#dressed-count"),
  bareTries: part("#bare-tries"),
  bareCount: part("#bare-count"),
  predict: part("#predict-bare"),
};

/** What the chosen try says: cut or not as the switch stands, or as far as it is. */
export function chosen({ result, picked, stopOn }) {
  const side = result?.dressed;
  if (!side) return null;
  const answer = side.answers?.[Math.min(picked, side.answers.length - 1)];
  if (answer) return { ...answer, text: stopOn ? answer.own : answer.shown };
  const line = tryLines(side)[picked];
  return line ? { text: line.text, own: line.text, at_once: false } : null;
}

export function show(state, running) {
  const { template, stop, stopOn, turns, question, result } = state;
  const answer = chosen(state);
  const marks = roleMarks(template, stop);
  for (const button of elements.costumes)
    button.setAttribute("aria-pressed", String(button.dataset.costume === state.costume));
  for (const [name, field] of Object.entries(elements.fields)) {
    if (field !== document.activeElement) field.value = state[name];
  }
  elements.fields.template.setAttribute("aria-invalid", String(!hasOnePlace(template)));
  elements.stopOn.checked = stopOn;
  elements.stopLabel.textContent = t("stop at “{stop}”", { stop });
  showDocument(state, answer, marks);
  Object.assign(elements.chat, {
    lines: [
      ...turns.flatMap((turn) => [
        { who: "human", text: turn.question, by: "person" },
        { who: "assistant", text: turn.answer, by: "model" },
      ]),
      { who: "human", text: question, by: "person" },
      ...(answer ? chatLines(answer.text, template, stop).map((line) => ({ ...line, by: "model" })) : []),
    ],
    pending: running && !answer,
    note: answer?.at_once ? t("An empty answer: the model predicted the stop string at once.") : "",
  });
  showTries(elements.dressedTries, elements.dressedCount, result?.dressed, state.picked, stopOn);
  showTries(elements.bareTries, elements.bareCount, result?.bare, -1, stopOn);
}

function showDocument({ template, stop, stopOn, turns, question, result }, answer, marks) {
  const sent = result?.dressed?.document;
  const pieces =
    sent?.pieces ??
    (hasOnePlace(template) ? buildPieces(template, turns, question) : [{ role: "header", text: template }]);
  const cut = stopOn && answer !== null && answer.finish_reason === "stop-string";
  Object.assign(elements.document, {
    pieces,
    marks,
    written: answer?.text ?? "",
    bos: sent?.bos ?? false,
    stopped: cut ? stop : "",
  });
  elements.count.textContent = sent ? countOf(sent, result.bare?.document) : "";
  elements.notice.textContent = [
    hasOnePlace(template) ? "" : t("The costume needs {place} exactly once.", { place: "{question}" }),
    ...(sent ? noticesOf(sent) : []),
  ]
    .filter(Boolean)
    .join("\n");
}

function countOf(sent, bare) {
  const n = formatCount(sent.tokens.length);
  return bare
    ? t("{n} tokens before the answer; the bare question has {bare}.", { n, bare: formatCount(bare.tokens.length) })
    : t("{n} tokens before the answer.", { n });
}

function noticesOf({ injected, dropped }) {
  return [
    injected.length
      ? t(
          "You typed {marks} inside your message. In the document it begins a line like any other: the model cannot know that you wrote it. That is prompt injection.",
          { marks: injected.map((mark) => `“${mark}”`).join(", ") },
        )
      : "",
    dropped
      ? t("The window is full: the {n} oldest turns are no longer in the document. The header stays pinned.", {
          n: dropped,
        })
      : "",
  ];
}

function showTries(list, count, side, picked, stopOn) {
  const lines = tryLines(side);
  list.answers =
    side?.answers && stopOn && picked >= 0
      ? side.answers.map((answer, i) => ({ ...lines[i], text: answer.own }))
      : lines;
  list.picked = picked;
  const known = side?.answers && side.answered !== null;
  count.textContent = known ? t("{right} of {n} tries answered", { right: side.answered, n: side.answers.length }) : "";
}
