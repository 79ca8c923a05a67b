// Draws the drawer: the curves, the heat strips and the numbers behind what is on the stage.

import { visibleText } from "../../js/base/bytes.js";
import { formatBits, formatNumber, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { heatTokens, reaches, smoothed } from "./recital.js";
import { LONGEST_PREFIX, prefixOf, requestOf } from "./state.js";

const PIECE = 32; // tokens of prefix, and tokens to recite, of the 32 + 32 definition
/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);
/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => document.querySelectorAll(selector);

export const figures = {
  curve: byId("curve"),
  bits: byId("bits"),
  main: byId("main-heat"),
  control: byId("control-heat"),
};

let drawn = []; // what the figures were made of: a recitation under way does not change them

/** Everything at once; figures redraw only what differs. */
export function showDetails(state, { presets, measured, measurement, known }) {
  const request = requestOf(state, "main", presets);
  const controlRequest = requestOf(state, "control", presets);
  const main = known(request);
  const control = known(controlRequest);
  const parts = [main.passage, main.recall, control.passage, control.recall];
  if (!figures.curve.hasUpdated || parts.some((part, index) => part !== drawn[index])) {
    drawn = parts;
    drawFigures(main, control);
    showNumbers(main, control, elsewhere(state, measured.of(request), measurement, main));
  }
  figures.curve.at = prefixOf(state);
  figures.bits.at = prefixOf(state);
  showChosen(state, main, control);
  showSources(state, presets, controlRequest);
}

function drawFigures(main, control) {
  const { curve, bits } = figures;
  curve.xLabel = t("tokens shown");
  curve.yLabel = t("how far it gets, in tokens");
  curve.xDomain = [1, LONGEST_PREFIX];
  curve.rules = main.recall ? [{ y: main.recall.ranks.length, label: t("the text's end") }] : [];
  curve.series = lines(main, control, ({ recall }) => recall && counted(reaches(recall, LONGEST_PREFIX)));
  bits.xLabel = t("place in the text");
  bits.yLabel = t("bits per token");
  bits.series = lines(main, control, ({ recall }) => recall && counted(smoothed(recall.bits)));
  figures.main.tokens = heatTokens(main);
  figures.control.tokens = heatTokens(control);
}

const counted = (values) => values.map((y, index) => ({ x: index + 1, y }));

function lines(main, control, pointsOf) {
  const series = [];
  const points = [pointsOf(main), pointsOf(control)];
  if (points[0]) series.push({ name: t("this text"), style: "main", points: points[0] });
  if (points[1]) series.push({ name: t("control"), style: "control", points: points[1] });
  return series;
}

function showNumbers({ recall }, { recall: other }, before) {
  const rows = [
    [t("second half, per token"), ({ second_half_bits: bits }) => formatBits(bits, 2)],
    [t("mean probability"), ({ second_half_probability: p }) => formatProbability(p)],
    [t("mean rank"), ({ second_half_rank: rank }) => formatNumber(rank, 1)],
    [t("extractable, 32 + 32"), extractable],
  ];
  const cells = (read) => [recall, other].map((one) => cell("td", one ? read(one) : "–"));
  const lines = rows.map(([name, read]) => row(cell("th", name), ...cells(read)));
  byId("numbers").replaceChildren(...lines, ...(before ? [row(cell("th", before))] : []));
}

function row(...cells) {
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}

function cell(tag, text) {
  const element = document.createElement(tag);
  if (tag === "th") element.setAttribute("scope", "row");
  element.textContent = text;
  return element;
}

function extractable({ extracted, ranks }) {
  if (extracted === null) return t("too short: {n} of 64 tokens", { n: ranks.length });
  if (extracted === PIECE) return t("yes: all 32");
  return t("no: {n} of 32", { n: extracted });
}

/** Another model's own number beside the measured one. */
function elsewhere({ made }, { recall: before }, measurement, { recall }) {
  if (!made || !before || !recall || recall === before || made.model === measurement.model) return "";
  return t("{model}: {bits} per token over the second half; measured on {other}: {otherBits}.", {
    model: made.model,
    bits: formatBits(recall.second_half_bits, 2),
    other: measurement.model,
    otherBits: formatBits(before.second_half_bits, 2),
  });
}

function showChosen({ shownToken, shownSide }, main, control) {
  figures.main.selected = shownSide === "main" ? shownToken : -1;
  figures.control.selected = shownSide === "control" ? shownToken : -1;
  const said = tokenSentence(shownSide === "main" ? main : control, shownToken);
  byId("heat-said").textContent = said && shownSide === "control" ? t("Control: {sentence}", { sentence: said }) : said;
}

function tokenSentence({ passage, recall }, index) {
  const bits = recall?.bits[index] ?? null;
  if (bits === null) return "";
  const token = visibleText(passage.bytes[index]);
  const values = { n: index + 1, token, bits: formatBits(bits, 2) };
  if (recall.ranks[index] === 1) return t("Token {n}, “{token}”: {bits}, its first choice.", values);
  return t("Token {n}, “{token}”: {bits}, rank {rank}; first choice “{instead}”.", {
    ...values,
    rank: recall.ranks[index],
    instead: visibleText(recall.instead[index]),
  });
}

function showSources(state, presets, controlRequest) {
  const { passage, step } = state;
  const title = step === "own" ? t("Your own text") : byId("passage").selectedOptions[0].textContent;
  byId("main-heat-title").textContent = title;
  byId("trace-main-title").textContent = title;
  for (const source of all("[data-source]")) source.hidden = step === "own" || source.dataset.source !== passage;
  for (const line of all("[data-row]"))
    line.classList.toggle("is-shown", step !== "own" && line.dataset.row === passage);
  const beside = presets.find(({ request }) => request.text === controlRequest.text);
  const noted = controlRequest.swapped ? "swapped" : state.control;
  for (const note of all("[data-control-note]")) {
    const isOther = note.dataset.of !== undefined && note.dataset.of !== beside?.id;
    note.hidden = note.dataset.controlNote !== noted || isOther;
  }
}
