// Regurgitation: how much of a text the model must be shown before it writes the rest, and what breaks that.

import "../../js/elements/heat-strip.js";
import "../../js/elements/line-figure.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import { copyLink } from "../../js/base/copy-link.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { madeHere } from "../../js/base/made-here.js";
import { models } from "../../js/base/models.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { showStep, stepNow, watchSteps } from "../../js/base/steps.js";
import { Store } from "../../js/base/store.js";
import { Book, keyOf, measuredBook } from "./book.js";
import { startBreaking } from "./break-word.js";
import { figures, showDetails } from "./details.js";
import { glide, play } from "./play.js";
import { bestOpening, recitalFrom, writtenFrom } from "./recital.js";
import "./recital-text.js";
import { elements, show } from "./show.js";
import {
  LENGTH,
  LONGEST_PREFIX,
  keptState,
  linkedState,
  prefixLimit,
  prefixOf,
  readKept,
  requestOf,
  withPrefix,
} from "./state.js";
import { startTrace } from "./trace.js";

const { presets, measurement } = pageData;
const measured = measuredBook(presets, measurement);
const runs = { main: new ExperimentRun(), control: new ExperimentRun() };
const opened = elements.passage.value;
const presetOf = (id) => presets.find((preset) => preset.id === id);

const root = document.documentElement;
/** On the long page of all steps everything can be touched: one's own text where one types, else the words as well. */
const stepShown = (step) => (step !== "own" && root.hasAttribute("data-all") ? "break" : step);

