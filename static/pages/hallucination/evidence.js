// Section 2: evidence in front of the prompt, sentence by sentence, and the universes under each of them.

import "./evidence-editor.js";
import { LABELS } from "./evidence-river.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { formatProbability } from "../../js/base/format.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { announce, pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { isOwn, settingsOf, showSettings, watchSettings } from "./settings.js";

const PRESET = "collapse";

const section = document.getElementById("evidence");
const part = (selector) => section.querySelector(selector);
const preset = pageData.presets.find(({ id }) => id === PRESET);
const measured = pageData.measurement?.results[PRESET]?.filter(({ kind }) => kind === "step") ?? null;
const run = new ExperimentRun();

const EXAMPLE = { request: preset.request, steps: measured, made: preset.request, source: pageData.measurement };

export const store = new Store(EXAMPLE);

async function start() {
  const { sentences, ...rest } = store.state.request;
  const request = { ...rest, sentences: sentences.filter(({ text }) => text.trim() !== "") };
  store.update({ steps: [], made: request, request, source: null });
  const finished = await run.start("evidence", request, {
    onPart: (kind, data) => kind === "step" && store.update({ steps: [...store.state.steps, data] }),
  });
  if (!finished) return;
  store.update({ source: madeHere(run) });
  const { steps } = store.state;
  announce(
    t("Agreement from {before} without evidence to {after} with all of it.", {
      before: formatProbability(steps[0].agreement.largest),
      after: formatProbability(steps.at(-1).agreement.largest),
    }),
  );
}

function show({ request, steps, made, source }) {
  showSettings(section, request);
  part("evidence-editor").sentences = request.sentences;
  if (steps !== null) part("evidence-river").steps = steps;
  part("[data-measured]").hidden = steps !== measured;
  Object.assign(part("run-bar"), {
    run,
    measurement: source,
    stale: JSON.stringify(made) !== JSON.stringify(request),
    disabled: request.prompt === "" || request.sentences.every(({ text }) => text.trim() === ""),
  });
}

/** What a share link holds. */
export function snapshot() {
  return { request: store.state.request };
}

/** What was computed here; a change of language keeps it. */
export function computed() {
  const { steps, made, source } = store.state;
  return isOwn(source) ? { steps, made, source } : null;
}

/** Put back what a link held, and what was kept beside it; runs nothing. */
export function restore({ request }, own) {
  run.reset();
  const sentences = (Array.isArray(request?.sentences) ? request.sentences : [])
    .slice(0, 6)
    .map(({ text, label }) => ({ text: String(text ?? "").slice(0, 400), label: label in LABELS ? label : "unknown" }));
  const settings = { ...settingsOf(request, preset.request), sentences };
  store.update({ ...EXAMPLE, ...own, request: settings });
}

export function begin() {
  holdRoom(run, part("evidence-river"));
  part("run-bar").addEventListener("run-asked", start);
  section.addEventListener("sentences-changed", ({ detail }) => {
    store.update({ request: { ...store.state.request, sentences: detail.sentences } });
  });
  section.addEventListener("click", ({ target }) => {
    const reset = /** @type {Element} */ (target).closest("[data-action=reset]");
    if (!reset) return;
    run.reset();
    store.update(EXAMPLE);
  });
  watchSettings(
    section,
    () => store.state.request,
    (request) => store.update({ request }),
  );
  store.watch(show);
}
