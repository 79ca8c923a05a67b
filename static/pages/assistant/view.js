// What the assistant page shows of its state: one text, as a chat and as the document that the model sees.

import { formatDay } from "../../js/base/dates.js";
import { errorMessage } from "../../js/base/error-message.js";
import { formatCount, formatNumber } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import {
  buildPieces,
  chatLines,
  countQuestions,
  cutAtStop,
  fragments,
  hasOnePlace,
  languageOf,
  roleMarks,
} from "./costume-text.js";
import { isComplete, templateOf } from "./results.js";

/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`main ${selector}`);
/** @type {(selector: string) => any} */
const inDrawer = (selector) => document.querySelector(`.drawer ${selector}`);
export const elements = {
  chat: part("chat-lines"),
  document: part("#document"),
  notice: part(".doc-notice"),
  source: part("#source"),
  said: part("#said"),
  guesses: [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("main [name=guess]"))],
  dressed: part("#dressed"),
  stopOn: part("#stop-on"),
  stopLabel: part(".stop-label"),
  costume: part("#costume"),
  edit: part("#edit"),
  form: part(".chat-form"),
  question: part("#question"),
  ask: part("#ask"),
  restart: part("#restart"),
  state: part("#state"),
  template: part("#template"),
  fields: {
    stop: inDrawer("#stop"),
    n: inDrawer("#tries-n"),
    temperature: inDrawer("#temperature"),
    maxTokens: inDrawer("#max-tokens"),
    seed: inDrawer("#seed"),
    expected: inDrawer("#expected"),
  },
  facts: { before: inDrawer("#fact-before"), dice: inDrawer("#fact-dice"), model: inDrawer("#fact-model") },
};

export const costumeName = (id) =>
  elements.costume.querySelector(`option[value="${CSS.escape(id ?? "")}"]`)?.textContent.trim() ??
  t("your own costume");

/**
 * What is seen of an answer: `{text, own, rest, found, whole}`, cut where the reader wants it cut. `open` while
 * more is to come. On the costume's step the cut is not yet the matter.
 */
function seen(subject, answer, { open, step }) {
  const tokens = answer?.tokens ?? [];
  const stop = subject.dressed ? subject.stop : "";
  const cuts = subject.stopOn || step === "costume";
  const text = tokens.join("");
  const { own, found } = cutAtStop(text, stop, { open: open && cuts });
  const marks = roleMarks(templateOf(subject), stop);
  return {
    text: cuts ? text.slice(0, own) : text,
    own: fragments(tokens, marks, 0, own),
    beyond: cuts ? [] : fragments(tokens, marks, own),
    rest: found ? text.slice(own) : "",
    found,
    cut: cuts && found,
    marks,
  };
}

/** Whether what the reader waits for is still on its way: the rest beyond the cut is not. */
export const isOpen = (subject, answer, { open, step }) => open && !seen(subject, answer, { open, step }).cut;

/** `now`: `{subject, answer, measured, open, step, run, guess, editing}`. */
export function show(now) {
  const { subject, answer, step, open } = now;
  const view = seen(subject, answer, now);
  showChat(now, view);
  showDocument(now, view);
  showControls(now);
  elements.said.textContent = saidOf(now, view);
  elements.source.textContent = answer === null ? "" : sourceOf(answer);
  const { kind, text } = stateOf(now, view);
  elements.state.textContent = text;
  elements.state.dataset.kind = kind;
  elements.document.setAttribute("aria-busy", String(open && step !== "why"));
  showFacts(now);
}

