// The few-shot page: guess, drag, break, and rows of one's own; what the model makes of a handful of questions.

import "./example-rows.js";
import "./few-chart.js";
import "./few-document.js";
import "./few-shot-answers.js";
import "../../js/elements/line-figure.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import "../../js/elements/token-strip.js";
import { postJson } from "../../js/base/api.js";
import { copyLink } from "../../js/base/copy-link.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { madeHere } from "../../js/base/made-here.js";
import { models } from "../../js/base/models.js";
import { OneAtATime } from "../../js/base/one-at-a-time.js";
import { t } from "../../js/base/i18n.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { announce, pageData, showError } from "../../js/base/page.js";
import { showStep, stepNow, watchSteps } from "../../js/base/steps.js";
import { Store } from "../../js/base/store.js";
import {
  BOARDS,
  boardOf,
  boardOfOldLink,
  edited,
  emptyBoard,
  moved,
  nearest,
  packBoard,
  resultNow,
  stopsOf,
  unbroken,
  unpackBoard,
  wholeLine,
  withLine,
} from "./boards.js";
import { drawer, promptNow, runHere, showDetails, veil } from "./details.js";
import { openRepeat, startRepeat, takeRepeat } from "./repeat.js";
import { LINES, NOTHING, enoughOf, withPart } from "./result.js";
import { chosen, elements, showEditor, showStage } from "./show.js";
import { readAffix, requestOf } from "./task.js";

const SHOWS_BREAKS = ["surprise", "own"]; // broken lines belong to the steps that break them; the drawer has all
const DRAWING = 600; // milliseconds that a line takes to draw itself
const OWN = "made-up-rule"; // what stands in the reader's own rows at first
const presets = pageData.presets.filter(({ experiment }) => experiment === "few-shot");
const presetOf = (id) => presets.find((one) => one.id === id) ?? presets[0];
const first = (id) => boardOf(presetOf(id), pageData.measurement);
/** Everything that was measured of it, drawn. */
const opened = (id) => atEnd(wholeLine(first(id)));
const atEnd = (board) => ({ ...board, stop: stopsOf(board).length - 1 });
const { story, strict } = elements.stage.dataset;

const FRESH = { story: first(story), strict: opened(strict), own: opened(OWN) };
const runs = Object.fromEntries(BOARDS.map((name) => [name, new ExperimentRun()]));
const store = new Store({
  ...FRESH,
  guess: chosen(), // an option's value; it may have been chosen before this script came
  revealed: false,
  twin: "story", // which of the two tasks is broken
  view: "questions",
  measure: "probability",
  tokens: null, // of the prompt in the drawer: {of, list, model}
});

/** The board that the step on the stage is about. */
function nameNow({ twin }) {
  const step = stepNow();
  if (step === "own") return "own";
  return step === "surprise" ? twin : "story";
}

const boardNow = () => store.state[nameNow(store.state)];

/** Another state of the board on the stage. */
function put(board, name = nameNow(store.state)) {
  store.update({ [name]: board });
}

const titleOf = ({ preset }) => t(presetOf(preset).title);

function show() {
  const { state } = store;
  const { guess, revealed, twin, view, measure, tokens } = state;
  const name = nameNow(state);
  const whole = state[name];
  const board = SHOWS_BREAKS.includes(stepNow()) ? whole : unbroken(whole);
  showStage({
    board,
    told: state.story,
    titles: [titleOf(state.story), titleOf(state.strict)],
    step: stepNow(),
    guess,
    revealed,
    twin,
    run: runs[name],
  });
  showEditor(state.own, runs.own);
  const covered =
    name === "story" && stepNow() === "guess" && !revealed && !("all" in document.documentElement.dataset);
  veil(covered);
  if (covered || !drawer.matches(":popover-open")) return; // a slider that is dragged draws what is seen
  showDetails({ board: whole, run: runs[name], view, measure, tokens, bos: startsWithBos(whole) });
  if (tokens?.of !== promptNow(whole)) question.want();
}

