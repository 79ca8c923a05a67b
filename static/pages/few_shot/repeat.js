// The random tokens, twice: a step of its own on the stage, its settings and every number in the drawer.

import { visibleText } from "../../js/base/bytes.js";
import { formatDay } from "../../js/base/dates.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { formatBits, formatCount, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/made-here.js";
import { pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";

const preset = pageData.presets.find(({ experiment }) => experiment === "repeated-tokens");
const find = (selector) => document.querySelector(selector);
const bar = find("#few-repeat-run");
const chart = find("#few-repeat-chart");
const curve = find("#few-repeat-curve");
const length = find("[data-length]");
const TICKS = [0, 10, 20, 30]; // bits

const measured = Object.fromEntries((pageData.measurement?.results[preset.id] ?? []).map((part) => [part.kind, part]));
const fresh = {
  request: preset.request,
  drawn: measured.drawn ?? null,
  copies: measured.copies ?? null,
  seen: false, // whether the second copy was read before the reader's eyes
  source: pageData.measurement,
};
const repeat = new Store(fresh);
const run = new ExperimentRun();

function show({ drawn, copies, seen, source, request }) {
  length.value = request.length;
  bar.measurement = copies ? source : null;
  find("[data-drawn]").replaceChildren(...(drawn?.tokens ?? []).flatMap((token) => [chip(token), " "]));
  showChart(copies, seen);
  find("[data-repeat-source]").textContent =
    copies && source
      ? t("Measured on {model}, {day}.", { model: source.model, day: formatDay(source.measured_on) })
      : "";
  find("[data-second]").hidden = seen;
  find("[data-repeat-why]").hidden = !seen || copies === null;
  find("[data-repeat-sentence]").textContent = seen && copies ? sentence(copies) : "";
  showCurve(copies);
}

/** A token for a class: its space in front, which says nothing here, is left out. */
function chip({ bytes }) {
  const text = visibleText(bytes).replace(/^·/, "");
  return Object.assign(document.createElement("span"), { className: "few-chip", textContent: text });
}

/** The first copy is what anybody would expect; the second is the surprise, and waits for the button. */
function showChart(copies, seen) {
  const n = copies?.first.length ?? repeat.state.request.length;
  const ten = (place) => (place === 1 || place % 10 === 0 ? formatCount(place) : "");
  const second = seen && copies ? [{ style: "main", values: copies.second }] : [];
  Object.assign(chart, {
    places: Array.from({ length: n }, (_, i) => ten(i + 1)),
    lines: [...second, ...(copies ? [{ style: "control", values: copies.first }] : [])],
    ticks: TICKS,
    label: copies && seen ? sentence(copies) : t("Surprise of each random token in the first copy"),
  });
}

function sentence(copies) {
  return t("First copy: {first} bits per token. Second copy: {second}. Other random tokens instead: {others}.", {
    first: formatNumber(copies.first_mean, 1),
    second: formatNumber(copies.second_mean, 1),
    others: formatNumber(copies.others_mean, 1),
  });
}

function showCurve(copies) {
  const points = (bits) => bits.map((y, i) => ({ x: i + 1, y }));
  Object.assign(curve, {
    series: copies
      ? [
          { name: t("second copy"), style: "main", points: points(copies.second) },
          { name: t("first copy"), style: "control", points: points(copies.first) },
          { name: t("other tokens"), style: "control-2", points: points(copies.others) },
        ]
      : [],
    xLabel: t("place in the copy"),
    yLabel: t("surprise (bits)"),
    xFormat: formatCount,
    yFormat: (bits) => formatBits(bits),
    label: t("Surprise of each random token in the first copy, in the second, and of other tokens in its place"),
  });
}

async function start() {
  const { request } = repeat.state;
  repeat.update({ drawn: null, copies: null, seen: true });
  await run.start("repeated-tokens", request, {
    onPart: (kind, part) => {
      if (kind === "drawn") repeat.update({ drawn: part });
      if (kind === "copies") repeat.update({ copies: part, source: madeHere(run) });
    },
  });
}

/** Other tokens: what came of the ones before goes with them. */
function change(request) {
  run.reset();
  repeat.update({ request: { ...repeat.state.request, ...request }, drawn: null, copies: null, source: null });
}

const LENGTHS = [...length.options].map(({ value }) => Number(value));

/** What was chosen and read; null where it was not touched. */
export function takeRepeat() {
  const { request, drawn, copies, seen, source } = repeat.state;
  if (repeat.state.drawn === fresh.drawn && request === fresh.request) return seen ? { seen } : null;
  return { request, drawn, copies, seen, source: source && { model: source.model, measured_on: source.measured_on } };
}

/** The same out of a link, which anyone may have written; one from before held only which tokens. */
export function openRepeat(kept) {
  run.reset();
  repeat.update(fresh);
  if (kept?.seen === true) repeat.update({ seen: true });
  const request = kept?.request ?? kept;
  if (!LENGTHS.includes(request?.length) || !Number.isSafeInteger(request.seed) || request.seed < 0) return;
  const { length: copy, seed } = request;
  if (copy !== fresh.request.length || seed !== fresh.request.seed) change({ length: copy, seed });
  if (isDrawn(kept.drawn, copy) && (kept.copies === null || isRead(kept.copies, copy))) {
    const source = kept.source && { model: String(kept.source.model), measured_on: String(kept.source.measured_on) };
    repeat.update({ drawn: kept.drawn, copies: kept.copies, source: source || null });
  }
}

const isDrawn = (drawn, n) =>
  drawn?.tokens?.length === n && drawn.tokens.every(({ bytes }) => /^([0-9a-f]{2})*$/.test(bytes));
const isRead = (copies, n) =>
  ["first", "second", "others"].every((name) => copies?.[name]?.length === n && copies[name].every(Number.isFinite)) &&
  ["first_mean", "second_mean", "others_mean"].every((name) => Number.isFinite(copies[name]));

export function startRepeat() {
  bar.run = run;
  bar.addEventListener("run-asked", start);
  find('[data-action="second-copy"]').addEventListener("click", () => repeat.update({ seen: true }));
  length.addEventListener("change", () => change({ length: Number(length.value) }));
  find('[data-action="other-tokens"]').addEventListener("click", () => {
    change({ seed: crypto.getRandomValues(new Uint32Array(1))[0] });
    start();
  });
  repeat.watch(show);
}
