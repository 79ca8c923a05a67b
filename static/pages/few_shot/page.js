// The few-shot page: rows of examples, questions held out from them, and the curve of the right answer.

import { liftVeils, needVeils } from "../../js/elements/answer-veil.js";
import "./example-rows.js";
import "./few-shot-answers.js";
import "../../js/elements/line-figure.js";
import "../../js/elements/predict-reveal.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import "../../js/elements/token-strip.js";
import { postJson } from "../../js/base/api.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { keep, keptFor, madeHere } from "../../js/base/kept.js";
import { models } from "../../js/base/models.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { copyLink } from "../../js/base/copy-link.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";
import { computedRepeat, repeat, restoreRepeat, startRepeat } from "./repeat.js";
import { LINES, NOTHING, partsOf, predictionOf, promptAt, resultOf, withPart } from "./result.js";
import { elements, main, shotsAt, show, stopsOf } from "./show.js";
import { emptyTask, fullQueries, promptText, readAffix, requestOf, sharedTask, taskOf } from "./task.js";

const TYPING_PAUSE = 250; // milliseconds without a key before the prompt is tokenised
const presets = pageData.presets.filter(({ experiment }) => experiment === "few-shot");
const run = new ExperimentRun();

const QUESTION = "korean"; // asked at the top of the page, of the task it opens with
const predict = document.getElementById(`predict-${QUESTION}`);
const answer = resultOf(pageData.measurement?.results[presets[0].id] ?? []).questions;

/** A preset opens with what was measured. */
function opened(preset) {
  const parts = pageData.measurement?.results[preset.id] ?? [];
  const task = taskOf(preset.request);
  return {
    preset: preset.id,
    task,
    stop: task.shots.length - 1,
    query: 0,
    line: "true",
    result: resultOf(parts),
    stale: false,
    measured: parts.length > 0 ? pageData.measurement : null,
  };
}

const store = new Store({
  ...opened(presets[0]),
  view: "questions",
  measure: "probability",
  prompt: "",
  tokens: null,
  bos: false,
});

/** The exact text the model gets: the server's own where it told, otherwise what would be sent. */
function promptNow(state) {
  const shots = shotsAt(state);
  const told = state.stale ? null : promptAt(state.result, state.line, shots, state.query);
  const [given = ""] = fullQueries(state.task)[state.query] ?? [];
  return told ?? promptText(state.task, shots, given);
}

/** Whether each model puts a beginning-of-text token first, as far as its results have told. */
const startsOf = new Map();
function bosNow({ result, measured }) {
  const loaded = models.state.loaded?.name;
  const made = measured?.model ?? run.model ?? loaded;
  if (result.questions) startsOf.set(made, result.questions.bos);
  return startsOf.get(loaded) ?? false;
}

let tokenising = null;
let tokenisedBy = null;
async function tokenise(text) {
  tokenising?.abort();
  tokenising = new AbortController();
  const { signal } = tokenising;
  try {
    await new Promise((resolve) => setTimeout(resolve, store.state.tokens === null ? 0 : TYPING_PAUSE));
    await models.untilReady({ signal });
    signal.throwIfAborted();
    const { tokens } = await postJson("/api/tokenize", { text, encoding: "model", special: "text" }, { signal });
    tokenisedBy = models.state.loaded?.name;
    store.update({ tokens, bos: bosNow(store.state) });
  } catch (error) {
    if (!signal.aborted) showError(error);
  }
}

store.watch((state) => {
  const prompt = promptNow(state);
  if (prompt !== state.prompt) {
    store.update({ prompt });
    tokenise(prompt);
    return;
  }
  const bos = bosNow(state);
  if (bos !== state.bos) {
    store.update({ bos });
    return;
  }
  show(state);
  needVeils(QUESTION, predict !== null && state.result.questions === answer);
});

/** A change to the task itself: what is drawn is no longer its curve. */
function edit(changes) {
  run.cancel();
  const before = shotsAt(store.state);
  const task = { ...store.state.task, ...changes };
  const query = Math.min(store.state.query, Math.max(0, fullQueries(task).length - 1));
  const next = { ...store.state, task };
  const stops = stopsOf(next);
  const stop = changes.rows && before === stopsOf(store.state).at(-1) ? stops.length - 1 : nearest(stops, before);
  store.update({ task, query, stop, line: "true", preset: null, stale: true, measured: null });
}