/** Whether each model puts a beginning-of-text token first, as far as its results have told. */
const startsOf = new Map();
function startsWithBos(board) {
  const { questions } = resultNow(board);
  if (questions && board.source) startsOf.set(board.source.model, questions.bos);
  return startsOf.get(store.state.tokens?.model) ?? false;
}

const question = new OneAtATime(async () => {
  const of = promptNow(boardNow());
  if (!models.ready || store.state.tokens?.of === of) return;
  try {
    const { tokens } = await postJson("/api/tokenize", { text: of, encoding: "model", special: "text" });
    const list = tokens.map(({ id, bytes, special }) => ({ id, bytes, special: special || undefined }));
    store.update({ tokens: { of, list, model: models.state.loaded?.name } });
  } catch (error) {
    showError(error);
  }
});

let drawing = 0; // which drawing is under way; any other move of the slider ends it

/** The slider goes by itself, and the line is drawn as it goes. */
async function draw(name, to) {
  drawing += 1;
  const mine = drawing;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const from = store.state[name].stop;
  for (let stop = still ? to : from; stop <= to; stop += 1) {
    put(moved(store.state[name], stop), name);
    if (stop < to) await new Promise((resolve) => setTimeout(resolve, DRAWING / Math.max(1, to - from)));
    if (mine !== drawing) return;
  }
}

/** The guess is held against the thing itself: the slider goes to where it is enough. */
function reveal() {
  const board = moved(store.state.story, 0);
  const stops = stopsOf(board);
  const enough = enoughOf(resultNow(board), "true") ?? stops.at(-1);
  store.update({ revealed: true, story: board });
  showStep("control");
  location.hash = "control";
  draw("story", stops.indexOf(enough));
}

function slide(stop) {
  drawing += 1;
  put(moved(boardNow(), stop));
}

function breakIt(line) {
  const name = nameNow(store.state);
  const board = withLine(wholeLine(store.state[name]), line);
  const last = stopsOf(board).length - 1;
  put(board.line === line ? board : { ...board, stop: last }, name);
  if (board.line === line) draw(name, last);
}

/** A change to the rows: what is drawn is no longer their curve. */
function edit(changes) {
  runs.own.cancel();
  put(edited(store.state.own, changes), "own");
}

function openTask(id) {
  runs.own.reset();
  put(id === "" ? emptyBoard() : opened(id), "own");
  if (id === "") elements.rows.updateComplete.then(() => elements.rows.querySelector("input").focus());
}

async function start(name) {
  drawing += 1;
  const run = runs[name];
  const { task } = store.state[name];
  const request = requestOf(task);
  const last = stopsOf(store.state[name]).length - 1;
  const empty = { result: NOTHING, of: JSON.stringify(request), line: "true", stop: last, drawn: {} };
  put({ ...wholeLine({ ...store.state[name], ...empty }), source: null }, name);
  const done = await run.start("few-shot", request, {
    onPart: (...news) => {
      const board = store.state[name];
      put({ ...board, result: withPart(board.result, ...news), source: madeHere(run) }, name);
    },
  });
  if (done) announce(elements.stage.querySelector("[data-said]").textContent);
}

/** Everything typed, computed and chosen; a board that was neither touched nor is on the stage goes without. */
function take() {
  const { guess, revealed, twin, view, measure } = store.state;
  const tokens = store.state.tokens?.of === promptNow(boardNow()) ? store.state.tokens : null;
  const on = nameNow(store.state);
  const untouched = (name) => store.state[name] === FRESH[name] && (name !== on || name === "story");
  const boards = BOARDS.map((name) => [name, untouched(name) ? null : packBoard(store.state[name])]);
  return { guess, revealed, twin, view, measure, tokens, repeat: takeRepeat(), ...Object.fromEntries(boards) };
}

const oneOf = (value, known) => (known.includes(value) ? value : known[0]);

