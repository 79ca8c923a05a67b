// Draws the state of the regurgitation page.

import { formatBits, formatNumber, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { visibleText } from "../../js/base/bytes.js";
import { greedyRun, heatTokens, pieces, runsOf, smoothed, textOf, wordsOf } from "./recital.js";
import { LENGTH, LONGEST_PREFIX, STEPS, prefixLimit, requestOf } from "./recital-requests.js";

const PIECE = 32; // tokens of prefix, and tokens to recite, of the 32 + 32 definition
const ENOUGH = 40; // tokens in a row
/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);
/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => document.querySelectorAll(selector);
const side = (name) => ({
  score: byId(`${name}-score`),
  recital: byId(`${name}-recital`),
  numbers: byId(`${name}-numbers`),
  heat: byId(`${name}-heat`),
});

export const elements = {
  passages: /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[name=passage]")),
  own: byId("own"),
  ownPart: /** @type {HTMLElement} */ (document.querySelector(".recite-own")),
  prefix: byId("prefix"),
  prefixShown: byId("prefix-shown"),
  run: byId("run"),
  control: byId("control"),
  share: byId("share"),
  sentence: byId("sentence"),
  curve: byId("curve"),
  bits: byId("bits"),
  said: byId("heat-said"),
  mainTitle: byId("main-title"),
  heatTitle: byId("main-heat-title"),
  predict: byId("predict-words"),
  main: side("main"),
  controlSide: side("control"),
};

/** Everything at once; elements redraw only what differs. */
export function show(state, { presets, measurement, known, sourceOf, run, controlRun }) {
  const request = requestOf(state, "main", presets);
  const controlRequest = requestOf(state, "control", presets);
  const main = known(request);
  const control = known(controlRequest);
  showInputs(state, main, control);
  showSource(state, presets);
  showSide(elements.main, state, { ...main, text: request.text }, run);
  showSide(
    elements.controlSide,
    state,
    { ...control, text: controlRequest.swapped ? "" : controlRequest.text },
    controlRun,
  );
  elements.main.recital.lang = presets.find(({ id }) => id === state.passage)?.note.lang ?? "";
  elements.sentence.textContent =
    `${sentence(state, main, control, run)} ${elsewhere(state, presets, measurement, main)}`.trim();
  showFigures(state, main, control);
  elements.run.measurement = sourceOf(request);
  elements.run.disabled = request.text.trim() === "";
  elements.run.stale = state.passage === "own" && run.state === "done" && !main.passage;
  if (state.passage === "own" && main.recall) bitsOf("own", main.recall);
}

function bitsOf(id, { second_half_bits: bits }) {
  document.querySelector(`[data-bits="${id}"]`).textContent = formatNumber(bits, 2);
}

function showInputs({ passage, prefix, control }, main, other) {
  for (const radio of elements.passages) radio.checked = radio.value === passage;
  elements.ownPart.hidden = passage !== "own";
  elements.prefix.max = String(prefixLimit(main, other));
  elements.prefix.value = String(prefix);
  elements.prefixShown.textContent = formatNumber(prefix);
  elements.control.value = control;
  const changed = elements.control.querySelector("[value=changed]");
  changed.disabled = passage === "own" || passage === "control";
}

function showSource({ passage, control }, presets) {
  const radio = [...elements.passages].find(({ value }) => value === passage);
  const title = radio.closest("label").querySelector("span").textContent;
  elements.mainTitle.textContent = title;
  elements.heatTitle.textContent = title;
  for (const source of all("[data-source]")) source.hidden = source.dataset.source !== passage;
  const changed = control === "changed" && presets.some(({ id }) => id === `${passage}-changed`);
  const noted = control === "new" || changed ? control : "swapped";
  for (const note of all("[data-control-note]")) note.hidden = note.dataset.controlNote !== noted;
}

function showSide({ score, recital, numbers }, { prefix }, record, run) {
  const finished = record.recitals[prefix];
  recital.pieces = pieces(record, prefix, LENGTH);
  recital.writing = run.state === "running" && record.writing?.prefix === prefix;
  score.textContent = "";
  if (finished) score.textContent = t("{equal} of {total} match", { equal: finished.equal, total: finished.total });
  else if (record.recall)
    score.textContent = t("first {run} match", { run: greedyRun(record.recall.ranks, prefix, LENGTH) });
  numbers.replaceChildren(...(record.recall ? facts(record.recall) : []));
}

function facts(recall) {
  const rows = [
    [t("second half, a token"), formatBits(recall.second_half_bits, 2)],
    [t("mean probability"), formatProbability(recall.second_half_probability)],
    [t("mean rank"), formatNumber(recall.second_half_rank, 1)],
    [t("extractable, 32 + 32"), extractable(recall)],
  ];
  return rows.flatMap(([name, value]) => [named("dt", name), named("dd", value)]);
}