function nearest(stops, shots) {
  return stops.reduce(
    (best, stop, index) => (Math.abs(stop - shots) < Math.abs(stops[best] - shots) ? index : best),
    0,
  );
}

function openPreset(id) {
  run.reset();
  const preset = presets.find((one) => one.id === id);
  store.update(
    preset
      ? opened(preset)
      : {
          preset: null,
          task: emptyTask(),
          stop: 0,
          query: 0,
          line: "true",
          result: NOTHING,
          stale: false,
          measured: null,
        },
  );
  if (!preset) elements.rows.updateComplete.then(() => elements.rows.querySelector("input").focus());
}

async function start() {
  const { task, preset } = store.state;
  const asked = preset === presets[0].id;
  if (asked) liftVeils(QUESTION);
  store.update({ result: NOTHING, stale: false, line: "true" });
  const done = await run.start("few-shot", requestOf(task), {
    onPart: (...news) => store.update({ result: withPart(store.state.result, ...news) }),
  });
  if (done && asked && predict)
    Object.assign(predict, { live: { ...predictionOf(store.state.result), model: run.model } });
  if (done)
    announce(main.querySelector("[data-sentence]").textContent || main.querySelector("[data-change]").textContent);
}

function goTo(shots) {
  store.update({ stop: nearest(stopsOf(store.state), shots) });
}

function sharedState({ preset, task, stop, query, line, view, measure }) {
  return {
    preset,
    task: preset === null ? task : undefined,
    stop,
    query,
    line,
    view,
    measure,
    repeat: repeat.state.request,
  };
}

const KEPT = "few-shot-result";

/** What was computed here, or null. */
function computed() {
  const { result, stale, measured } = store.state;
  const made = run.model === null ? measured : madeHere(run);
  if (made === pageData.measurement || stale || result.questions === null) return null;
  return { parts: partsOf(result), measured: made };
}

function snapshot() {
  const shared = sharedState(store.state);
  keep(KEPT, shared, { task: computed(), repeat: computedRepeat() });
  return shared;
}

const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : 0);
const oneOf = (value, known) => (known.includes(value) ? value : known[0]);

function restore(shared) {
  run.reset();
  const preset = presets.find(({ id }) => id === shared.preset);
  const own = { preset: null, task: sharedTask(shared.task), result: NOTHING, stale: false, measured: null };
  const kept = keptFor(KEPT, shared);
  store.update({
    ...(preset ? opened(preset) : own),
    ...(kept?.task && { result: resultOf(kept.task.parts), measured: kept.task.measured }),
    stop: whole(shared.stop),
    query: whole(shared.query),
    line: oneOf(
      shared.line,
      LINES.map(({ line }) => line),
    ),
    view: oneOf(shared.view, ["questions", "rows"]),
    measure: oneOf(shared.measure, ["probability", "logprob"]),
  });
  restoreRepeat(shared.repeat, kept?.repeat);
}

main.addEventListener("click", ({ target }) => {
  const { preset, view, measure, action } = /** @type {Element} */ (target).closest("button")?.dataset ?? {};
  if (preset) openPreset(preset);
  if (view) store.update({ view });
  if (measure) store.update({ measure });
  if (action === "share") copyLink(sharedState(store.state));
});
elements.rows.addEventListener("rows-changed", ({ detail }) => edit({ rows: detail.rows }));
elements.queries.addEventListener("rows-changed", ({ detail }) => edit({ queries: detail.rows }));
for (const field of elements.affixes) {
  field.addEventListener("input", () => edit({ [field.dataset.affix]: readAffix(field.value) }));
}
elements.options.addEventListener("change", () => {
  const options = elements.options.value
    .split(/[,，、]/)
    .map((option) => option.trim())
    .filter(Boolean);
  edit({ options: [...new Set(options)].slice(0, 8) });
});
elements.slider.addEventListener("input", () => store.update({ stop: Number(elements.slider.value) }));
elements.curve.addEventListener("x-picked", ({ detail }) => goTo(detail.x));
elements.line.addEventListener("change", () => store.update({ line: elements.line.value }));
main.addEventListener("question-picked", ({ detail }) => store.update({ query: detail.index }));
elements.run.addEventListener("run-asked", start);
models.addEventListener("change", () => {
  if (models.ready && models.state.loaded.name !== tokenisedBy) tokenise(store.state.prompt);
});

elements.run.run = run;
startRepeat();
provideSnapshot(snapshot);
const restored = await restoreFromFragment(restore, showError);
if (!restored) store.update({});
