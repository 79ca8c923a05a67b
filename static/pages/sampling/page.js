// Next token: one prompt, one distribution, one setting at a time, one roll or a thousand.

import "../../js/elements/dice-strip.js";
import "../../js/elements/odds-rows.js";
import "../../js/elements/probability-bars.js";
import "../../js/elements/prompt-box.js";
import "../../js/elements/sampling-controls.js";
import "../../js/elements/seed-box.js";
import "../../js/elements/status-message.js";
import "./prompt-hints.js";
import "./prompt-tokens.js";
import "./roll-result.js";
import "./sampling-counts.js";
import "./sampling-funnel.js";
import "./sampling-presets.js";
import { visibleText } from "../../js/base/bytes.js";
import { copyLink } from "../../js/base/copy-link.js";
import { atFirstTouch } from "../../js/base/first-touch.js";
import { formatProbability } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { over } from "../../js/base/motion.js";
import { loadVocabulary, nextToken, typedIds } from "../../js/base/next-token.js";
import { announce, clearMessage, messageNow, pageData, showError, showNote } from "../../js/base/page.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { neutralParams } from "../../js/base/sampling-params.js";
import { showRoll } from "../../js/base/show-roll.js";
import { showStep, stepNow } from "../../js/base/steps.js";
import { Store } from "../../js/base/store.js";
import { Prompt } from "./prompt.js";
import { onePrompt, readState, sharedState } from "./share.js";
import { BARS, ROWS, elements, main, show } from "./show.js";
import { fromSummary, namesIn } from "./summary.js";
import { pickedIndex, rollMany, rolledNumber, tokenRows } from "./view.js";

const COMPARED = 6;
const MANY = 1000;
const POUR_MS = 3000; // a thousand rolls
const REVEAL_MS = 600; // the slider on its way to what was asked about
const TYPING_PAUSE = 250; // milliseconds without a key before the model is asked
const LISTENING_PAUSE = 700; // before a slider's outcome is said aloud

const { example } = pageData;
const now = example[language()];
const NEUTRAL = neutralParams(["temperature", "top_k", "top_p", "min_p"]);

/** What is known of one prompt: the example's until a person writes one. */
const worked = {
  prompt: new Prompt({ typed: now.prompt }),
  ids: now.ids,
  tokens: now.tokens,
  bos: true,
  model: example.model, // whose ids and numbers these are
  distribution: fromSummary(now),
  named: namesIn(now),
  vocabulary: null,
  rolls: 0, // rolls made for this place in the text; the next one's number
  pick: null, // what picked last
  us: null, // a thousand rolls
  first: null, // and the number of the first of them
  comparison: null, // the same prompt without its last space
  answered: now.prompt, // the text whose numbers these are
  waiting: false, // for those of another
};

const store = new Store({
  ...worked,
  own: false, // the person's own prompt is on the stage, not the example
  other: worked, // what is known of the one that is not
  params: NEUTRAL,
  setting: "temperature", // the one slider's
  scale: "linear",
  shown: ROWS[0],
  seed: example.seed,
  guess: null,
  counted: 0, // of the thousand rolls, so far
  stage: null, // {lit}: a roll that is on its way
  pinned: null, // {index, pick, params}: what this pick landed on, under these settings
});

function hexOf(id) {
  const { named, vocabulary } = store.state;
  const hex = named.get(id) ?? vocabulary?.hex(id);
  if (hex === undefined && id >= 0) fetchVocabulary();
  return hex ?? "";
}

/** Tokens beyond the few that came with their bytes: fetched the first time one is to be shown. */
let fetching = null;
function fetchVocabulary() {
  const { model } = store.state;
  if (fetching === model || models.state.loaded?.name !== model) return;
  fetching = model;
  loadVocabulary()
    .then((vocabulary) => store.state.model === model && store.update({ vocabulary }))
    .catch(showError);
}

/**
 * Whether the model may be asked about the example, for the names of its unlikely tokens: only the one it was measured
 * on, and only where numbers are the same on every machine. Else the sentences of the steps would not fit the bars.
 */
function isMeasuredHere() {
  const { loaded, engine } = models.state;
  return loaded?.name === example.model && engine?.numerics === "same";
}

/** A distribution in a few hundred numbers: its unlikely tokens have no names. */
const isRough = ({ ids }) => ids.at(-1) < 0;

