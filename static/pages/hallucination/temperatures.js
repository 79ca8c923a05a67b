// The same universes at temperature 0 and at temperature 1, for the prompt of the first section.

import { ExperimentRun } from "../../js/base/experiment.js";
import { madeHere } from "../../js/base/kept.js";
import { pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { isOwn } from "./settings.js";
import { store as universes } from "./universes.js";

const SIDES = { "invented-greedy": 0, "invented-plain": 1 }; // preset -> temperature

const section = document.getElementById("temperatures");
const part = (selector) => section.querySelector(selector);
const presets = new Map(pageData.presets.map((preset) => [preset.id, preset]));
const results = pageData.measurement?.results ?? {};
const run = new ExperimentRun();

function measured() {
  const { prompt } = presets.get("invented-greedy").request;
  const sides = Object.keys(SIDES).map((id) => [id, sideOf(results[id] ?? [])]);
  return { prompt, sides: Object.fromEntries(sides), source: pageData.measurement };
}

function sideOf(parts) {
  return {
    opening: parts.find(({ kind }) => kind === "opening") ?? null,
    outcome: parts.find(({ kind }) => kind === "outcome") ?? null,
  };
}

export const store = new Store({ figure: measured() });

async function start() {
  const { request } = universes.state;
  const sides = Object.fromEntries(Object.keys(SIDES).map((id) => [id, sideOf([])]));
  store.update({ figure: { prompt: request.prompt, sides, source: null } });
  for (const [id, temperature] of Object.entries(SIDES)) {
    const parts = [];
    const onPart = (kind, data) => {
      parts.push(data);
      const { figure } = store.state;
      if (kind === "outcome") store.update({ figure: { ...figure, sides: { ...figure.sides, [id]: sideOf(parts) } } });
    };
    if (!(await run.start("universes", { ...request, temperature }, { onPart }))) return;
  }
  store.update({ figure: { ...store.state.figure, source: madeHere(run) } });
}

function show({ figure }) {
  part("[data-prompt]").textContent = `${figure.prompt} …`;
  for (const [id, { opening, outcome }] of Object.entries(figure.sides)) {
    const groups = part(`[data-temperature="${id}"] answer-groups`);
    groups.toggleAttribute("hidden", outcome === null);
    if (outcome) Object.assign(groups, { opening, outcome });
  }
  const { request } = universes.state;
  Object.assign(part("run-bar"), {
    run,
    measurement: figure.source,
    stale: figure.prompt !== request.prompt,
    disabled: request.prompt === "",
  });
}

/** What a share link holds: nothing, the prompt is the first section's. */
export function snapshot() {
  return {};
}

/** What was computed here; a change of language keeps it. */
export function computed() {
  const { figure } = store.state;
  return isOwn(figure.source) ? figure : null;
}

/** Put back what was measured, or what was kept beside a link; runs nothing. */
export function restore(_, own) {
  run.reset();
  store.update({ figure: own ?? measured() });
}

export function begin() {
  part("run-bar").addEventListener("run-asked", start);
  universes.addEventListener("change", () => show(store.state));
  store.watch(show);
}
