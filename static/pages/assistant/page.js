// The assistant page: a question, a costume, the one document they make, and what the model goes on to write.

/** @import * as contract from "contract" */

import "./chat-lines.js";
import "./costume-movers.js";
import "../../js/elements/heat-strip.js";
import "./one-document.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import "./tries-list.js";
import { copyLink } from "../../js/base/copy-link.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { language } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { showStep, stepNow, watchSteps } from "../../js/base/steps.js";
import { Store } from "../../js/base/store.js";
import { stopOf, tokenTexts } from "./costume-text.js";
import { startInstructed } from "./instructed.js";
import { readState, shortened } from "./links.js";
import {
  documentOf,
  emptied,
  ended,
  keyOf,
  measuredAnswer,
  stageRequest,
  subjectOf,
  withAnswer,
  withTurn,
} from "./results.js";
import { startShift } from "./shift.js";
import { startTries } from "./tries.js";
import { elements, isOpen, show } from "./view.js";
import { showSameTokens } from "./written.js";

const FULL = 1400; // milliseconds that a measured answer takes to be written
const A_TOKEN = 60; // and one of its tokens, at most

const { presets } = pageData;
const presetOf = (id) => presets.find((preset) => preset.id === id);
/** The costume that this language begins with. */
const first = presets.find(({ note }) => note.role === "costume" && note.language === language());
const FRESH = {
  lesson: { ...subjectOf(first), dressed: false },
  own: { ...emptied(subjectOf(first)), n: 4 },
};

/**
 * `lesson` is the question that the steps are about, `own` the reader's. `answers` holds what came for them, each
 * with the key of what it answers; `asking` is the key of the one that comes, `played` how much is shown of a
 * measured one.
 */
const store = new Store({ ...FRESH, guess: null, answers: [], asking: null, played: null, editing: false });
const run = new ExperimentRun();

const place = () => (stepNow() === "own" ? "own" : "lesson");
const subjectNow = () => store.state[place()];
const change = (changes) => store.update({ [place()]: { ...subjectNow(), ...changes } });
const measured = (subject) => measuredAnswer(subject, pageData);

/** What was written for a subject, or null. Who comes to the stop string first finds a finished answer there. */
function answerOf(subject) {
  const key = keyOf(subject);
  const { answers, played } = store.state;
  const answer = answers.find((one) => one.key === key) ?? (showsFinished() ? measured(subject) : null);
  if (answer === null || played?.key !== key) return answer;
  return { ...answer, tokens: answer.tokens.slice(0, played.count) };
}

const showsFinished = () => ["stop", "why"].includes(stepNow());

function isWritten(key) {
  const { asking, played } = store.state;
  return (asking === key && run.state === "running") || played?.key === key;
}

/** Everything that is drawn, of the subject on the stage. */
function now() {
  const subject = subjectNow();
  const key = keyOf(subject);
  return {
    ...store.state,
    subject,
    step: stepNow(),
    answer: answerOf(subject),
    bareAnswer: answerOf({ ...subject, dressed: false }) ?? measured({ ...subject, dressed: false }),
    measured: measured(subject),
    open: isWritten(key),
    asks: store.state.asking === key,
    run,
  };
}

let settle = () => {}; // ends the playing of a measured answer
let wanted = null; // what is to be asked as soon as the answer under way has come

const keep = (answer) => store.update({ answers: withAnswer(store.state.answers, answer) });

/** Ask the model; where it is not there, what was measured is played. An answer under way comes to its end first. */
async function ask() {
  settle();
  const subject = subjectNow();
  const key = keyOf(subject);
  if (run.state === "running") {
    wanted = key;
    return;
  }
  if (!models.ready) {
    const answer = measured(subject);
    if (answer !== null) play(answer);
    return;
  }
  store.update({ asking: key });
  if (await run.start("dressed", stageRequest(subject), { onPart: taker(subject, key) })) announceAnswer(subject);
  const next = wanted;
  wanted = null;
  if (next === keyOf(subjectNow())) ask();
}

