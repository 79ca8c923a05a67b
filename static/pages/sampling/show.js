// What the sampling page shows of its state.

import { visibleText } from "../../js/base/bytes.js";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { countDraws, insideBand, pickedIndex, remainderRow, rolledNumber, stripIntervals, tokenRows } from "./view.js";

export const BARS = 5; // on the stage
export const ROWS = [12, 40, 100, 200]; // in the drawer

export const main = document.querySelector("main");
/** @type {HTMLElement} */
const screen = main.querySelector(".screen");
const part = (selector) => document.querySelector(selector);
export const elements = {
  box: part("prompt-box"),
  slot: () => part(screen.dataset.step === "own" ? "#own-slot" : "#slot"),
  odds: part("odds-rows"),
  strip: part("dice-strip"),
  result: part("roll-result"),
  hints: part("prompt-hints"),
  one: part("#one-setting"),
  tokens: part("prompt-tokens"),
  controls: part("#all-settings"),
  presets: part("sampling-presets"),
  counts: part("sampling-counts"),
  funnel: part("sampling-funnel"),
  bars: part("probability-bars"),
  seed: part("seed-box"),
  observed: part(".observed-sentence"),
};

/** Everything, from the state alone; `hexOf(id)` gives a token's bytes. */
export function show(state, hexOf) {
  const { distribution, params } = state;
  const processed = distribution.process(params);
  const index = pickedIndex(state, processed);
  showStage(state, processed, index, hexOf);
  showDetails(state, processed, index, hexOf);
  showPrompt(state);
  showButtons(state);
}

function showStage(state, processed, index, hexOf) {
  const { distribution, params, setting, us, counted, stage, guess, own, waiting } = state;
  const observed = us && counted > 0 ? countDraws(processed, us.subarray(0, counted), BARS) : null;
  const rows = tokenRows(distribution, processed, BARS, hexOf, observed);
  const rest = remainderRow(distribution, processed, BARS, observed);
  const bar = ({ id, bytes, raw, processed: p, observed: seen }) => ({ id, bytes, p, was: raw, count: seen?.count });
  Object.assign(elements.odds, {
    rows: rows.map(bar),
    others: { n: rest.count, p: rest.processed, was: rest.raw, count: rest.observed?.count },
    rolls: observed ? counted : 0,
    lit: stage ? stage.lit : index === null ? null : Math.min(index, BARS),
  });
  const u = rolledNumber(state);
  const id = index === null ? null : distribution.ids[index];
  const intervals = stripIntervals(distribution, processed, hexOf);
  Object.assign(elements.strip, { intervals, u, picked: stage?.lit === null ? null : id });
  elements.result.result = index === null ? null : resultOf(state, processed, index, u, hexOf);
  elements.result.origin = originOf(state);
  elements.result.waiting = waiting;
  elements.result.note = observed ? observedSentence([...rows, rest], counted) : "";
  elements.observed.textContent = elements.result.note;
  Object.assign(elements.one, { params, vocabulary: distribution.size, shown: [setting] });
  /** @type {HTMLInputElement} */
  const chosen = screen.querySelector(`[name=setting][value=${setting}]`);
  chosen.checked = true;
  for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (screen.querySelectorAll("[name=guess]"))) {
    choice.checked = choice.value === guess;
  }
  /** @type {HTMLElement} */
  const verdict = part("#verdict");
  verdict.textContent = guess === null ? "" : guess === "less" ? verdict.dataset.less : verdict.dataset.else;
  const word = index === null ? "" : visibleText(hexOf(distribution.ids[index]));
  for (const slot of screen.querySelectorAll(".slot")) {
    slot.textContent = word;
    slot.classList.toggle("is-landing", stage !== null);
  }
  screen.dataset.step = own ? "own" : "example";
  part(".next-odds").setAttribute("aria-busy", String(waiting));
}

function showDetails(state, processed, index, hexOf) {
  const { distribution, params, shown, us, scale, seed } = state;
  const observed = us ? countDraws(processed, us, shown) : null;
  const rows = tokenRows(distribution, processed, shown, hexOf, observed);
  const id = index === null ? null : distribution.ids[index];
  Object.assign(elements.bars, {
    rows,
    remainder: remainderRow(distribution, processed, rows.length, observed),
    total: distribution.size,
    picked: index === null ? null : index < rows.length ? id : "rest",
    scale,
  });
  Object.assign(elements.controls, { params, vocabulary: distribution.size });
  Object.assign(elements.presets, { params });
  Object.assign(elements.counts, { before: distribution.entropyBits, after: processed.entropyBits });
  Object.assign(elements.funnel, { size: distribution.size, params, processed });
  elements.seed.seed = seed;
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
  return t("Seed {seed} · token {place} · roll {n}", { seed: String(seed), place: ids.length + 1, n: pick.roll + 1 });
}

function observedSentence(rows, rolls) {
  const { inside, rows: n } = insideBand(rows);
  const values = { rolls: formatCount(rolls), inside, n };
  return inside === n
    ? t("{rolls} rolls: all {n} rows came up about as often as predicted.", values)
    : t("{rolls} rolls: {inside} of {n} rows came up about as often as predicted (95% band).", values);
}

function showPrompt({ prompt, tokens, ids, bos, waiting, comparison, model, own }) {
  const { area } = elements.box;
  if (area.value !== prompt.shown) elements.box.show(prompt.shown);
  part("#tail").textContent = prompt.shown.slice(-60);
  elements.tokens.tokens = tokens;
  elements.bars.toggleAttribute("data-waiting", waiting);
  elements.bars.setAttribute("aria-busy", String(waiting));
  Object.assign(elements.hints, {
    trailingSpace: / $/.test(prompt.shown),
    empty: bos && ids.length === 1 && prompt.shown === "",
    comparison,
    source: models.ready ? null : model,
  });
  part("#figure-state").textContent = waiting
    ? t("… the new numbers are on their way.")
    : own && models.state.loaded?.name === model
      ? t("Live from {model}: the probability of every token in its vocabulary.", { model })
      : t("Measured with {model}.", { model });
}

function showButtons({ scale, shown, distribution, rolls }) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-scale]"))) {
    button.setAttribute("aria-pressed", String(button.dataset.scale === scale));
  }
  const more = ROWS.find((rows) => rows > shown && shown < distribution.size);
  part("[data-action=more]").textContent = t("Show {n} rows", { n: more ?? ROWS[0] });
  part("[data-action=replay]").disabled = rolls === 0;
}
