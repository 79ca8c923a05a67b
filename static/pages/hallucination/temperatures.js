// The same question at temperature 0 and at temperature 1: the reader's own, as it stands in the last step.

import { ExperimentRun } from "../../js/base/experiment.js";
import { Store } from "../../js/base/store.js";
import { madeNow, measuredFor, presets } from "./asking.js";
import { begun, finished } from "./figure.js";
import { packFigure, unpackFigure } from "./packing.js";
import { settingsOf } from "./settings.js";
import { asks } from "./tries.js";
import { languageOf } from "./view.js";

const SIDES = { "invented-greedy": 0, "invented-plain": 1 }; // preset -> temperature

const section = document.getElementById("temperatures");
const part = (selector) => section.querySelector(selector);
const run = new ExperimentRun();
const own = () => asks.own.store.state.request;

const measured = () => Object.keys(SIDES).map((id) => measuredFor(presets.get(id).request));

/** `sides` are two figures, cold and warm; null where one is not written. */
export const store = new Store({ sides: measured() });

async function start() {
  const request = own();
  let sides = [null, null];
  store.update({ sides });
  for (const [index, temperature] of Object.values(SIDES).entries()) {
    const asked = { ...request, temperature };
    let figure = begun(asked, null, madeNow(run.model ?? ""));
    const onPart = (kind, data) => {
      if (kind === "opening") figure = { ...figure, bits: data.entropy_bits, source: madeNow(run.model ?? "") };
      if (kind === "outcome") figure = finished(figure, data);
    };
    if (!(await run.start("universes", asked, { onPart }))) return;
    sides = sides.map((side, place) => (place === index ? figure : side));
    store.update({ sides });
  }
}

function show({ sides }) {
  const request = own();
  const asked = sides[0]?.request ?? sides[1]?.request ?? request;
  const prompt = part("[data-prompt]");
  prompt.textContent = `${asked.prompt} …`;
  prompt.lang = languageOf(asked.prompt);
  sides.forEach((figure, index) => {
    const groups = section.querySelectorAll("answer-groups")[index];
    groups.toggleAttribute("hidden", figure === null);
    if (figure) groups.figure = figure;
  });
  Object.assign(part("run-bar"), {
    run,
    measurement: sides[0]?.source ?? null,
    disabled: request.prompt === "",
  });
}

/** What is kept of this part: nothing of the example. */
export function take() {
  const { sides } = store.state;
  const own = sides.some((figure) => figure?.origin !== "measured");
  return { sides: own ? sides.map((figure) => figure && packFigure({ ...figure, tree: null })) : null };
}

/** Put back what was kept; asks nothing. */
export function open({ sides }, linked) {
  run.reset();
  const [base] = Object.keys(SIDES).map((id) => presets.get(id).request);
  const read = (packed, index) => {
    if (!packed) return null;
    return unpackFigure(
      packed,
      { ...settingsOf(packed.request, base), temperature: Object.values(SIDES)[index] },
      linked,
    );
  };
  store.update({ sides: Array.isArray(sides) ? [0, 1].map((index) => read(sides[index], index)) : measured() });
}

export function reset() {
  run.reset();
  store.update({ sides: measured() });
}

export function begin() {
  part("run-bar").addEventListener("run-asked", start);
  asks.own.store.addEventListener("change", () => show(store.state));
  store.watch(show);
}
