/** Half a sentence, the odds of every token that could come next, and a dice. */

import { ApiError, postJson } from "../../js/base/api.js";
import { spokenText, visibleText } from "../../js/base/bytes.js";
import { decodeSoFar } from "../../js/base/bytes-so-far.js";
import { copyLink } from "../../js/base/copy-link.js";
import { formatDay } from "../../js/base/dates.js";
import { atFirstTouch } from "../../js/base/first-touch.js";
import { formatBits, formatChoices, formatCount, formatProbability, formatRoll } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { OneAtATime } from "../../js/base/one-at-a-time.js";
import { announce, clearMessage, messageNow, pageData, showError } from "../../js/base/page.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { showRoll } from "../../js/base/show-roll.js";
import { Store } from "../../js/base/store.js";
import "../../js/elements/dice-strip.js";
import "../../js/elements/odds-rows.js";
import "../../js/elements/probability-bars.js";
import "../../js/elements/prompt-box.js";
import {
  asked,
  bars,
  landing,
  middle,
  oddsFrom,
  readOdds,
  readRoll,
  readWritten,
  shortened,
  stillWritten,
  strip,
  subjectOf,
} from "./odds.js";

const BARS = 5;
const NAMED = 200; // tokens that the server names; where the dice land beyond them, it is asked which token that is
const LISTED = 12; // rows in the drawer

const { example } = pageData;
const shownFirst = oddsFrom(example[language()], { of: example[language()].prompt, model: example.model });
const element = (id) => document.getElementById(id);
const box = document.querySelector("prompt-box");
const dice = document.querySelector("dice-strip");
const rows = document.querySelector("odds-rows");
const list = document.querySelector("probability-bars");
const rollButton = /** @type {HTMLButtonElement} */ (element("roll"));

/**
 * `odds` are those of the text `odds.of`; while that is not the text in the box, they are drawn as on their way.
 * `roll` is what the dice did last, `stage` what is drawn of it while the pointer still runs.
 */
const store = new Store({
  text: box.area.value,
  ids: null, // of the text, where tokens were rolled: text that came as tokens is never cut anew
  pending: "", // bytes of a character that the next token may complete
  written: [], // what a model wrote of it, as [start, end)
  odds: shownFirst,
  roll: null, // {u, index, token, p, by}
  stage: null, // {odds, index, u, landing}
  refused: false, // the server would not answer to this text
});

const isFresh = (state) => state.odds?.of === subjectOf(state);
/** Whether the odds are this model's, for this text: those of an example or a link are read, not rolled from. */
const isLive = (state) => isFresh(state) && state.odds.model === models.state.loaded?.name && state.odds.ids !== null;

const question = new OneAtATime(async () => {
  const of = subjectOf(store.state);
  const { ids } = store.state;
  const said = messageNow();
  if (!models.ready) return;
  try {
    const prompt = ids === null ? { prompt: of } : { ids };
    const answer = await postJson("/api/next-token", { ...prompt, top: NAMED });
    clearMessage(said);
    store.update({ odds: oddsFrom(answer, { of, model: models.state.loaded.name }), refused: false });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "model_not_ready") return; // asked again as soon as it is
    store.update({ odds: null, refused: true });
    waitingRolls = 0;
    showError(error);
  }
});

let settle = () => {}; // ends the roll that is on its way, if there is one

function type(text) {
  settle();
  const { text: before, written } = store.state;
  store.update({
    text,
    ids: null,
    pending: "",
    written: stillWritten(written, before, text),
    roll: null,
    refused: false,
  });
  question.want();
}

/** A token goes into the text at once; what follows only shows how it came there. */
function take(token, index, u, by) {
  settle();
  const { odds, written } = store.state;
  const before = asked(store.state);
  const { text: added, pending } = token.special
    ? { text: "", pending: "" }
    : decodeSoFar(store.state.pending + token.bytes);
  const longer = before + added;
  const roll = { by, u, index, bytes: token.bytes, p: token.p, best: { bytes: odds.rows[0].bytes, p: odds.rows[0].p } };
  const stage = { odds, u, index: null, landing: before.length };
  store.update({
    text: longer,
    pending,
    ids: [...odds.ids, token.id],
    written: added === "" ? written : [...written, [before.length, longer.length]],
    roll,
    stage,
  });
  question.want();
  announce(rollSentence(roll, spokenText));
  settle = showRoll({
    pointer: dice.pointer,
    u,
    word: visibleText(token.bytes),
    land: () => {
      store.update({ stage: { ...stage, index: index < 0 || index >= BARS ? BARS : index } });
      return rows.wordAt(index < 0 || index >= BARS ? BARS : index);
    },
    target: () => box.lastWritten,
    settle: () => {
      settle = () => {};
      store.update({ stage: null });
    },
  });
}

