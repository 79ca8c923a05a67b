// The sampling page: one prompt, one distribution, the settings that cut it, and the dice.

import "../../js/elements/dice-strip.js";
import "../../js/elements/predict-reveal.js";
import "../../js/elements/probability-bars.js";
import "./prompt-hints.js";
import "./prompt-tokens.js";
import "./roll-result.js";
import "../../js/elements/sampling-controls.js";
import "./sampling-counts.js";
import "./sampling-funnel.js";
import "./sampling-presets.js";
import "../../js/elements/seed-box.js";
import "../../js/elements/status-message.js";
import { formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { loadVocabulary, nextToken, typedIds } from "../../js/base/next-token.js";
import { announce, clearMessage, messageNow, pageData, showError, showNote } from "../../js/base/page.js";
import { Prompt } from "./prompt.js";
import { neutralParams } from "../../js/base/sampling-params.js";
import { readShared, sharedState } from "./share.js";
import { rollMany, tokenRows } from "./view.js";
import { copyLink } from "../../js/base/copy-link.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";
import { exampleDistribution, exampleNames } from "./worked-example.js";
import { ROWS, elements, main, pickedIndex, show } from "./show.js";

const COMPARED = 6;
const MANY = 1000;
const TYPING_PAUSE = 250; // milliseconds without a key before the model is asked
const LISTENING_PAUSE = 700; // before a slider's outcome is said aloud

const { example } = pageData;
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
  pick: { by: "dice", roll: 0 }, // what picked last, or null
  us: null, // a thousand rolls
  comparison: null, // the same prompt without its last space
  answered: example.prompt, // the text whose numbers these are
  waiting: false, // for those of another
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

/** Ask the model about the prompt. A newer question ends an older one. */
let asking = null;
let failed = false;
let untouched = false; // opened from a link, which runs nothing until a person does something here
async function ask({ pause = 0 } = {}) {
  if (untouched) return;
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

function rollOnce() {
  const { rolls, waiting } = store.state;
  if (waiting) return; // what is on screen is about to go
  store.update({ pick: { by: "dice", roll: rolls }, rolls: rolls + 1 });
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
    announce(t("{n} tokens left, {share} of the mass", { n: kept, share: formatProbability(mass) }));
  }, LISTENING_PAUSE);
}

const actions = {
  roll: rollOnce,
  "roll-many": rollManyTimes,
  greedy: () => {
    store.update({ pick: { by: "greedy" } });
    sayPicked();
  },
  replay: () => store.update({ rolls: 0, pick: null, us: null }),
  reset: () => store.update({ params: neutralParams(Object.keys(store.state.params)) }),
  more: () => store.update({ shown: ROWS.find((rows) => rows > store.state.shown) ?? ROWS[0] }),
  share: () =>
    copyLink(sharedState(store.state), t("The link is copied. Opening it restores this page, dice and all.")),
};

main.addEventListener("click", ({ target }) => {
  const { action, scale } = /** @type {Element} */ (target).closest("button")?.dataset ?? {};
  if (action in actions) actions[action]();
  if (scale) store.update({ scale });
});
main.addEventListener("params-changed", ({ detail }) => {
  store.update({ params: detail.params });
  sayOutcome();
});
main.addEventListener("seed-changed", ({ detail }) =>
  store.update({ seed: detail.seed, rolls: 0, pick: null, us: null }),
);
main.addEventListener("roll-placed", ({ detail }) => store.update({ pick: { by: "strip", u: detail.u } }));
main.addEventListener("row-picked", ({ detail }) => {
  store.update({ pick: { by: "hand", index: detail.rank - 1 } });
  sayPicked();
});
main.addEventListener("append-asked", appendPicked);
main.addEventListener("compare-asked", compareWithoutSpace);
elements.prompt.addEventListener("input", () => edit(elements.prompt.value));
models.addEventListener("change", () => {
  if (models.ready && (failed || models.state.loaded.name !== store.state.model)) ask();
});

store.watch((state) => show(state, hexOf));
provideSnapshot(() => ({ ...sharedState(store.state), live: !untouched })); // another language is no new page
for (const kind of ["pointerdown", "keydown"]) {
  main.addEventListener(kind, () => {
    if (!untouched) return;
    untouched = false;
    clearMessage();
    ask();
  });
}
const restored = await restoreFromFragment((shared) => {
  asking?.abort();
  untouched = shared.live !== true;
  const opened = readShared(shared, store.state);
  store.update({ ...opened, us: null, comparison: null, waiting: opened.prompt.shown !== store.state.answered });
  ask();
  if (untouched)
    showNote(t("Opened from a link: nothing has run yet. Press anywhere on this page, and the model answers."));
}, showError);
if (!restored) ask();
