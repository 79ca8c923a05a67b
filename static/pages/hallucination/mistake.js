// The first words of an answer are written for the model, wrong ones, and it carries on to match.

import "./mistake-sides.js";
import { hexToBytes } from "../../js/base/bytes.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { t } from "../../js/base/i18n.js";
import { announce, pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { madeNow, textOf } from "./asking.js";
import { figureFor, shelved } from "./figure.js";
import { packMistake, unpackMistake } from "./packing.js";
import { settingsOf, showSettings, watchSettings } from "./settings.js";

const PRESET = "mistake";

const section = document.getElementById("mistake");
/** @returns {any} */
const part = (selector) => section.querySelector(selector);
const preset = pageData.presets.find(({ id }) => id === PRESET);
const run = new ExperimentRun();

function resultOf(parts) {
  const outcome = (side) => parts.find((one) => one.kind === "outcome" && one.side === side) ?? null;
  return { forced: parts.find(({ kind }) => kind === "forced") ?? null, free: outcome("free"), led: outcome("forced") };
}

const parts = pageData.measurement?.results[PRESET];
const measured = parts
  ? [
      {
        request: preset.request,
        source: pageData.measurement,
        origin: "measured",
        state: "done",
        result: resultOf(parts),
      },
    ]
  : [];
const EXAMPLE = { request: preset.request, figures: measured };
const NOTHING = { forced: null, free: null, led: null };

export const store = new Store(EXAMPLE);

const figureNow = () => figureFor(store.state.figures, store.state.request);
const keep = (figure) => store.update({ figures: shelved(store.state.figures, figure) });

async function start() {
  const { request } = store.state;
  const came = [];
  const texts = { free: written(request.n), forced: written(request.n) };
  const figure = { request, source: null, origin: "here", state: "stopped", result: NOTHING };
  keep(figure);
  const show = (state) => {
    const { forced, free, led } = resultOf(came);
    const result = { forced, free: free ?? texts.free.side, led: led ?? texts.forced.side };
    keep({ ...figure, state, source: madeNow(run.model ?? ""), result });
  };
  const onPart = (kind, data) => {
    if (kind === "round") texts[data.side].add(data.tokens);
    else came.push(data);
    show("stopped");
  };
  if (!(await run.start("own-mistake", request, { onPart }))) return;
  show("done");
  announce(t("Both sides are written."));
}

/** The texts of one side as they come; `side` is null before the first word. */
function written(n) {
  const bytes = Array.from({ length: n }, () => []);
  let some = false;
  return {
    add(tokens) {
      some = true;
      for (const [index, hex] of tokens) bytes[index].push(...hexToBytes(hex));
    },
    get side() {
      return some ? { n, mentions: [], universes: bytes.map((one) => ({ text: textOf(one) })) } : null;
    },
  };
}

function progressNow() {
  if (run.state !== "running" || !run.progress) return "";
  return t("Writing: {n} of {total} tokens of each try.", { n: run.progress.done, total: run.progress.total });
}

function show({ request }) {
  const figure = figureNow();
  showSettings(section, request);
  const watch = part("[data-watch]");
  if (watch !== document.activeElement) watch.value = request.watch.join(", ");
  const { prompt, forced: words } = request;
  Object.assign(part("mistake-sides"), { result: figure?.result ?? NOTHING, prompt, words });
  Object.assign(part("run-bar"), {
    run,
    measurement: figure?.source ?? null,
    disabled: request.prompt === "" || request.forced === "",
  });
}

function change(request) {
  run.cancel();
  store.update({ request });
}

function wordsOf(text) {
  return text
    .split(/[,，、]/)
    .map((word) => word.trim().slice(0, 40))
    .filter(Boolean)
    .slice(0, 6);
}

function requestOf(request) {
  return {
    ...settingsOf(request, preset.request),
    forced: String(request?.forced ?? preset.request.forced).slice(0, 200),
    watch: Array.isArray(request?.watch) ? wordsOf(request.watch.join(",")) : preset.request.watch,
  };
}

/** What is kept of this part: for a link only what is shown, and nothing of the example. */
export function take({ link }) {
  const { request, figures } = store.state;
  const shown = link ? [figureNow()] : figures;
  const made = shown.filter((figure) => figure?.source && figure.origin !== "measured");
  return { request, figures: made.map(packMistake) };
}

/** Put back what was kept; asks nothing. */
export function open({ request, figures }, linked) {
  run.reset();
  const kept = (Array.isArray(figures) ? figures : [])
    .map((one) => unpackMistake(one, requestOf(one?.request), linked))
    .filter((one) => one !== null);
  store.update({ request: requestOf(request), figures: [...kept, ...measured] });
}

export function reset() {
  run.reset();
  store.update(EXAMPLE);
}

export function begin() {
  holdRoom(run, part("mistake-sides"));
  part("run-bar").addEventListener("run-asked", start);
  part("[data-watch]").addEventListener("input", ({ target }) => {
    change({ ...store.state.request, watch: wordsOf(/** @type {HTMLInputElement} */ (target).value) });
  });
  part("[data-action=reset]").addEventListener("click", () => change(preset.request));
  watchSettings(section, () => store.state.request, change);
  run.addEventListener("change", () => (part("[data-progress]").textContent = progressNow()));
  store.watch(show);
}