let waitingRolls = 0; // clicks whose odds are not there yet
let rolling = false;

/** Each click is one token. A click that comes too early waits for the odds, and no click is lost. */
async function roll() {
  settle();
  waitingRolls += 1;
  if (rolling) return;
  rolling = true;
  try {
    while (waitingRolls > 0 && (await live())) {
      waitingRolls -= 1;
      await rollNow();
    }
  } finally {
    waitingRolls = 0;
    rolling = false;
  }
}

async function rollNow() {
  const u = Math.random();
  const { odds, text } = store.state;
  const index = landing(odds, u);
  const token = index < 0 ? await beyond(odds, u) : odds.rows[index];
  if (token !== null && store.state.text === text) take(token, index, u, "dice");
}

/** The token that u lands on among those the server did not name. */
async function beyond({ ids }, u) {
  try {
    const { rolled } = await postJson("/api/next-token", { ids, top: 0, roll: u });
    return { ...rolled, p: Math.exp(rolled.raw_logprob) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showError(error);
    return null;
  }
}

/**
 * Resolves to true when the odds on the stage are the model's own for the text in the box, and to false when they
 * will not come.
 *
 * @returns {Promise<boolean>}
 */
function live() {
  if (isLive(store.state)) return Promise.resolve(true);
  if (!question.busy) question.want();
  return new Promise((resolve) => {
    const watching = new AbortController();
    const look = (state) => {
      if (!isLive(state) && !state.refused) return;
      watching.abort();
      resolve(isLive(state));
    };
    store.watch(look, { signal: watching.signal });
  });
}

async function pick(index) {
  const { odds: seen, text } = store.state;
  const { bytes } = seen.rows[index];
  if (!(await live()) || store.state.text !== text) return; // typed on meanwhile
  const { odds } = store.state;
  const now = odds.rows.findIndex((row) => row.bytes === bytes); // another model has other odds
  if (now >= 0) take(odds.rows[now], now, middle(odds, now), "hand");
}

function rollSentence({ by, u, p, bytes, best }, read) {
  const token = read(bytes);
  const values = {
    u: formatRoll(u),
    token,
    p: formatProbability(p),
    best: read(best.bytes),
    first: formatProbability(best.p),
  };
  const likeliest = bytes === best.bytes;
  if (by === "hand") {
    return likeliest
      ? t("You chose “{token}” ({p}): the most likely token.", values)
      : t("You chose “{token}” ({p}). The dice would have chosen “{best}” more often ({first}).", values);
  }
  return likeliest
    ? t("You rolled {u}, which lands on “{token}” ({p}): this time the most likely token.", values)
    : t(
        "You rolled {u}, which lands on “{token}” ({p}). “{best}” was more likely ({first}): that is chance, not an error.",
        values,
      );
}

function stateSentence(state) {
  const { odds, refused } = state;
  const { model, measured } = example;
  if (models.offline)
    return t("The server does not answer just now. Your text stays here; the page tries again by itself.");
  if (refused) return ""; // what went wrong is said below
  if (!models.ready && models.state.state === "failed") {
    return t("The model could not be loaded. Press its name at the top of the page to see why, or to load another.");
  }
  if (!models.ready) {
    return isFresh(state)
      ? t("Measured earlier with {model}. The model on this server is still getting ready.", { model: odds.model })
      : t(
          "The model is still getting ready; it answers as soon as it can. Its progress stands at the top of the page.",
        );
  }
  if (odds === null) return t("Opened from a link. Press anywhere on this page, and the model answers.");
  if (!isFresh(state)) return t("… the new numbers are on their way.");
  if (odds === shownFirst) {
    return t("Measured with {model} on {day}. Start typing, and the numbers are live.", {
      model,
      day: formatDay(measured),
    });
  }
  if (state.odds.model !== models.state.loaded.name) {
    return t("These numbers are by {model}. The next roll is by {now}.", {
      model: odds.model,
      now: models.state.loaded.name,
    });
  }
  return t("Live from {model}: the probability of every token in its vocabulary.", { model: odds.model });
}

function show(state) {
  const { text, written, odds, roll, stage } = state;
  const drawn = stage?.odds ?? odds;
  const onTheirWay = stage === null && !isFresh(state);
  box.show(text, written, stage?.landing);
  element("tail").textContent = text.slice(-60);
  if (drawn !== null) {
    Object.assign(rows, { ...bars(drawn, BARS), lit: stage?.index ?? null });
    Object.assign(dice, { intervals: strip(drawn), u: stage?.u ?? null });
    showDetails(drawn);
  }
  rows.hidden = drawn === null;
  dice.hidden = drawn === null;
  for (const figure of [rows, document.querySelector(".home-strip")]) {
    figure.setAttribute("aria-busy", String(onTheirWay));
  }
  if (roll !== null && stage?.index !== null) element("rolled").textContent = rollSentence(roll, visibleText);
  element("dice-number").textContent = roll?.by === "dice" ? formatRoll(roll.u) : "–";
  element("figure-state").textContent = stateSentence(state);
  rollButton.disabled = !models.ready;
}

function showDetails({ rows: all, remainder, vocabulary, entropyBits }) {
  element("vocabulary").textContent = formatCount(vocabulary);
  element("entropy").textContent = formatBits(entropyBits);
  element("choices").textContent = t("{choices} equally likely tokens", { choices: formatChoices(entropyBits) });
  const listed = all.slice(0, LISTED);
  const others = listed.length < all.length ? 1 - listed.reduce((sum, { p }) => sum + p, 0) : remainder;
  list.rows = listed.map(({ id, bytes, p }, index) => ({
    id,
    bytes,
    rank: index + 1,
    raw: p,
    processed: p,
    kept: true,
  }));
  list.remainder = { count: vocabulary - listed.length, raw: others, processed: others };
}

store.watch(show);
models.addEventListener("change", () => {
  show(store.state);
  const { odds, refused } = store.state;
  const untouched = odds === null && !refused; // opened from a link, which runs nothing
  if (models.ready && !isFresh(store.state) && !untouched) question.want();
});
rollButton.addEventListener("click", roll);
box.area.addEventListener("beforeinput", () => settle());
box.area.addEventListener("input", () => type(box.area.value));
rows.addEventListener("row-picked", (/** @type {CustomEvent} */ { detail }) => pick(detail.index));
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-prompt]"))) {
  button.addEventListener("click", () => type(button.dataset.prompt));
}
element("share").addEventListener("click", () => copyLink(snapshot()));