/** Takes the parts of an answer as they come. */
function taker(subject, key) {
  const hexes = [];
  let answer = null;
  return (/** @type {contract.assistant.News} */ ...[kind, data]) => {
    if (kind === "document") {
      const source = { model: run.model ?? "", measured_on: new Date().toISOString().slice(0, 10) };
      answer = { key, ...documentOf(data), tokens: [], finish: null, answered: null, place: null, source };
      answer.seed = subject.seed + subject.roll;
    } else if (kind === "written") {
      hexes.push(data.token.bytes);
      answer = { ...answer, tokens: tokenTexts(hexes) };
    } else if (kind === "answers") answer = ended(answer, data.answers[0]);
    keep(answer);
  };
}

function announceAnswer(subject) {
  announce(withTurn({ ...subject, turns: [] }, answerOf(subject)).at(-1)?.answer ?? "", true);
}

/** Write a measured answer as if it came now: token by token, at once where nothing is to move. */
function play(answer) {
  keep(answer);
  const { key, tokens } = answer;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const began = performance.now();
  const pace = Math.min(A_TOKEN, FULL / tokens.length);
  let frame = 0;
  const step = () => {
    const count = Math.floor((performance.now() - began) / pace);
    if (count >= tokens.length) settle();
    else {
      store.update({ played: { key, count } });
      frame = requestAnimationFrame(step);
    }
  };
  settle = () => {
    cancelAnimationFrame(frame);
    settle = () => {};
    store.update({ played: null });
  };
  step();
}

/** The same question once more: with other dice, if there is an answer to these. */
function again() {
  settle();
  const { finish = null } = answerOf(subjectNow()) ?? {};
  if (finish !== null) change({ roll: subjectNow().roll + 1 });
  ask();
}

/** A message of one's own: what was said so far becomes part of the document. */
function send(question) {
  const subject = subjectNow();
  const turns = subject.question === "" ? subject.turns : withTurn(subject, answerOf(subject));
  elements.question.value = "";
  change({ question, expected: "", turns, roll: 0 });
  ask();
}

/** The costume goes on or off; what was written without it and in it stays beside each other. */
function dress(dressed) {
  settle();
  change({ dressed });
  if (answerOf(subjectNow()) === null) ask();
}

function choose(value) {
  if (value === "bare") return change({ dressed: false });
  const preset = presetOf(value);
  if (preset === undefined) {
    change({ costume: null, dressed: true });
    store.update({ editing: true });
    elements.template.focus();
  } else {
    const { template, stop } = subjectOf(preset);
    change({ costume: value, dressed: true, template, stop });
  }
}

/** The words that a costume of one's own is cut at are those that begin the person's line. */
function edit(template) {
  change({ template, costume: null, dressed: true, stop: stopOf(template) || subjectNow().stop });
}

function edited(name, field) {
  if (field.type === "number") {
    if (field.value !== "" && field.checkValidity()) change({ [name]: Number(field.value) });
  } else change({ [name]: field.value, ...(name === "stop" && { costume: null }) });
}

/** A number that is none, or out of bounds, or broken where only whole ones go: the nearest one is used, and shown. */
function settleNumber(name, field) {
  const before = subjectNow()[name];
  const typed = field.value === "" ? before : field.valueAsNumber;
  const value = Math.min(
    Number(field.max),
    Math.max(Number(field.min), field.step === "any" ? typed : Math.round(typed)),
  );
  field.value = value;
  if (value !== before) change({ [name]: value });
}

function submit() {
  const subject = subjectNow();
  const answer = answerOf(subject);
  if (isOpen(subject, answer, now())) return; // what is typed waits in its box
  const question = elements.question.value.trim();
  if (place() === "own" && question !== "") send(question);
  else if (subject.question === "") elements.question.focus();
  else again();
}

