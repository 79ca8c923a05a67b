// Section 1 of the hallucination page: the universes of one prompt, and beside them a control.

import "../elements/answer-groups.js";
import "../elements/universe-list.js";
import "../elements/universe-tree.js";
import { decodeUtf8, hexToBytes } from "../bytes.js";
import { ExperimentRun } from "../experiment.js";
import { formatNumber, formatProbability } from "../format.js";
import { presetFailure, presetNote } from "../hallucination-words.js";
import { t, tParts } from "../i18n.js";
import { announce, pageData } from "../page.js";
import { html, render } from "lit";
import { Store } from "../store.js";
import { settingsOf, showSettings, watchSettings } from "./hallucination-settings.js";

const CONTROL = { invented: "known", after: "known", wrong: "known", known: "invented" };
const FIRST = "invented";

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
  return { preset, request, opening, outcome, writing: null };
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
  announce(sentence(store.state.figure));
}

async function start() {
  const { request, preset } = store.state;
  const figure = { preset, request, opening: null, outcome: null, writing: Array.from({ length: request.n }, () => []) };
  const collect = (key, made) => (kind, data) => {
    if (kind === "round") made.writing = written(made.writing, data.tokens);
    else made[kind] = data;
    if (key === "figure" || made.outcome) store.update({ [key]: { ...made } });
  };
  store.update({ figure });
  const finished = await run.start("universes", request, { onPart: collect("figure", figure) });
  if (!finished) return;
  announce(sentence(store.state.figure));
  if (preset === "after") tellPrediction(figure.outcome);
  const other = presets.get(CONTROL[preset] ?? "known").request;
  const same = { ...request, prompt: other.prompt, cut: other.cut };
  const control = { preset: CONTROL[preset] ?? "known", request: same, opening: null, outcome: null, writing: [] };
  await controlRun.start("universes", same, { onPart: collect("control", control) });
}

/** The prediction is held against what this model gave. */
function tellPrediction({ agreement, n }) {
  if (n !== presets.get("after").request.n) return;
  document.getElementById("predict-after").live = {
    answer: agreement.groups.length,
    measured: sentence({ outcome: { agreement, n } }),
    model: run.model,
  };
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
  for (const button of section.querySelectorAll("[data-preset]")) {
    button.setAttribute("aria-pressed", String(button.dataset.preset === preset));
  }
  showSettings(section, request);
  const bar = part("run-bar");
  const same = figure !== null && JSON.stringify(figure.request) === JSON.stringify(request);
  Object.assign(bar, { run, stale: !same, disabled: request.prompt === "", measurement: figure?.preset && results[figure.preset] ? pageData.measurement : null });
  part("[data-note]").textContent = preset === null ? t("Your own prompt. Is there a right answer, and does the model know it? Agreement alone does not tell.") : presetNote(preset);
  const failure = figure?.outcome && figure.preset && run.state === "done" ? presetFailure(figure.preset, presets.get(figure.preset).note.truth, figure.outcome.agreement) : null;
  part("[data-failure]").textContent = failure ?? "";
  showFigure(figure);
  showControl(control);
}

function showFigure(figure) {
  part("[data-figure]").toggleAttribute("hidden", figure === null);
  part("[data-parting]").toggleAttribute("hidden", !figure?.outcome);
  if (figure === null) return;
  const { outcome, opening, writing, preset, request } = figure;
  render(html`${request.prompt} …`, part("[data-prompt]"));
  part("[data-figure] answer-groups").toggleAttribute("hidden", !outcome);
  if (outcome) {
    Object.assign(part("[data-figure] answer-groups"), { outcome, opening });
    Object.assign(part("universe-tree"), { branches: outcome.tree, bytes: outcome.tree_bytes, agreement: outcome.agreement });
  }
  Object.assign(part("universe-list"), {
    universes: outcome ? outcome.universes.map((universe) => (preset === "after" ? { ...universe, text: universe.answer } : universe)) : writing.map((bytes, sequence) => ({ sequence, text: preset === "after" ? "" : textOf(bytes) })),
    agreement: outcome?.agreement ?? null,
  });
}

function showControl(control) {
  if (!control?.outcome) return;
  const temperature = formatNumber(control.request.temperature, 1);
  render(tParts("Control: “{prompt} …”, the same temperature {temperature}", { prompt: html`<span lang="en">${control.request.prompt}</span>`, temperature }), part("[data-control-title]"));
  Object.assign(part("[data-control] answer-groups"), { outcome: control.outcome, opening: control.opening });
}

/** What a share link or a change of language keeps. */
export function snapshot() {
  const { preset, request, figure } = store.state;
  const own = figure?.outcome && run.state === "done" ? { request: figure.request, opening: figure.opening, outcome: figure.outcome, preset: figure.preset, model: run.model } : null;
  return { preset, request, own };
}

/** Put back what a link held; runs nothing. */
export function restore({ preset, request, own }) {
  const known = presets.has(preset) ? preset : null;
  run.reset();
  const figure = own ? { ...own, writing: null } : known && JSON.stringify(presets.get(known).request) === JSON.stringify(request) ? measured(known) : null;
  store.update({ preset: known, request: settingsOf(request, presets.get(FIRST).request), figure, control: measured(CONTROL[known] ?? "known") });
}

export function begin() {
  for (const node of section.querySelectorAll("[data-first-text]")) node.replaceChildren();
  section.addEventListener("click", (event) => {
    const id = event.target.closest("[data-preset]")?.dataset.preset;
    if (id) choose(id);
  });
  part("run-bar").addEventListener("run-asked", start);
  watchSettings(section, () => store.state.request, (request, typed) => store.update({ request, ...(typed ? { preset: null } : {}) }));
  run.addEventListener("change", () => run.state === "done" && show(store.state));
  store.watch(show);
}