const store = new Store({
  step: stepShown(stepNow()),
  passage: opened,
  own: "",
  prefix: presetOf(opened).request.prefix,
  ownPrefix: 16,
  control: "new",
  guess: null, // tokens, where the slider was moved before the answer
  told: false, // whether the answer was shown
  glided: null, // where the slider stands on its way from the guess to the answer
  played: null, // how many tokens of a known recital are shown, while it is played
  book: new Book(), // what was computed here, or came along with a link
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

const mainText = () => requestOf(store.state, "main", presets);
const hasNews = () => store.update({ news: store.state.news + 1 });

function ask(name, request, run) {
  const { book } = store.state;
  return run.start(name, request, {
    onPart: (kind, data) => {
      book.add(request, kind, data);
      hasNews();
    },
  });
}

/** Recite the text and its control. The ranks that come along tell the run of every opening. */
async function recite() {
  rest();
  const loaded = models.state.loaded?.name ?? null;
  if (loaded !== store.state.made?.model) store.update({ book: new Book() });
  store.update({ made: madeHere({ model: loaded }) });
  const { state } = store;
  const prefix = prefixOf(state);
  const main = mainText();
  const control = requestOf(state, "control", presets);
  if (main.text === "") return;
  const side = (request, run) => ask("recite", { ...request, prefix, length: LENGTH }, run);
  const beside = keyOf(main) === keyOf(control) ? null : side(control, runs.control);
  const done = await side(main, runs.main);
  await beside;
  if (done && prefixOf(store.state) === prefix) announce(elements.sentence.textContent);
}

/** Once it runs here, letting go of the slider or taking another control asks for what is not known from there. */
function reciteAgain() {
  const { state } = store;
  if (!models.ready || runs.main.state === "idle" || !["control", "compare", "own"].includes(state.step)) return;
  const sides = state.step === "compare" ? ["main", "control"] : ["main"];
  const isKnown = (side) => recitalFrom(known(requestOf(state, side, presets)), prefixOf(state)) !== null;
  if (!sides.every(isKnown)) recite();
}

let stop = () => {}; // ends what is played, if something is

function rest() {
  stop();
  stop = () => {};
  store.update({ glided: null, played: null });
}

/** The slider goes from the guess to the opening that is enough, and the text is written from there. */
function reveal() {
  rest();
  const record = known(mainText());
  const from = store.state.guess ?? Math.floor(prefixLimit(record) / 2);
  store.update({ told: true });
  if (!record.recall) return;
  const { prefix } = bestOpening(record.recall, LONGEST_PREFIX);
  store.update({ prefix, glided: from, played: 0 });
  stop = glide(
    from,
    prefix,
    (glided) => store.update({ glided }),
    () => write(record, prefix),
  );
}

function write(record, prefix) {
  store.update({ glided: null });
  const { length } = writtenFrom(record, prefix);
  stop = play(length, (played) => store.update({ played: played < length ? played : null }));
}

function choose(passage) {
  for (const run of Object.values(runs)) run.reset();
  rest();
  store.update({ passage, prefix: presetOf(passage).request.prefix, guess: null, shownToken: -1 });
}

function move(prefix) {
  rest();
  const { state } = store;
  const there = Math.max(1, Math.min(prefixLimit(known(mainText())), prefix));
  if (state.step === "guess") store.update({ guess: there, told: false });
  else store.update({ ...withPrefix(state, there), shownToken: -1 });
}

function type(own) {
  showStep("own"); // on the long page
  store.update({ own });
  for (const run of Object.values(runs)) run.reset();
  rest();
}

/** A text at hand: what was measured of it stands there at once, as if it were written now. */
function take({ request }) {
  type(request.text);
  store.update({ ownPrefix: request.prefix });
  const record = known(mainText());
  if (record.recall) write(record, request.prefix);
}

const breaking = startBreaking({ store, known, sourceOf, presets, measured, measurement, recite });

/** Everything of this tab; with `one`, only what stands on the stage. */
function snapshot({ one = false } = {}) {
  const kept = one ? linkedState(store.state, presets) : keptState(store.state);
  return { page: "regurgitation", ...kept, words: breaking.kept({ one }) };
}

/** Put back what `snapshot` gave; runs nothing. */
function open(kept) {
  for (const run of Object.values(runs)) run.reset();
  rest();
  if (kept.passage === "own") showStep("own"); // so a link of before says it
  store.update({ ...readKept(kept, presets, opened), step: stepShown(stepNow()) });
  breaking.open(kept.words);
}

runs.main.addEventListener("change", () => {
  if (runs.main.state === "cancelled") runs.control.cancel();
});
for (const run of Object.values(runs)) run.addEventListener("change", hasNews);
elements.passage.addEventListener("change", () => choose(elements.passage.value));
elements.own.addEventListener("input", () => type(elements.own.value));
for (const button of elements.tries) button.addEventListener("click", () => take(presetOf(button.dataset.try)));
elements.prefix.addEventListener("input", () => move(Number(elements.prefix.value)));
elements.prefix.addEventListener("change", reciteAgain);
elements.control.addEventListener("change", () => {
  store.update({ control: elements.control.value, shownToken: -1 });
  reciteAgain();
});
elements.reveal.addEventListener("click", () => {
  store.update({ told: false });
  location.hash = "control";
});
figures.curve.addEventListener("x-picked", ({ detail }) => move(detail.x));
elements.run.addEventListener("run-asked", recite);
elements.share.addEventListener("click", () => copyLink(snapshot({ one: true })));
for (const [side, heat] of [
  ["main", figures.main],
  ["control", figures.control],
]) {
  heat.addEventListener("token-selected", ({ detail }) => store.update({ shownToken: detail.index, shownSide: side }));
}
models.addEventListener("change", hasNews);

elements.run.run = runs.main;
store.watch((state) => {
  show(state, { presets, known, sourceOf, runs, broken: state.step === "break" ? breaking.shown() : null });
  showDetails(state, { presets, measured, measurement, known });
});
await rememberPage("regurgitation", { take: snapshot, open, fail: showError });
watchSteps((name) => {
  const { told } = store.state;
  const step = stepShown(name);
  if (step !== store.state.step) rest();
  store.update({ step });
  if (step === "control" && !told) reveal();
});
new MutationObserver(() => store.update({ step: stepShown(stepNow()) })).observe(root, {
  attributeFilter: ["data-all"],
});
startTrace({ store, known, presets }); // what a link brings along first: nothing is looked up that is not shown
