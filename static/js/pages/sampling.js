// The sampling page: one prompt, one distribution, the settings that cut it, and the dice.

import "../elements/dice-strip.js";
import "../elements/probability-bars.js";
import "../elements/prompt-hints.js";
import "../elements/prompt-tokens.js";
import "../elements/roll-result.js";
import "../elements/sampling-controls.js";
import "../elements/sampling-counts.js";
import "../elements/sampling-funnel.js";
import "../elements/sampling-presets.js";
import "../elements/seed-box.js";
import "../elements/status-message.js";
import { roll } from "../dice.js";
import { formatCount, formatProbability } from "../format.js";
import { t } from "../i18n.js";
import { models } from "../models.js";
import { loadVocabulary, nextToken, typedIds } from "../next-token.js";
import { announce, clearMessage, pageData, showError, showNote } from "../page.js";
import { Prompt } from "../sampling-prompt.js";
import { neutralParams } from "../sampling-params.js";
import { readShared, sharedState } from "../sampling-share.js";
import { countDraws, insideBand, remainderRow, rollMany, stripIntervals, tokenRows } from "../sampling-view.js";
import { provideSnapshot, restoreFromFragment, shareLink } from "../share.js";
import { Store } from "../store.js";
import { exampleDistribution, exampleNames } from "../worked-example.js";

const ROWS = [12, 40, 100, 200];
const COMPARED = 6;
const MANY = 1000;
const TYPING_PAUSE = 250; // milliseconds without a key before the model is asked
const LISTENING_PAUSE = 700; // before a slider's outcome is said aloud

const { example } = pageData;
const main = document.querySelector("main");
const part = (selector) => main.querySelector(selector);
const elements = {
  prompt: part("#prompt"),
  tokens: part("prompt-tokens"),
  hints: part("prompt-hints"),
  controls: part("sampling-controls"),
  presets: part("sampling-presets"),
  counts: part("sampling-counts"),
  funnel: part("sampling-funnel"),
  bars: part("probability-bars"),
  strip: part("dice-strip"),
  seed: part("seed-box"),
  result: part("roll-result"),
  observed: part(".observed-sentence"),
};

