// What a link to the sampling page holds, and what this tab remembers of it: the prompt with its distribution in a few
// hundred numbers, the settings, and the dice.

import { MAX_SEED } from "../../js/base/dice.js";
import { CONTROLS, clampParam } from "../../js/base/sampling-params.js";
import { Prompt } from "./prompt.js";
import { fromSummary, isSummary, namesIn, summaryOf } from "./summary.js";
import { pickedIndex, rollMany } from "./view.js";

const MOST_TOKENS = 32_768; // tokens
const MANY = 1000;
const FIELDS = ["prompt", "ids", "tokens", "bos", "model", "distribution", "named", "vocabulary"];
const DICE = ["rolls", "pick", "us", "first"];
const MOMENT = ["comparison", "answered", "waiting"];

/** What the page knows of the prompt on the stage, apart from what holds for both. */
export function onePrompt(state) {
  return Object.fromEntries([...FIELDS, ...DICE, ...MOMENT].map((name) => [name, state[name]]));
}

/** The state as a link carries it. `hexOf(id)` gives the bytes of the prompt's tokens on the stage. */
export function sharedState(state, hexOf) {
  const { params, setting, seed, scale, guess, own, other } = state;
  const [example, mine] = own ? [other, onePrompt(state)] : [onePrompt(state), other];
  const name = own ? hexOf : (id) => mine.named.get(id) ?? "";
  const seen = { ...mine, params, seed, pinned: own ? state.pinned : null };
  const kept = mine.prompt === example.prompt ? null : { ...dice(mine), ...written(seen, name) };
  return { view: "sampling", params, setting, seed, scale, guess, own, example: dice(example), mine: kept };
}

const dice = ({ rolls, pick, us, first }) => ({ rolls, pick, first: us === null ? null : first });

function written(mine, hexOf) {
  const { prompt, model, ids, tokens, bos, distribution, answered, params } = mine;
  const { ids: kept, text, pending, typed } = prompt;
  const index = pickedIndex(mine, distribution.process(params));
  const seen =
    answered === prompt.shown ? { ids, tokens, bos, at: index, ...summaryOf(distribution, hexOf, index) } : null;
  return { model, ids: kept, text, pending, typed, seen };
}

/**
 * The page's state from a link, also one of before, which held a prompt and no numbers. What is not as it should be
 * stays as it is.
 *
 * @param {any} shared
 * @param {any} state as it is
 * @param {any} worked the example, as this page knows it
 */
export function readState(shared, state, worked) {
  const old = shared.mine === undefined;
  const seed = isWhole(shared.seed, MAX_SEED) ? shared.seed : state.seed;
  const own = old || shared.own === true;
  const mine = readMine(old ? shared : shared.mine, worked, seed);
  const example = { ...worked, ...readDice(old ? {} : shared.example, worked.ids.length, seed) };
  const params = readParams(shared.params, state.params);
  const at = old ? null : shared.mine?.seen?.at;
  return {
    ...(own ? mine : example),
    other: own ? example : mine,
    own,
    seed,
    params,
    // what the dice landed on, as it was seen: the tail of a summary is too rough to say it again
    pinned: own && isWhole(at, mine.distribution.size - 1) ? { index: at, pick: mine.pick, params } : null,
    setting: shared.setting in CONTROLS ? shared.setting : state.setting,
    scale: shared.scale === "log" || shared.scale === "linear" ? shared.scale : state.scale,
    guess: isText(shared.guess) ? shared.guess : null,
  };
}

function readMine(mine, worked, seed) {
  if (!isText(mine?.text) || !isText(mine?.typed)) return worked;
  const ids = isIds(mine.ids) ? mine.ids : null;
  const pending = isHex(mine.pending) ? mine.pending : "";
  const typed = ids === null ? mine.text + mine.typed : mine.typed;
  const prompt = new Prompt({ ids, text: mine.text, pending, typed });
  const { seen } = mine;
  const model = isText(mine.model) ? mine.model : worked.model;
  if (!isIds(seen?.ids) || !areTokens(seen.tokens) || !isSummary(seen)) {
    const known = prompt.shown === worked.prompt.shown;
    return {
      ...worked,
      model: known ? worked.model : model,
      prompt,
      ...readDice(mine, worked.ids.length, seed),
      waiting: !known,
    };
  }
  const { ids: whole, tokens, bos } = seen;
  const numbers = { ids: whole, tokens, bos, distribution: fromSummary(seen), named: namesIn(seen), vocabulary: null };
  return {
    ...worked,
    ...numbers,
    model,
    prompt,
    ...readDice(mine, whole.length, seed),
    answered: prompt.shown,
    waiting: false,
  };
}

function readDice(shared, place, seed) {
  const rolls = isWhole(shared?.rolls, 2 ** 32 - 1) ? shared.rolls : 0;
  const first = isWhole(shared?.first, 2 ** 32 - 1) ? shared.first : null;
  const us = first === null ? null : rollMany(seed, first, place, MANY);
  return { rolls, pick: readPick(shared?.pick), us, first };
}

function readParams(shared, params) {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, clampParam(name, shared?.[name] ?? value) ?? value]),
  );
}

function readPick(pick) {
  if (pick?.by === "greedy") return { by: "greedy" };
  if (pick?.by === "hand" && isWhole(pick.index, MOST_TOKENS)) return { by: "hand", index: pick.index };
  if (pick?.by === "dice" && isWhole(pick.roll, 2 ** 32 - 1)) return { by: "dice", roll: pick.roll };
  return pick?.by === "strip" && pick.u >= 0 && pick.u < 1 ? { by: "strip", u: pick.u } : null;
}

const areTokens = (tokens) =>
  Array.isArray(tokens) && tokens.every((token) => isWhole(token?.id, 2 ** 31) && /^([0-9a-f]{2})*$/.test(token.bytes));
const isText = (value) => typeof value === "string";
const isHex = (value) => isText(value) && /^([0-9a-f]{2}){0,3}$/.test(value);
const isWhole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
const isIds = (value) =>
  Array.isArray(value) && value.length <= MOST_TOKENS && value.every((id) => isWhole(id, 2 ** 31));
