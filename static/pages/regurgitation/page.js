// Regurgitation: a passage and its control, the opening that is given, and how far the model recites on.

import { liftVeils, needVeils } from "../../js/elements/answer-veil.js";
import "../../js/elements/heat-strip.js";
import "../../js/elements/line-figure.js";
import "../../js/elements/predict-reveal.js";
import "./recital-text.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { keep, keptFor, madeHere } from "../../js/base/kept.js";
import { models } from "../../js/base/models.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { Book, keyOf, measuredBook } from "./recital.js";
import { LENGTH, prefixLimit, readShared, requestOf, sharedState } from "./recital-requests.js";
import { copyLink } from "../../js/base/copy-link.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";
import { elements, preambleAnswer, show } from "./show.js";
import { startTrace } from "./trace.js";
import { startWords } from "./words.js";

const { presets, measurement } = pageData;
const measured = measuredBook(presets, measurement);
const runs = { main: new ExperimentRun(), control: new ExperimentRun() };
const opened = /** @type {HTMLInputElement} */ (document.querySelector("[name=passage]:checked")).value;

const store = new Store({
  passage: opened,
  own: "",
  prefix: presets.find(({ id }) => id === opened)?.request.prefix ?? 16,
  control: "new",
  book: new Book(), // what was computed here
  made: null, // with which model, and when
  news: 0, // counts what came into the book
  shownToken: -1,
  shownSide: "main",
});

/** What is known of a text: computed here, or else measured; never a mixture of two models. */
function known(request) {
  const here = store.state.book.of(request);
  return here.passage ? here : measured.of(request);
}

/** Where that comes from: `{model, measured_on}`, or null where nothing is known. */
function sourceOf(request) {
  if (store.state.book.of(request).passage) return store.state.made;
  return measured.of(request).passage ? measurement : null;
}

function ask(name, request, run) {
  const { book } = store.state;
  return run.start(name, request, {
    onPart: (kind, data) => {
      book.add(request, kind, data);
      store.update({ news: store.state.news + 1 });
    },
  });
}

const ASKED = "preamble"; // the passage that the page asks about

/** Recite the text and its control. The ranks that come along tell the run of every opening. */
async function recite() {
  const loaded = models.state.loaded?.name ?? null;
  if (loaded !== store.state.made?.model) store.update({ book: new Book(), made: madeHere({ model: loaded }) });
  const { state } = store;
  const { prefix } = state;
  const main = requestOf(state, "main", presets);
  const control = requestOf(state, "control", presets);
  if (main.text === "") return;
  if (state.passage === ASKED) liftVeils("words");
  const side = (request, run) => ask("recite", { ...request, prefix, length: LENGTH }, run);
  const beside = keyOf(main) === keyOf(control) ? null : side(control, runs.control);
  const done = await side(main, runs.main);
  await beside;
  if (done && store.state.prefix === prefix) announce(elements.sentence.textContent);
}

/** Once it runs here, letting go of the slider or taking another control asks again. */
function reciteAgain() {
  if (models.ready && runs.main.state !== "idle") recite();
}

runs.main.addEventListener("change", () => {
  if (runs.main.state === "cancelled") runs.control.cancel();
});
for (const run of Object.values(runs))
  run.addEventListener("change", () => store.update({ news: store.state.news + 1 }));

function choose(passage) {
  const preset = presets.find(({ id }) => id === passage);
  runs.main.reset();
  runs.control.reset();
  const prefix = preset?.request.prefix ?? store.state.prefix;
  store.update({ passage, prefix, shownToken: -1, book: new Book(), made: null }); // a preset opens as it was measured
  if (passage === "own") elements.own.focus();
}

function move(prefix) {
  const limit = prefixLimit(
    known(requestOf(store.state, "main", presets)),
    known(requestOf(store.state, "control", presets)),
  );
  store.update({ prefix: Math.max(1, Math.min(limit, prefix)), shownToken: -1 });
}

const inputs = () => ({ ...sharedState(store.state), words: words.snapshot() });

const KEPT = "regurgitation-results";
const SIDES = ["main", "control"];

/** What was computed here of the two texts that stand on the page. */
function computed() {
  const { state } = store;
  const results = SIDES.map((side) => [side, partsOf(state.book.of(requestOf(state, side, presets)))]);
  return { made: state.made, results: Object.fromEntries(results) };
}

function partsOf({ recitals, writing, ...told }) {
  const parts = Object.entries(told).map(([kind, part]) => ({ ...part, kind }));
  return [...parts, ...Object.values(recitals).map((part) => ({ ...part, kind: "recital" }))];
}

function snapshot() {
  const shared = inputs();
  keep(KEPT, shared, { recited: computed(), words: words.computed() });
  return shared;
}

/** Put back what a link held, and what was kept beside it; runs nothing. */
function restore(shared) {
  for (const run of Object.values(runs)) run.reset();
  const state = readShared(shared, presets);
  const kept = keptFor(KEPT, shared);
  const { made, results } = kept?.recited ?? { made: null, results: {} };
  const texts = SIDES.map((side) => ({ id: side, request: requestOf(state, side, presets) }));
  elements.own.value = state.own;
  store.update({ ...state, book: measuredBook(texts, { results }), made });
  words.restore(shared.words, kept?.words);
}

for (const radio of elements.passages) radio.addEventListener("change", () => choose(radio.value));
elements.own.addEventListener("input", () => {
  runs.main.reset();
  store.update({ own: elements.own.value });
});
elements.prefix.addEventListener("input", () => move(Number(elements.prefix.value)));
elements.prefix.addEventListener("change", reciteAgain);
elements.control.addEventListener("change", () => {
  store.update({ control: elements.control.value, shownToken: -1 });
  reciteAgain();
});
elements.curve.addEventListener("x-picked", ({ detail }) => move(detail.x));
elements.run.addEventListener("run-asked", recite);
elements.share.addEventListener("click", () => copyLink(inputs()));
for (const heat of [elements.main.heat, elements.controlSide.heat]) {
  heat.addEventListener("token-selected", ({ detail }) => {
    store.update({ shownToken: detail.index, shownSide: heat === elements.main.heat ? "main" : "control" });
  });
}
models.addEventListener("change", () => {
  const { loaded } = models.state;
  if (loaded && store.state.made && loaded.name !== store.state.made.model) {
    runs.main.reset();
    store.update({ book: new Book(), made: null, shownToken: -1 });
  }
});

elements.run.run = runs.main;
holdRoom(runs.main, elements.main.recital);
holdRoom(runs.control, elements.controlSide.recital);
const words = startWords({ store, known, sourceOf, presets, measured, measurement });
store.watch((state) => {
  show(state, { presets, measurement, known, sourceOf, run: runs.main, controlRun: runs.control });
  needVeils("words", state.passage === ASKED);
  const preamble = presets.find(({ id }) => id === ASKED).request;
  const { model = null } = state.made ?? {};
  elements.predict.live = model === measurement?.model ? null : preambleAnswer(state.book.of(preamble), model);
});
provideSnapshot(snapshot);
await restoreFromFragment(restore, showError);
startTrace({ store, known, presets }); // what a link brings along first: nothing is looked up that is not shown