const store = new Store({
  prompt: new Prompt({ typed: example.prompt }),
  ids: example.ids,
  tokens: example.tokens,
  bos: true,
  model: example.model, // whose ids and numbers these are
  distribution: exampleDistribution(example),
  named: exampleNames(example),
  vocabulary: null,
  params: example.params,
  scale: "linear",
  shown: ROWS[0],
  seed: example.seed,
  rolls: 1, // rolls made for this place in the text; the next one's number
  pick: { by: "dice", u: example.roll.u, roll: 0 }, // what was picked last, or null
  us: null, // a thousand rolls
  comparison: null, // the same prompt without its last space
  waiting: false,
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
  loadVocabulary(model)
    .then((vocabulary) => store.state.model === model && store.update({ vocabulary }))
    .catch(showError);
}

/** The index that was picked, under the settings as they are now: the dice stay, the strip moves. */
function pickedIndex({ pick }, processed) {
  if (pick === null) return null;
  if (pick.by === "greedy") return 0;
  return pick.by === "hand" ? pick.index : processed.draw(pick.u);
}

function show(state) {
  const { distribution, params, shown, us } = state;
  const processed = distribution.process(params);
  const observed = us ? countDraws(processed, us, shown) : null;
  const index = pickedIndex(state, processed);
  const rows = tokenRows(distribution, processed, shown, hexOf, observed);
  const id = index === null ? null : distribution.ids[index];

  Object.assign(elements.bars, {
    rows,
    remainder: remainderRow(distribution, processed, rows.length, observed),
    total: distribution.size,
    picked: index === null ? null : index < rows.length ? id : "rest",
    scale: state.scale,
  });
  Object.assign(elements.controls, { params, vocabulary: distribution.size });
  Object.assign(elements.presets, { params });
  Object.assign(elements.counts, {
    before: distribution.entropyBits,
    after: processed.entropyBits,
  });
  Object.assign(elements.funnel, { size: distribution.size, params, processed });
  const u = state.pick?.u ?? null;
  Object.assign(elements.strip, { intervals: stripIntervals(distribution, processed, hexOf), u, picked: id });
  elements.seed.seed = state.seed;
  elements.result.result = index === null ? null : resultOf(state, processed, index);
  elements.result.origin = originOf(state);
  elements.result.waiting = state.waiting;
  elements.observed.textContent = observed ? observedSentence(rows) : "";
  showPrompt(state);
  showButtons(state);
  part("[data-vocabulary]").textContent = formatCount(distribution.size);
}

function resultOf({ distribution, pick }, processed, index) {
  return {
    by: pick.by,
    u: pick.u,
    bytes: hexOf(distribution.ids[index]),
    probability: processed.probability(index),
    rank: index + 1,
    best: { bytes: hexOf(distribution.ids[0]), probability: processed.probability(0) },
  };
}

function originOf({ pick, seed, ids }) {
  if (pick?.by !== "dice") return "";
  return t("Seed {seed}, place {place}, roll {n}.", { seed: String(seed), place: ids.length, n: pick.roll + 1 });
}

function observedSentence(rows) {
  const { inside, rows: drawn } = insideBand(rows);
  return t("{rolls} rolls: {inside} of {n} rows lie inside the band where chance puts 95 % of them.", {
    rolls: formatCount(MANY),
    inside,
    n: drawn,
  });
}

function showPrompt({ prompt, tokens, ids, bos, waiting, comparison, model }) {
  if (elements.prompt.value !== prompt.shown) elements.prompt.value = prompt.shown;
  elements.tokens.tokens = tokens;
  elements.bars.toggleAttribute("data-waiting", waiting);
  elements.bars.setAttribute("aria-busy", String(waiting));
  Object.assign(elements.hints, {
    trailingSpace: / $/.test(prompt.shown),
    empty: bos && ids.length === 1 && prompt.shown === "",
    comparison,
    source: models.ready ? null : model,
  });
}

function showButtons({ scale, shown, distribution, rolls }) {
  for (const button of main.querySelectorAll("[data-scale]")) {
    button.setAttribute("aria-pressed", String(button.dataset.scale === scale));
  }
  const more = ROWS.find((rows) => rows > shown && shown < distribution.size);
  part("[data-action=more]").textContent = t("Show {n} rows", { n: more ?? ROWS[0] });
  part("[data-action=replay]").disabled = rolls === 0;
}

/** Ask the model about the prompt. A newer question ends an older one. */
let asking = null;
async function ask({ pause = 0 } = {}) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  // The worked example is good to play with until the model is there; for any other text it says nothing.
  store.update({ waiting: models.ready || store.state.prompt.shown !== example.prompt });
  try {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await models.untilReady({ signal });
    signal.throwIfAborted();
    store.update({ waiting: true });
    const { name } = models.state.loaded;
    const prompt = promptFor(name);
    const question = await questionOf(prompt, { signal });
    const answer = await nextToken(question, { signal });
    clearMessage();
    const vocabulary = name === store.state.model ? store.state.vocabulary : null;
    store.update({ ...answer, prompt, model: name, vocabulary, waiting: false });
  } catch (error) {
    if (signal.aborted) return;
    store.update({ waiting: false });
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

async function questionOf(prompt, { signal } = {}) {
  if (prompt.ids === null) return { prompt: prompt.typed };
  if (prompt.typed === "") return { ids: prompt.ids };
  return { ids: [...prompt.ids, ...(await typedIds(prompt.typed, { signal }))] };
}

function rollOnce() {
  const { seed, rolls, ids, waiting } = store.state;
  if (waiting) return; // what is on screen is about to go
  store.update({ pick: { by: "dice", u: roll(seed, rolls, ids.length), roll: rolls }, rolls: rolls + 1 });
  sayPicked();
}

function rollManyTimes() {
  const { seed, rolls, ids, waiting } = store.state;
  if (waiting) return;
  store.update({ us: rollMany(seed, rolls, ids.length, MANY), rolls: rolls + MANY });
  announce(elements.observed.textContent);
}

function appendPicked() {
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
  store.update({ prompt: store.state.prompt.edit(shown), pick: null, us: null, rolls: 0, comparison: null });
  ask({ pause: TYPING_PAUSE });
}

/** Resolves when the numbers on the page are those of the prompt in the box. */
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

async function share() {
  const link = await shareLink(sharedState(store.state));
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    showNote(t("The link is copied. Opening it restores this page, dice and all."));
  } catch {
    showNote(t("The link stands in the address bar now: copy it from there."));
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
    announce(t("{n} tokens left, {share} of the mass", { n: kept, share: formatProbability(mass) }));
  }, LISTENING_PAUSE);
}

const actions = {
  roll: rollOnce,
  "roll-many": rollManyTimes,
  greedy: () => {
    store.update({ pick: { by: "greedy", u: null } });
    sayPicked();
  },
  replay: () => store.update({ rolls: 0, pick: null, us: null }),
  reset: () => store.update({ params: neutralParams(Object.keys(store.state.params)) }),
  more: () => store.update({ shown: ROWS.find((rows) => rows > store.state.shown) ?? ROWS[0] }),
  share,
};

main.addEventListener("click", ({ target }) => {
  const { action, scale } = target.closest("button")?.dataset ?? {};
  if (action in actions) actions[action]();
  if (scale) store.update({ scale });
});
main.addEventListener("params-changed", ({ detail }) => {
  store.update({ params: detail.params });
  sayOutcome();
});
main.addEventListener("seed-changed", ({ detail }) => store.update({ seed: detail.seed, rolls: 0, pick: null, us: null }));
main.addEventListener("roll-placed", ({ detail }) => store.update({ pick: { by: "strip", u: detail.u } }));
main.addEventListener("row-picked", ({ detail }) => {
  store.update({ pick: { by: "hand", u: null, index: detail.rank - 1 } });
  sayPicked();
});
main.addEventListener("append-asked", appendPicked);
main.addEventListener("compare-asked", compareWithoutSpace);
elements.prompt.addEventListener("input", () => edit(elements.prompt.value));
models.addEventListener("change", () => {
  if (models.ready && models.state.loaded.name !== store.state.model) ask();
});

store.watch(show);
provideSnapshot(() => sharedState(store.state));
const restored = await restoreFromFragment((shared) => {
  store.update({ ...readShared(shared, store.state), us: null, comparison: null });
  ask();
}, showError);
if (!restored) ask();