function named(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function extractable({ extracted, ranks }) {
  if (extracted === null) return t("too short: {n} of 64 tokens", { n: ranks.length });
  if (extracted === PIECE) return t("yes: all 32");
  return t("no: {n} of 32", { n: extracted });
}

function sentence({ prefix, passage, own }, main, control, run) {
  if (passage === "own" && own.trim() === "") return t("Paste a text above, and press Recite.");
  if (!main.recall) return run.state === "running" ? "" : t("Not recited yet: press Recite.");
  const one = main.recitals[prefix];
  const other = control.recitals[prefix];
  if (one && other) {
    return t(
      "Recites {equal} of {total} tokens, the first {run} without a slip; the control: {control} of {controlTotal}.",
      {
        equal: one.equal,
        total: one.total,
        run: one.run,
        control: other.equal,
        controlTotal: other.total,
      },
    );
  }
  if (one && run.state === "done") {
    const own = { equal: one.equal, total: one.total, run: one.run };
    return t("Recites {equal} of {total} tokens, the first {run} without a slip; the control is not told yet.", own);
  }
  const values = {
    prefix,
    run: greedyRun(main.recall.ranks, prefix, LENGTH),
    control: control.recall ? greedyRun(control.recall.ranks, prefix, LENGTH) : "–",
  };
  return t(
    "Given {prefix} tokens, the next {run} match the text exactly; the control: {control}. Press Recite to see how it goes on.",
    values,
  );
}

/** Another model's own number beside the measured one. */
function elsewhere({ made, passage, book }, presets, measurement, { recall }) {
  const here = presets.find(({ id }) => id === passage);
  const before = measurement?.results[passage]?.find(({ kind }) => kind === "recall");
  if (!here || !before || !made || made.model === measurement.model || !book.of(here.request).recall) return "";
  return t("{model}: {bits} a token over the second half; measured on {other}: {otherBits}.", {
    model: made.model,
    bits: formatBits(recall.second_half_bits, 2),
    other: measurement.model,
    otherBits: formatBits(before.second_half_bits, 2),
  });
}

/** The question's answer on another model: how many words of the preamble it needed; null where it was not asked. */
export function preambleAnswer({ recall, passage }, model) {
  if (!recall || !passage) return null;
  const prefix = runsOf({ recall }, LONGEST_PREFIX, STEPS).findIndex((run) => run >= ENOUGH) + 1;
  if (prefix === 0) return { answer: "never", measured: t("Here no opening of up to 64 tokens is enough."), model };
  const n = wordsOf(textOf(passage.bytes.slice(0, prefix))).length;
  const distance = (answer) => Math.abs(Number(answer) - n);
  const answer = ["2", "9", "30"].reduce((best, one) => (distance(one) < distance(best) ? one : best));
  return { answer, measured: t("Here it takes {n} words before forty tokens follow.", { n }), model };
}

let drawn = []; // what the figures were made of: a recitation under way does not change them

function showFigures({ prefix, shownToken, shownSide }, main, control) {
  const { curve, bits, said } = elements;
  const parts = [main.passage, main.recall, main.sweep, control.passage, control.recall, control.sweep];
  if (!curve.hasUpdated || parts.some((part, index) => part !== drawn[index])) {
    drawn = parts;
    drawFigures(main, control);
  }
  curve.at = prefix;
  bits.at = prefix;
  elements.main.heat.selected = shownSide === "main" ? shownToken : -1;
  elements.controlSide.heat.selected = shownSide === "control" ? shownToken : -1;
  said.textContent =
    shownSide === "main" ? tokenSentence(main, shownToken) : ofControl(tokenSentence(control, shownToken));
}

function drawFigures(main, control) {
  const { curve, bits } = elements;
  curve.xLabel = t("tokens given");
  curve.yLabel = t("tokens recited exactly");
  curve.xDomain = [1, LONGEST_PREFIX];
  curve.series = lines(main, control, (record) =>
    runsOf(record, LONGEST_PREFIX, STEPS)?.map((y, index) => ({ x: index + 1, y })),
  );
  bits.xLabel = t("place in the text");
  bits.yLabel = t("bits a token");
  bits.series = lines(
    main,
    control,
    ({ recall }) => recall && smoothed(recall.bits).map((y, index) => ({ x: index + 1, y })),
  );
  elements.main.heat.tokens = heatTokens(main);
  elements.controlSide.heat.tokens = heatTokens(control);
}

function lines(main, control, pointsOf) {
  const series = [];
  const points = [pointsOf(main), pointsOf(control)];
  if (points[0]) series.push({ name: t("this text"), style: "main", points: points[0] });
  if (points[1]) series.push({ name: t("control"), style: "control", points: points[1] });
  return series;
}

function ofControl(sentence) {
  return sentence && t("Control: {sentence}", { sentence });
}

function tokenSentence({ passage, recall }, index) {
  const bits = recall?.bits[index] ?? null;
  if (bits === null) return "";
  const token = visibleText(passage.bytes[index]);
  if (recall.ranks[index] === 1)
    return t("Token {n}, “{token}”: {bits}, its first choice.", { n: index + 1, token, bits: formatBits(bits, 2) });
  return t("Token {n}, “{token}”: {bits}, rank {rank}; first choice “{instead}”.", {
    n: index + 1,
    token,
    bits: formatBits(bits, 2),
    rank: recall.ranks[index],
    instead: visibleText(recall.instead[index]),
  });
}