/** Everything on the stage: whoever opens it sees the same, and no model is asked. */
function snapshot() {
  const { text, ids, pending, written, odds, roll } = store.state;
  return { page: "home", text, ids, pending, written, odds: odds && shortened(odds), roll };
}

function open(shared, linked) {
  settle();
  const text = String(shared.text ?? "");
  const known = ["en", "zh-CN"].map((name) => example[name]).find(({ prompt }) => prompt === text);
  const seen = known ? oddsFrom(known, { of: text, model: example.model }) : null;
  const ids = Array.isArray(shared.ids) && shared.ids.every(Number.isSafeInteger) ? shared.ids : null;
  const pending = /^([0-9a-f]{2}){0,3}$/.test(shared.pending ?? "") ? (shared.pending ?? "") : "";
  const written = readWritten(shared.written, text);
  const odds = readOdds(shared.odds) ?? seen;
  store.update({ text, ids, pending, written, odds, roll: readRoll(shared.roll), stage: null, refused: false });
  if (isFresh(store.state)) return;
  if (linked) atFirstTouch(() => question.want());
  else question.want();
}

const restored = await rememberPage("home", { take: snapshot, open, fail: showError });
// What was typed before this script came is not lost.
if (!restored && box.area.value !== shownFirst.of) type(box.area.value);