/** Ask the model about the prompt. A newer question ends an older one. */
let asking = null;
let failed = false;
async function ask({ pause = 0 } = {}) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const said = messageNow();
  failed = false;
  store.update({ waiting: store.state.prompt.shown !== store.state.answered });
  try {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await models.untilReady({ signal });
    signal.throwIfAborted();
    const { name } = models.state.loaded;
    if (!store.state.own && !isMeasuredHere()) return;
    const { model: made, prompt: asked } = store.state;
    const prompt = promptFor(name);
    const question = await questionOf(prompt, { signal });
    const answer = await nextToken(question, { signal });
    clearMessage(said);
    const vocabulary = name === store.state.model ? store.state.vocabulary : null;
    const us = answer.ids.length === store.state.ids.length ? store.state.us : null; // dice go by the place
    store.update({ ...answer, us, prompt, model: name, vocabulary, answered: prompt.shown, waiting: false });
    if (prompt !== asked)
      showNote(
        t("That was made with {made}; here {name} answers, and cut the text into its own tokens.", { made, name }),
      );
  } catch (error) {
    if (signal.aborted) return;
    failed = true; // and what is on screen still waits to be replaced
    showError(error);
  }
}

/** Ids belong to one model: under another one the prompt is text again. */
function promptFor(name) {
  const { prompt, model } = store.state;
  if (prompt.ids === null || model === name) return prompt;
  const typed = new Prompt({ typed: prompt.shown });
  store.update({ prompt: typed, pick: null, us: null, rolls: 0 });
  return typed;
}

/**
 * @param {{ ids: number[] | null, typed: string }} prompt
 * @param {{ signal?: AbortSignal }} [options]
 */
async function questionOf(prompt, { signal } = {}) {
  if (prompt.ids === null) return { prompt: prompt.typed };
  if (prompt.typed === "") return { ids: prompt.ids };
  return { ids: [...prompt.ids, ...(await typedIds(prompt.typed, { signal }))] };
}

let settle = () => {}; // ends the roll that is on its way

/** The outcome is known at once; what follows only shows how it came. A new roll ends the one before. */
function rollOnce() {
  settle();
  const { rolls, waiting } = store.state;
  if (waiting) return; // what is on screen is about to go
  store.update({ pick: { by: "dice", roll: rolls }, rolls: rolls + 1, us: null, stage: { lit: null } });
  sayPicked();
  const { distribution, params } = store.state;
  const index = pickedIndex(store.state, distribution.process(params));
  const row = Math.min(index, BARS);
  settle = showRoll({
    pointer: elements.strip.pointer,
    u: rolledNumber(store.state),
    word: visibleText(hexOf(distribution.ids[index])),
    land: () => {
      store.update({ stage: { lit: row } });
      return elements.odds.wordAt(row);
    },
    target: () => elements.slot().getBoundingClientRect(),
    settle: () => {
      settle = () => {};
      store.update({ stage: null });
    },
  });
}

let pour = new AbortController();

function rollManyTimes() {
  settle();
  const { seed, rolls, ids, waiting } = store.state;
  if (waiting) return;
  store.update({
    us: rollMany(seed, rolls, ids.length, MANY),
    first: rolls,
    rolls: rolls + MANY,
    pick: null,
    counted: 0,
  });
  pour.abort();
  pour = new AbortController();
  over(POUR_MS, (share) => store.update({ counted: Math.round(MANY * share) }), pour.signal).then(() =>
    announce(elements.observed.textContent),
  );
}

function appendPicked() {
  settle();
  const { distribution, params, ids, prompt, waiting } = store.state;
  const index = pickedIndex(store.state, distribution.process(params));
  if (index === null || waiting) return;
  const id = distribution.ids[index];
  const bytes = hexOf(id);
  if (id < 0 || bytes === "") return;
  store.update({
    prompt: prompt.append(ids, { id, bytes }),
    tokens: [...store.state.tokens, { id, bytes, special: false }],
    pick: null,
    us: null,
    rolls: 0,
    comparison: null,
  });
  ask();
}

/** A new text, or the old one changed by hand. */
function edit(shown) {
  settle();
  store.update({ prompt: store.state.prompt.edit(shown), pick: null, us: null, rolls: 0, comparison: null });
  ask({ pause: TYPING_PAUSE });
}

/**
 * Resolves when the numbers on the page are those of the prompt in the box.
 *
 * @returns {Promise<void>}
 */
function settled() {
  if (!store.state.waiting) return Promise.resolve();
  return new Promise((resolve) => {
    const controller = new AbortController();
    const look = ({ waiting }) => {
      if (waiting) return;
      controller.abort();
      resolve();
    };
    store.watch(look, { signal: controller.signal });
  });
}

async function compareWithoutSpace() {
  try {
    await settled();
    const { prompt, distribution, named } = store.state;
    const shorter = prompt.edit(prompt.shown.replace(/ +$/, ""));
    const without = await nextToken(await questionOf(shorter));
    if (store.state.prompt !== prompt) return; // typed on meanwhile
    const likeliest = (whole, names) => tokenRows(whole, whole.process(), COMPARED, (id) => names.get(id) ?? "");
    store.update({
      comparison: { space: likeliest(distribution, named), none: likeliest(without.distribution, without.named) },
    });
  } catch (error) {
    showError(error);
  }
}

