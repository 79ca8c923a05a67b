// Section 3: the first words are put in the model's mouth, and the rest follows them.

import "./answer-groups.js";
import "./mistake-sides.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { announce, pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { isOwn, settingsOf, showSettings, watchSettings } from "./settings.js";

const PRESET = "mistake";

const section = document.getElementById("mistake");
const part = (selector) => section.querySelector(selector);
const preset = pageData.presets.find(({ id }) => id === PRESET);
const run = new ExperimentRun();

function resultOf(parts) {
  const outcome = (side) => parts.find((one) => one.kind === "outcome" && one.side === side) ?? null;
  return { forced: parts.find(({ kind }) => kind === "forced") ?? null, free: outcome("free"), led: outcome("forced") };
}

const measured = pageData.measurement?.results[PRESET] ? resultOf(pageData.measurement.results[PRESET]) : null;

const EXAMPLE = { request: preset.request, result: measured, made: preset.request, source: pageData.measurement };

export const store = new Store(EXAMPLE);

async function start() {
  const { request } = store.state;
  const parts = [];
  store.update({ result: null, made: request, source: null });
  const finished = await run.start("own-mistake", request, {
    onPart: (kind, data) => {
      if (kind !== "outcome" && kind !== "forced") return;
      parts.push(data);
      store.update({ result: resultOf(parts) });
    },
  });
  if (!finished) return;
  store.update({ source: madeHere(run) });
  announce(t("Both sides are written."));
}

function show({ request, result, made, source }) {
  showSettings(section, request);
  const watch = part("[data-watch]");
  if (watch !== document.activeElement) watch.value = request.watch.join(", ");
  Object.assign(part("mistake-sides"), {
    result: result ?? { forced: null, free: null, led: null },
    prompt: made.prompt,
    words: made.forced,
  });
  Object.assign(part("run-bar"), {
    run,
    measurement: source,
    stale: JSON.stringify(made) !== JSON.stringify(request),
    disabled: request.prompt === "" || request.forced === "",
  });
}

function wordsOf(text) {
  return text
    .split(/[,，、]/)
    .map((word) => word.trim().slice(0, 40))
    .filter(Boolean)
    .slice(0, 6);
}

/** What a share link holds. */
export function snapshot() {
  return { request: store.state.request };
}

/** What was computed here; a change of language keeps it. */
export function computed() {
  const { result, made, source } = store.state;
  return isOwn(source) ? { result, made, source } : null;
}

/** Put back what a link held, and what was kept beside it; runs nothing. */
export function restore({ request }, own) {
  run.reset();
  const settings = {
    ...settingsOf(request, preset.request),
    forced: String(request?.forced ?? preset.request.forced).slice(0, 200),
    watch: wordsOf(Array.isArray(request?.watch) ? request.watch.join(",") : ""),
  };
  store.update({ ...EXAMPLE, ...own, request: settings });
}

export function begin() {
  holdRoom(run, part("mistake-sides"));
  part("run-bar").addEventListener("run-asked", start);
  part("[data-watch]").addEventListener("input", ({ target }) => {
    store.update({ request: { ...store.state.request, watch: wordsOf(target.value) } });
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
