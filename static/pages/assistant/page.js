// The assistant page: a question, a costume, the one document they make, and what the model goes on to write.

import { liftVeils, needVeils } from "../../js/elements/answer-veil.js";
import "./chat-lines.js";
import "./costume-movers.js";
import "../../js/elements/heat-strip.js";
import "./one-document.js";
import "../../js/elements/predict-reveal.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import "./tries-list.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { t } from "../../js/base/i18n.js";
import { keep, keptFor, madeHere } from "../../js/base/kept.js";
import { models } from "../../js/base/models.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { copyLink } from "../../js/base/copy-link.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";
import { startInstructed, startShift } from "./beside.js";
import {
  MEASURED,
  dressedRequest,
  fromPreset,
  isComplete,
  measuredResult,
  readShared,
  sharedState,
  withPart,
} from "./results.js";
import { chosen, elements, show } from "./view.js";

const { presets, measurement } = pageData;
const results = measurement?.results ?? {};
const presetOf = (id) => presets.find((preset) => preset.id === id);

/**
 * `source` is where a result comes from that stood there before any run: the measurement, or a run before the
 * language changed.
 */
function withMeasured(state) {
  const result = measuredResult(state, presets, results);
  return { ...state, result, live: false, source: result?.dressed ? measurement : null };
}

const run = new ExperimentRun();
const store = new Store(withMeasured(fromPreset(presetOf(MEASURED))));
const shift = startShift(() => {
  const { question, template, costume } = store.state;
  return { question, template, costume, answer: chosen(store.state).own.trimEnd() };
});
const instructed = startInstructed(() => store.state);
holdRoom(run, elements.document, elements.dressedTries, elements.bareTries);

/** Inputs changed: show what was measured for them, or nothing until they are run. */
function change(changes) {
  run.reset();
  store.update(withMeasured({ ...store.state, picked: 0, ...changes }));
}

const isMeasuredQuestion = ({ question }) => question === presetOf(MEASURED).request.question;

/** Ask the model; what comes is shown as it comes. */
async function ask() {
  if (!isComplete(store.state)) return;
  if (isMeasuredQuestion(store.state)) liftVeils("bare");
  store.update({ result: {}, live: true, source: null, picked: 0 });
  const finished = await run.start("dressed", dressedRequest(store.state), {
    onPart: (...news) => store.update({ result: withPart(store.state.result, ...news) }),
  });
  if (finished) tellOutcome();
}

function tellOutcome() {
  const { result, question, expected, n } = store.state;
  announce(chosen(store.state)?.text.trim() ?? "", true);
  const { request } = presetOf(MEASURED);
  if (!elements.predict || question !== request.question || expected !== request.expected || n !== request.n) return;
  const { answered } = result.bare;
  elements.predict.live = {
    answer: answered,
    measured: t("Here, bare: {bare} of 8; in the costume: {dressed} of 8.", {
      bare: answered,
      dressed: result.dressed.answered,
    }),
    model: run.model,
  };
}

/** A message of one's own: what was said so far becomes part of the document. */
function send(question) {
  const { turns, question: asked, result } = store.state;
  const answer = result?.dressed ? chosen(store.state) : null;
  const said = answer ? [...turns, { question: asked, answer: answer.own.trim().slice(0, 2000) }] : turns;
  change({
    question,
    expected: "",
    turns: said.slice(-24),
    n: Math.min(store.state.n, 4),
    maxTokens: Math.max(store.state.maxTokens, 48),
  });
  elements.question.value = "";
  ask();
}

function choose(id) {
  const { template, stop, n } = fromPreset(presetOf(id));
  const { turns, question, stopOn } = store.state;
  const own = turns.length > 0 || question !== presetOf(MEASURED).request.question;
  change({ costume: id, template, stop, n: own ? store.state.n : n, stopOn: own ? stopOn : true });
}

/** Cutting needs no model: what came without the stop string holds both. The other way the model has to write on. */
function switchStop(stopOn) {
  const { result, live } = store.state;
  if (stopOn && live && result?.dressed?.answers) store.update({ stopOn });
  else {
    change({ stopOn, picked: store.state.picked });
    if (result?.dressed && !store.state.result?.dressed && models.ready) ask();
  }
}

function restart() {
  const { costume, template, stop } = store.state;
  change({
    ...fromPreset(presetOf(MEASURED)),
    ...(costume === MEASURED ? {} : { costume, template, stop }),
    ...(presetOf(costume) && { n: presetOf(costume).request.n }),
  });
  elements.question.value = "";
}

const KEPT = "assistant-results";

/** What was computed here of question and control, or null. */
function computed() {
  const { result, live, source } = store.state;
  if (!live || !result.dressed?.answers) return null;
  return { result, source: run.model === null ? source : madeHere(run) };
}

function snapshot() {
  const shared = sharedState(store.state);
  keep(KEPT, shared, { asked: computed(), shift: shift.computed(), instructed: instructed.computed() });
  return shared;
}

/** Put back what a link held, and what was kept beside it; runs nothing. */
function restore(shared) {
  const kept = keptFor(KEPT, shared);
  change(readShared(shared));
  if (kept?.asked) store.update({ ...kept.asked, live: true });
  if (kept?.shift) shift.restore(kept.shift);
  if (kept?.instructed) instructed.restore(kept.instructed);
}

function edited(name, field) {
  if (field.type === "number") {
    const value = Number(field.value);
    if (field.value === "" || !field.checkValidity()) return;
    change({ [name]: value });
  } else if (name === "expected") change({ expected: field.value });
  else change({ [name]: field.value, costume: null });
}

/** A number that is none, or out of bounds, or broken where only whole ones go: the nearest one is used, and shown. */
function settle(name, field) {
  const typed = field.value === "" ? store.state[name] : field.valueAsNumber;
  const value = Math.min(
    Number(field.max),
    Math.max(Number(field.min), field.step === "any" ? typed : Math.round(typed)),
  );
  field.value = value;
  if (value !== store.state[name]) change({ [name]: value });
}

elements.form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = elements.question.value.trim();
  if (question) send(question);
  else elements.question.focus();
});
elements.question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  elements.form.requestSubmit();
});
elements.stopOn.addEventListener("change", () => switchStop(elements.stopOn.checked));
for (const [name, field] of Object.entries(elements.fields)) {
  field.addEventListener("input", () => edited(name, field));
  if (field.type === "number") field.addEventListener("change", () => settle(name, field));
}
for (const button of elements.costumes) button.addEventListener("click", () => choose(button.dataset.costume));
document.querySelector("[data-action=restart]").addEventListener("click", restart);
document.querySelector("[data-action=share]").addEventListener("click", () => copyLink(sharedState(store.state)));
elements.dressedTries.addEventListener("try-picked", ({ detail }) => store.update({ picked: detail.index }));
elements.askRun.addEventListener("run-asked", ask);

function draw() {
  const { state } = store;
  show(state, run.state === "running");
  needVeils("bare", elements.predict !== null && !state.live && Boolean(state.result?.bare));
  const text = chosen(state)?.own.trim() ?? "";
  Object.assign(elements.askRun, { run, measurement: state.source, disabled: !isComplete(state) });
  shift.offer(text !== "" && run.state !== "running" && isComplete(state));
}
store.watch(draw);
run.addEventListener("change", draw);
provideSnapshot(snapshot);
await restoreFromFragment(restore, showError);
draw();
