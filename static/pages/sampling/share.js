// What a link to the sampling page holds: token ids, settings, and the dice. No numbers of the model's.

import { MAX_SEED } from "../../js/base/dice.js";
import { clampParam } from "../../js/base/sampling-params.js";
import { Prompt } from "./prompt.js";

const MOST_TOKENS = 32_768; // tokens

/** The state as a link carries it. */
export function sharedState({ prompt, model, params, seed, rolls, pick, scale }) {
  const { ids, text, pending, typed } = prompt;
  return { view: "sampling", model, ids, text, pending, typed, params, seed, rolls, pick, scale };
}

/** The part of a page's state that a link restores; what is not as it should be stays as it is. */
export function readShared(shared, state) {
  const restored = { pick: null, rolls: 0 };
  if (isText(shared.text) && isText(shared.typed)) {
    const ids = isIds(shared.ids) ? shared.ids : null;
    const typed = ids === null ? shared.text + shared.typed : shared.typed;
    restored.prompt = new Prompt({
      ids,
      text: shared.text,
      pending: isHex(shared.pending) ? shared.pending : "",
      typed,
    });
  }
  if (isText(shared.model)) restored.model = shared.model;
  if (isWhole(shared.seed, MAX_SEED)) restored.seed = shared.seed;
  if (isWhole(shared.rolls, 2 ** 32 - 1)) restored.rolls = shared.rolls;
  if (shared.scale === "log" || shared.scale === "linear") restored.scale = shared.scale;
  restored.params = readParams(shared.params, state.params);
  restored.pick = readPick(shared.pick);
  return restored;
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

const isText = (value) => typeof value === "string";
const isHex = (value) => isText(value) && /^([0-9a-f]{2}){0,3}$/.test(value);
const isWhole = (value, most) => Number.isInteger(value) && value >= 0 && value <= most;
const isIds = (value) =>
  Array.isArray(value) && value.length <= MOST_TOKENS && value.every((id) => isWhole(id, 2 ** 31));
