// What the sampling page shows of its state.

import { roll } from "../../js/base/dice.js";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { countDraws, insideBand, remainderRow, stripIntervals, tokenRows } from "./view.js";

export const ROWS = [12, 40, 100, 200];

export const main = document.querySelector("main");
export const part = (selector) => main.querySelector(selector);
export const elements = {
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

/** The number that picked: the dice's, or where the strip was touched; null where none did. */
function rolledNumber({ pick, seed, ids }) {
  return pick?.by === "dice" ? roll(seed, pick.roll, ids.length) : (pick?.u ?? null);
}

/** The index that was picked, under the settings as they are now: the dice stay, the strip moves. */
export function pickedIndex(state, processed) {
  const { pick } = state;
  if (pick === null) return null;
  if (pick.by === "greedy") return 0;
  return pick.by === "hand" ? pick.index : processed.draw(rolledNumber(state));
}

/** Everything, from the state alone; `hexOf(id)` gives a token's bytes. */
export function show(state, hexOf) {
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
  const u = rolledNumber(state);
  Object.assign(elements.strip, { intervals: stripIntervals(distribution, processed, hexOf), u, picked: id });
  elements.seed.seed = state.seed;
  elements.result.result = index === null ? null : resultOf(state, processed, index, u, hexOf);
  elements.result.origin = originOf(state);
  elements.result.waiting = state.waiting;
  elements.observed.textContent = observed ? observedSentence(rows, us) : "";
  showPrompt(state);
  showButtons(state);
  part("[data-vocabulary]").textContent = formatCount(distribution.size);
}

function resultOf({ distribution, pick }, processed, index, u, hexOf) {
  return {
    by: pick.by,
    u,
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

function observedSentence(rows, us) {
  const { inside, rows: drawn } = insideBand(rows);
  return t("{rolls} rolls: {inside} of {n} rows lie inside the band where chance puts 95% of them.", {
    rolls: formatCount(us.length),
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
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll("[data-scale]"))) {
    button.setAttribute("aria-pressed", String(button.dataset.scale === scale));
  }
  const more = ROWS.find((rows) => rows > shown && shown < distribution.size);
  part("[data-action=more]").textContent = t("Show {n} rows", { n: more ?? ROWS[0] });
  part("[data-action=replay]").disabled = rolls === 0;
}