function showChat({ subject, answer, open }, view) {
  const { question, turns, dressed, stop, template } = subject;
  const asked = templateOf(subject);
  const told = (text, pieces) =>
    chatLines(text, asked, stop).map(({ who, start, end }) => ({
      who: dressed ? who : "model",
      by: "model",
      text: text.slice(start, end),
      pieces: pieces && fragments(answer.tokens, [], start, end),
    }));
  const person = (text) => ({ who: "human", by: "person", text });
  const lines = answer === null ? [] : told(view.text, true);
  Object.assign(elements.chat, {
    lines: [
      ...turns.flatMap((turn) => [person(turn.question), ...told(turn.answer, false)]),
      ...(question === "" ? [] : [person(question)]),
      ...lines,
    ],
    pending: open && lines.length === 0,
    note:
      answer !== null && !open && view.found && lines.length === 0 && hasOnePlace(template)
        ? t("An empty answer: the model predicted the stop string at once.")
        : "",
  });
}

function showDocument({ subject, answer, step }, view) {
  const asked = templateOf(subject);
  const pieces =
    answer?.pieces ??
    (hasOnePlace(asked) ? buildPieces(asked, subject.turns, subject.question) : [{ role: "header", text: asked }]);
  Object.assign(elements.document, {
    pieces,
    marks: view.marks,
    written: view.own,
    beyond: view.beyond,
    bos: answer?.bos ?? false,
    end: endOf(subject, answer, view, step),
  });
  elements.notice.textContent = noticesOf(answer, asked).filter(Boolean).join("\n");
}

/** Why the text that is seen ends where it does. */
function endOf({ stop }, answer, view, step) {
  if (view.cut) return step === "costume" ? "" : t("cut at “{stop}”", { stop });
  if (answer?.finish === "end-of-text") return t("the model ended its text here");
  if (answer?.finish === "length") return t("stopped after {n} tokens", { n: answer.tokens.length });
  return "";
}

function noticesOf(answer, template) {
  const { injected = [], dropped = 0 } = answer ?? {};
  return [
    hasOnePlace(template) ? "" : t("The costume needs {place} exactly once.", { place: "{question}" }),
    injected.length > 0
      ? t(
          "You typed {marks} inside your message. In the document it begins a line like any other: the model cannot know that you wrote it. That is prompt injection.",
          { marks: new Intl.ListFormat(language()).format(injected.map((mark) => `“${mark}”`)) },
        )
      : "",
    dropped > 0
      ? t("The window is full: the {n} oldest turns are no longer in the document. The header stays pinned.", {
          n: dropped,
        })
      : "",
  ];
}

function showControls(now) {
  const { subject, answer, step, guess, editing, measured } = now;
  const { stop, stopOn, dressed, costume, template, question } = subject;
  for (const input of elements.guesses) input.checked = input.value === guess;
  elements.dressed.checked = dressed;
  elements.stopOn.checked = stopOn;
  elements.stopOn.disabled = !dressed;
  elements.stopLabel.textContent = t("Stop at “{stop}”", { stop });
  elements.costume.value = dressed ? (costume ?? "own") : "bare";
  if (elements.costume.selectedIndex < 0) elements.costume.value = "own";
  for (const [name, field] of Object.entries(elements.fields)) {
    if (field !== document.activeElement) field.value = subject[name];
  }
  if (elements.template !== document.activeElement) elements.template.value = template;
  elements.template.setAttribute("aria-invalid", String(!hasOnePlace(template)));
  elements.template.lang = languageOf(template);
  const edits = editing && step === "own";
  elements.template.closest(".costume-edit").hidden = !edits;
  elements.document.hidden = edits;
  elements.edit.textContent = edits ? t("Done") : t("Edit");

  const typed = step === "own" && elements.question.value.trim() !== "";
  const busy = isOpen(subject, answer, now);
  const able = models.ready || measured !== null;
  elements.ask.textContent = busy ? t("Cancel") : answer !== null && !typed ? t("Ask again") : t("Ask");
  elements.ask.disabled = !busy && !(able && isComplete(typed ? { ...subject, question: "?" } : subject));
  elements.ask.classList.toggle("button-primary", step !== "costume" && step !== "stop");
  elements.ask.hidden = step === "stop" && !busy;
  elements.restart.disabled = subject.turns.length === 0 && question === "";
}

/** Sentences one after the other: English sets a blank between them. */
const joined = (...sentences) => sentences.filter(Boolean).join(language() === "en" ? " " : "");