function sayPicked() {
  elements.result.updateComplete.then(() => announce(elements.result.querySelector(".roll-sentence").innerText));
}

let saying = 0;
function sayOutcome() {
  clearTimeout(saying);
  saying = setTimeout(() => {
    const { distribution, params } = store.state;
    const { kept, mass } = distribution.process(params);
    announce(t("{n} tokens left; together they had {share}", { n: kept, share: formatProbability(mass) }));
  }, LISTENING_PAUSE);
}

let reveal = new AbortController();

/** Another step: the example or one's own text, and the slider where the step wants it. */
function putOnStage(step) {
  settle();
  reveal.abort();
  const own = step === "own";
  if (own !== store.state.own) {
    asking?.abort();
    const { other } = store.state;
    store.update({ ...other, own, other: onePrompt(store.state) });
    if (store.state.waiting) ask();
  }
  if (step === "guess") store.update({ params: NEUTRAL, setting: "temperature", pick: null, us: null });
  else if (isRough(store.state.distribution)) ask(); // a first look at the page costs the class no megabyte
  if (step === "reveal") revealHeat();
}

/** The reveal moves the real slider, in the time it takes to follow with the eye. */
function revealHeat() {
  reveal = new AbortController();
  const { temperature } = store.state.params;
  const { temperature: hot } = now.hot;
  store.update({ setting: "temperature", pick: null, us: null });
  const to = (share) =>
    store.update({ params: { ...NEUTRAL, temperature: temperature + (hot - temperature) * share } });
  over(REVEAL_MS, to, reveal.signal);
}

const actions = {
  roll: rollOnce,
  "roll-many": rollManyTimes,
  greedy: () => {
    store.update({ pick: { by: "greedy" } });
    sayPicked();
  },
  replay: () => store.update({ rolls: 0, pick: null, us: null }),
  reset: () => store.update({ params: NEUTRAL }),
  more: () => store.update({ shown: ROWS.find((rows) => rows > store.state.shown) ?? ROWS[0] }),
  share: () => copyLink(snapshot(), t("The link is copied. Opening it restores this page, dice and all.")),
};

document.addEventListener("click", ({ target }) => {
  const { action, scale } = /** @type {Element} */ (target).closest("button")?.dataset ?? {};
  if (action in actions) actions[action]();
  if (scale) store.update({ scale });
});
document.addEventListener("params-changed", (/** @type {CustomEvent} */ { detail }) => {
  reveal.abort();
  store.update({ params: { ...store.state.params, ...detail.params } });
  sayOutcome();
});
document.addEventListener("seed-changed", (/** @type {CustomEvent} */ { detail }) =>
  store.update({ seed: detail.seed, rolls: 0, pick: null, us: null }),
);
main.addEventListener("roll-placed", (/** @type {CustomEvent} */ { detail }) => {
  settle();
  store.update({ pick: { by: "strip", u: detail.u }, us: null });
});
document.addEventListener("row-picked", (/** @type {CustomEvent} */ { detail }) => {
  settle();
  store.update({ pick: { by: "hand", index: detail.index ?? detail.rank - 1 }, us: null });
  sayPicked();
});
main.addEventListener("append-asked", appendPicked);
main.addEventListener("compare-asked", compareWithoutSpace);
main.addEventListener("change", ({ target }) => {
  const { name, value } = /** @type {HTMLInputElement} */ (target);
  if (name === "setting" || name === "guess") store.update({ [name]: value });
});
elements.box.area.addEventListener("input", () => edit(elements.box.area.value));
models.addEventListener("change", () => {
  show(store.state, hexOf);
  const { own, waiting } = store.state;
  if (models.ready && (failed || (waiting && own))) ask();
});

/** Everything on the stage and behind it: whoever opens it sees the same, and no model is asked. */
function snapshot() {
  return sharedState(store.state, hexOf);
}

function open(shared, linked) {
  settle();
  reveal.abort();
  asking?.abort();
  const state = readState(shared, store.state, worked);
  store.update({ ...state, counted: state.us ? MANY : 0, stage: null, comparison: null });
  if (state.own && stepNow() !== "own") showStep("own"); // a link of before names no step
  if (!state.waiting) return;
  if (linked) atFirstTouch(() => ask());
  else ask();
}

store.watch((state) => show(state, hexOf));
const restored = await rememberPage("sampling", { take: snapshot, open, fail: showError });
document.addEventListener("step", (/** @type {CustomEvent} */ { detail }) => putOnStage(detail.name));
if (!restored || (stepNow() === "own") !== store.state.own) putOnStage(stepNow());