elements.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!elements.ask.disabled) submit();
});
elements.ask.addEventListener("click", () => {
  const subject = subjectNow();
  if (!isOpen(subject, answerOf(subject), now())) submit();
  else if (run.state === "running") run.cancel();
  else settle();
});
elements.question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  elements.form.requestSubmit();
});
elements.question.addEventListener("input", () => draw());
for (const input of elements.guesses) input.addEventListener("change", () => store.update({ guess: input.value }));
elements.dressed.addEventListener("change", () => dress(elements.dressed.checked));
elements.stopOn.addEventListener("change", () => change({ stopOn: elements.stopOn.checked }));
elements.costume.addEventListener("change", () => choose(elements.costume.value));
elements.edit.addEventListener("click", () => store.update({ editing: !store.state.editing }));
elements.template.addEventListener("input", () => edit(elements.template.value));
elements.restart.addEventListener("click", () => {
  settle();
  store.update({ own: emptied(store.state.own) });
  elements.question.focus();
});
document.querySelector("#start-over").addEventListener("click", () => {
  open({ ...FRESH, language: language() });
  showStep("bare");
});
for (const [name, field] of Object.entries(elements.fields)) {
  field.addEventListener("input", () => edited(name, field));
  if (field.type === "number") field.addEventListener("change", () => settleNumber(name, field));
}
document.querySelector("#share").addEventListener("click", () => copyLink(shortened(snapshot())));
showSameTokens(elements.chat, elements.document);

const tries = startTries(subjectNow, (answer) => {
  settle();
  keep(answer);
  if (stepNow() !== "bare") change({ dressed: true });
});
const shift = startShift(() => {
  const { question, template, costume } = subjectNow();
  const dressed = { ...subjectNow(), dressed: true };
  const answer = answerOf(dressed) ?? measured(dressed);
  return { question, template, costume, answer: answer === null ? "" : answerText(answer) };
});
const instructed = startInstructed(subjectNow);

/** The answer alone, as it is forced on the model again. */
function answerText({ tokens }) {
  return tokens.join("").split(subjectNow().stop)[0].trimEnd();
}

/** Everything typed, and everything computed of it. */
function snapshot() {
  settle();
  const { lesson, own, guess, answers } = store.state;
  const typed = elements.question.value;
  return {
    language: language(),
    ...{ lesson, own, guess, answers, typed },
    tries: tries.computed(),
    shift: shift.computed(),
    instructed: instructed.computed(),
  };
}

/** Whether a page was left as it was found: then the other language begins with its own example. */
const isUntouched = ({ answers = [], typed = "", own }) => answers.length === 0 && typed === "" && own?.question === "";

/** Put back what was remembered, or what a link holds; no model is asked. */
function open(read) {
  if (read?.language !== undefined && read.language !== language() && isUntouched(read)) return;
  settle();
  run.reset();
  const { lesson, own, guess, answers, step, ...computed } = readState(read, {
    ...FRESH,
    measured: first.request.question,
  });
  store.update({ lesson, own, guess, answers, asking: null });
  elements.question.value = typeof read?.typed === "string" ? read.typed.slice(0, 2000) : "";
  tries.restore(computed.tries);
  shift.restore(computed.shift);
  instructed.restore(computed.instructed);
  if (step !== null) showStep(step);
  draw();
}

function draw() {
  const seen = now();
  show(seen);
  tries.draw();
  instructed.tell();
  shift.offer(!seen.open);
}

store.watch(draw);
run.addEventListener("change", draw);
models.addEventListener("change", draw);
await rememberPage("assistant", { take: snapshot, open, fail: showError });
watchSteps((step) => {
  settle();
  if (step === "bare") store.update({ lesson: { ...store.state.lesson, dressed: false } });
  if (showsFinished()) store.update({ lesson: { ...store.state.lesson, dressed: true } });
  draw();
});