/** What happened, in a sentence or two; nothing before it has. */
function saidOf({ subject, answer, open, step, guess }, view) {
  if (answer === null || step === "own" || step === "why") return "";
  if (step === "stop") return stoppedBy(subject, answer, view, open);
  if (open && !view.cut) return "";
  if (subject.dressed) {
    return answer.answered
      ? t("Same question, same model. Now it answers.")
      : t("Same question, same model, another document.");
  }
  const chosen = elements.guesses
    .find(({ value }) => value === guess)
    ?.closest("label")
    .textContent.trim();
  const guessed = chosen && step === "bare" ? t("You said: {guess}.", { guess: chosen }) : "";
  return joined(guessed, bareOutcome(answer));
}

function bareOutcome({ answered, tokens }) {
  const n = countQuestions(tokens.join(""));
  if (answered) return t("This time an answer came.");
  return n > 0
    ? t("You ask one question. It writes {n} more.", { n })
    : t("It continues the page, but not with an answer.");
}

function stoppedBy({ stop, stopOn }, { finish, tokens }, view, open) {
  if (open && !view.found) return "";
  if (view.found && stopOn) return t("The answer ends here. Did the model stop?");
  if (view.found) {
    return view.rest.slice(stop.length).trim() === ""
      ? t("No. The program cut it; the model had more to write.")
      : t("No. The program cut it. The model wrote on: your next question, too.");
  }
  return finish === "end-of-text"
    ? t("Yes, this time: the model ended its text itself.")
    : t("In {n} tokens it has not written “{stop}”, so there is nothing to cut.", { n: tokens.length, stop });
}

function sourceOf({ source: { model, measured_on: day } }) {
  const now = models.state.loaded?.name;
  return joined(
    t("Written by {model} on {day}.", { model, day: formatDay(day) }),
    now !== undefined && now !== model ? t("The next answer is by {now}.", { now }) : "",
  );
}

/** What holds the control up, or what it waits for: said beside it. */
function stateOf({ subject, answer, measured, open, step, run, asks }, view) {
  const note = (text) => ({ kind: "note", text });
  if (isOpen(subject, answer, { open, step }) && run.state === "running") {
    const values = { model: run.model ?? "", n: answer?.tokens.length ?? 0, most: subject.maxTokens };
    return note(run.line.text ?? t("{model} is writing: {n} of {most} tokens at most.", values));
  }
  if (asks && run.state === "failed") return { kind: "error", text: errorMessage(run.error) };
  if (models.offline) {
    return note(t("The server does not answer just now. Your text stays here; the page tries again by itself."));
  }
  if (models.state.state === "failed" && !models.ready) {
    return note(t("The model could not be loaded. Its name at the top of the page says why."));
  }
  if (!models.ready) {
    return note(
      measured === null
        ? t("The model is still getting ready. Its progress is shown at the top of the page.")
        : t("The model is still getting ready. Until then you see what was measured."),
    );
  }
  if (answer !== null && answer.finish === null && !open && !view.cut)
    return note(t("Cancelled. Results so far are kept."));
  return note("");
}

function showFacts({ subject, answer, bareAnswer }) {
  const { before, dice, model } = elements.facts;
  const bare = subject.dressed ? bareAnswer : null;
  const n = answer === null ? null : formatCount(answer.before);
  before.textContent =
    n === null
      ? "–"
      : bare
        ? t("{n} tokens; the bare question has {bare}", { n, bare: formatCount(bare.before) })
        : t("{n} tokens", { n });
  const { seed, place } = answer ?? { seed: subject.seed + subject.roll, place: null };
  const temperature = formatNumber(subject.temperature, 2);
  dice.textContent =
    place === null
      ? t("seed {seed}, temperature {temperature}", { seed: String(seed), temperature })
      : t("seed {seed}, try {i} of {n}, temperature {temperature}", {
          seed: String(seed),
          i: place[0],
          n: place[1],
          temperature,
        });
  model.textContent = answer?.source.model ?? "–";
}
