// Section 1 of the hallucination page: the universes of one prompt, and beside them a control.

/** @import * as contract from "contract" */

import { isVeiled, liftVeils, needVeils } from "../../js/elements/answer-veil.js";
import "./answer-groups.js";
import "./universe-list.js";
import "./universe-tree.js";
import { decodeUtf8, hexToBytes } from "../../js/base/bytes.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { formatNumber, formatProbability } from "../../js/base/format.js";
import { presetFailure, presetNote } from "./words.js";
import { t, tParts } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { announce, pageData } from "../../js/base/page.js";
import { html, render } from "lit";
import { Store } from "../../js/base/store.js";
import { isOwn, settingsOf, showSettings, watchSettings } from "./settings.js";

const CONTROL = { invented: "known", after: "known", wrong: "known", known: "invented" };
const FIRST = "invented";
const ASKED = "after"; // the example whose result the page asks to predict

const section = document.getElementById("universes");
const part = (selector) => section.querySelector(selector);
const presets = new Map(pageData.presets.map((preset) => [preset.id, preset]));
const results = pageData.measurement?.results ?? {};

/** A measured preset as a figure: {prompt, opening, outcome, temperature}. */
function measured(id) {
  const parts = results[id];
  const preset = presets.get(id);
  if (!parts || !preset) return null;
  return figureOf(parts, preset.request, id);
}

function figureOf(parts, request, preset = null) {
  const opening = parts.find(({ kind }) => kind === "opening") ?? null;
  const outcome = parts.find(({ kind }) => kind === "outcome") ?? null;
  return { preset, request, opening, outcome, writing: null, source: pageData.measurement };
}

const run = new ExperimentRun();
const controlRun = new ExperimentRun();
export const store = new Store({
  preset: FIRST,
  request: presets.get(FIRST).request,
  figure: measured(FIRST),
  control: measured(CONTROL[FIRST]),
});

/** Choose a worked example: its measured result stands at once. */
function choose(id) {
  run.reset();
  controlRun.reset();
  store.update({ preset: id, request: presets.get(id).request, figure: measured(id), control: measured(CONTROL[id]) });
  if (!isVeiled(ASKED)) announce(sentence(store.state.figure));
}

async function start() {
  const { request, preset } = store.state;
  if (preset === ASKED) liftVeils(ASKED);
  const writing = Array.from({ length: request.n }, () => []);
  const figure = { preset, request, opening: null, outcome: null, writing, source: null };
  const collect =
    (key, made) =>
    (/** @type {contract.hallucination.News} */ ...[kind, data]) => {
      if (kind === "round") made.writing = written(made.writing, data.tokens);
      else made[kind] = data;
      if (key === "figure" || made.outcome) store.update({ [key]: { ...made } });
    };
  store.update({ figure });
  const finished = await run.start("universes", request, { onPart: collect("figure", figure) });
  if (!finished) return;
  store.update({ figure: { ...figure, source: madeHere(run) } });
  announce(sentence(store.state.figure));
  if (preset === ASKED) tellPrediction(figure.outcome);
  const other = presets.get(CONTROL[preset] ?? "known").request;
  const same = { ...request, prompt: other.prompt, cut: other.cut };
  const source = madeHere(run);
  const control = {
    preset: CONTROL[preset] ?? "known",
    request: same,
    opening: null,
    outcome: null,
    writing: [],
    source,
  };
  await controlRun.start("universes", same, { onPart: collect("control", control) });
}

/** The prediction is held against what this model gave. */
function tellPrediction({ agreement, n }) {
  if (n !== presets.get(ASKED).request.n) return;
  const live = {
    answer: agreement.groups.length,
    measured: sentence({ outcome: { agreement, n } }),
    model: run.model,
  };
  Object.assign(document.getElementById(`predict-${ASKED}`), { live });
}

function written(writing, tokens) {
  const next = [...writing];
  for (const [sequence, hex] of tokens) next[sequence] = [...(next[sequence] ?? []), ...hexToBytes(hex)];
  return next;
}

function textOf(bytes) {
  for (let cut = 0; cut < 4; cut += 1) {
    const text = decodeUtf8(Uint8Array.from(bytes.slice(0, bytes.length - cut)));
    if (text !== null) return text;
  }
  return "";
}

/** What a figure shows, in one sentence. */
function sentence(figure) {
  if (!figure?.outcome) return "";
  const { agreement, n } = figure.outcome;
  return t("{n} universes, {different} different answers; {share} give the most frequent one.", {
    n,
    different: agreement.groups.length,
    share: formatProbability(agreement.largest),
  });
}