function open(kept) {
  for (const name of BOARDS) runs[name].reset();
  drawing += 1;
  const old = !("story" in kept);
  const boards = Object.fromEntries(BOARDS.map((name) => [name, unpackBoard(kept[name], presets) ?? FRESH[name]]));
  if (old) boards[kept.preset === story ? "story" : "own"] = boardOfOldLink(kept, presets, pageData.measurement);
  const values = [...elements.guess.querySelectorAll("input")].map(({ value }) => value);
  store.update({
    ...boards,
    guess: values.includes(kept.guess) ? kept.guess : chosen(),
    revealed: kept.revealed === true,
    twin: oneOf(kept.twin, ["story", "strict"]),
    view: oneOf(kept.view, ["questions", "rows"]),
    measure: oneOf(kept.measure, ["probability", "logprob"]),
    tokens: tokensFrom(kept.tokens),
  });
  openRepeat(kept.repeat);
  if (old && kept.step === undefined) showStep(kept.preset === story ? "control" : "own");
}

/** The tokens of a prompt out of a link, which anyone may have written. */
function tokensFrom(kept) {
  const isToken = (token) => Number.isSafeInteger(token?.id) && /^([0-9a-f]{2})*$/.test(token.bytes);
  return typeof kept?.of === "string" && Array.isArray(kept.list) && kept.list.every(isToken) ? kept : null;
}

/** Where all steps are shown at once, the one whose part is touched is the one on the stage. */
for (const kind of ["focusin", "pointerdown"]) {
  elements.stage.addEventListener(kind, ({ target }) => {
    const steps = /** @type {HTMLElement} */ (
      /** @type {Element} */ (target).closest("[data-steps]")
    )?.dataset.steps.split(" ");
    if (steps && !steps.includes(stepNow())) showStep(steps[0]);
  });
}
elements.guess.addEventListener("change", ({ target }) => {
  store.update({ guess: /** @type {HTMLInputElement} */ (target).value });
});
elements.guess.addEventListener("submit", (event) => {
  event.preventDefault();
  reveal();
});
elements.slider.addEventListener("input", () => slide(Number(elements.slider.value)));
elements.chart.addEventListener("place-picked", ({ detail }) => slide(detail.place));
for (const button of elements.breaks) button.addEventListener("click", () => breakIt(button.dataset.break));
elements.stage.querySelector(".few-twins").addEventListener("change", ({ target }) => {
  drawing += 1;
  store.update({ twin: /** @type {HTMLInputElement} */ (target).value });
});
elements.task.addEventListener("change", () => openTask(elements.task.value));
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
elements.run.addEventListener("run-asked", () => start("own"));
runHere.addEventListener("run-asked", () => start(nameNow(store.state)));

drawer.addEventListener("toggle", show);
drawer.addEventListener("click", ({ target }) => {
  const { view, measure, action } = /** @type {Element} */ (target).closest("button")?.dataset ?? {};
  if (view) store.update({ view });
  if (measure) store.update({ measure });
  if (action === "share") {
    copyLink(take());
    drawer.hidePopover(); // what is said of the link stands on the page
  }
});
drawer.querySelector("[data-line]").addEventListener("change", ({ target }) => {
  const line = oneOf(
    /** @type {HTMLSelectElement} */ (target).value,
    LINES.map((one) => one.line),
  );
  put({ ...boardNow(), line });
});
drawer.addEventListener("x-picked", ({ detail }) =>
  put({ ...boardNow(), stop: nearest(stopsOf(boardNow()), detail.x) }),
);
drawer.addEventListener("question-picked", ({ detail }) => put({ ...boardNow(), query: detail.index }));

let tokenisedBy = models.state.loaded?.name;
models.addEventListener("change", () => {
  const loaded = models.state.loaded?.name;
  if (tokenisedBy !== undefined && loaded !== tokenisedBy) store.update({ tokens: null });
  tokenisedBy = loaded ?? tokenisedBy;
  show();
});
for (const name of BOARDS) runs[name].addEventListener("change", show);

startRepeat();
await rememberPage("few_shot", { take, open, fail: showError });
store.addEventListener("change", show);
watchSteps((step) => {
  drawing += 1;
  const { story: told } = store.state;
  if (step === "surprise" && told.drawn.true !== stopsOf(told).at(-1)) {
    put(atEnd(wholeLine(told)), "story");
  }
  show();
});