function show({ preset, request, figure, control }) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-preset]"))) {
    button.setAttribute("aria-pressed", String(button.dataset.preset === preset));
  }
  showSettings(section, request);
  const bar = part("run-bar");
  const same = figure !== null && JSON.stringify(figure.request) === JSON.stringify(request);
  Object.assign(bar, { run, stale: !same, disabled: request.prompt === "", measurement: figure?.source ?? null });
  part("[data-note]").textContent = presetNote(preset);
  part("[data-failure]").textContent = failureOf(figure) ?? "";
  needVeils(ASKED, figure?.preset === ASKED && figure.source === pageData.measurement);
  showFigure(figure);
  showControl(control, figure?.source?.model ?? run.model);
}

/** What to say where a worked example, run here, does not show what it is there for. */
function failureOf(figure) {
  if (run.state !== "done" || !figure?.outcome || figure.preset === null) return null;
  return presetFailure(figure.preset, presets.get(figure.preset).note.truth, figure.outcome.agreement);
}

/** The lines of the list: of real people only the names are shown. */
function linesOf({ outcome, writing, preset }) {
  const namesOnly = preset === ASKED;
  if (outcome) return outcome.universes.map((one) => (namesOnly ? { ...one, text: one.answer } : one));
  return writing.map((bytes, sequence) => ({ sequence, text: namesOnly ? "" : textOf(bytes) }));
}

function showFigure(figure) {
  part("[data-figure]").toggleAttribute("hidden", figure === null);
  part("[data-parting]").toggleAttribute("hidden", !figure?.outcome);
  if (figure === null) return;
  const { outcome, opening, request } = figure;
  render(html`${request.prompt} …`, part("[data-prompt]"));
  part("[data-figure] answer-groups").toggleAttribute("hidden", !outcome);
  if (outcome) {
    Object.assign(part("[data-figure] answer-groups"), { outcome, opening });
    const { tree, tree_bytes: bytes, agreement } = outcome;
    Object.assign(part("universe-tree"), { branches: tree, bytes, agreement });
  }
  Object.assign(part("universe-list"), { universes: linesOf(figure), agreement: outcome?.agreement ?? null });
}

/** `model` is whose universes stand beside it. */
function showControl(control, model) {
  if (!control?.outcome) return;
  const temperature = formatNumber(control.request.temperature, 2);
  const prompt = html`<span lang="en">${control.request.prompt}</span>`;
  const title = tParts("Control: “{prompt} …”, the same temperature {temperature}", { prompt, temperature });
  render(title, part("[data-control-title]"));
  const other = control.source.model === model ? null : control.source.model;
  part("[data-control-model]").textContent = other ? t("These are the answers of {model}.", { model: other }) : "";
  Object.assign(part("[data-control] answer-groups"), { outcome: control.outcome, opening: control.opening });
}

/** What a share link holds. */
export function snapshot() {
  const { preset, request } = store.state;
  return { preset, request };
}

/** What was computed here; a change of language keeps it. */
export function computed() {
  const { figure, control } = store.state;
  return figure !== null && isOwn(figure.source) ? { figure: { ...figure, writing: null }, control } : null;
}

/** Put back what a link held, and what was kept beside it; runs nothing. */
export function restore({ preset, request }, own) {
  run.reset();
  controlRun.reset();
  const known = Object.hasOwn(CONTROL, preset) ? preset : null;
  const example = known ?? FIRST;
  const settings = settingsOf(request, presets.get(example).request);
  store.update({
    preset: known,
    request: settings,
    figure: measured(example),
    control: measured(CONTROL[example]),
    ...own,
  });
}

/** A setting was moved, or another prompt typed: what is typed is no example any more. */
function changed(request, typed) {
  if (!typed) store.update({ request });
  else store.update({ request: { ...request, max_tokens: presets.get(FIRST).request.max_tokens }, preset: null });
}

export function begin() {
  for (const node of section.querySelectorAll("[data-first-text]")) node.replaceChildren();
  section.addEventListener("click", ({ target }) => {
    /** @type {HTMLElement} */
    const button = /** @type {Element} */ (target).closest("[data-preset]");
    const id = button?.dataset.preset;
    if (id) choose(id);
  });
  part("run-bar").addEventListener("run-asked", start);
  watchSettings(section, () => store.state.request, changed);
  run.addEventListener("change", () => run.state === "done" && show(store.state));
  store.watch(show);
}
