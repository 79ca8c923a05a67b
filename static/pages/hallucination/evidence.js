// Evidence in front of the prompt, one sentence at a time, and the sixteen tries under each: the stream on the stage,
// and in the drawer the sentences themselves.

import "../../js/elements/save-picture.js";
import "./evidence-editor.js";
import "./evidence-stream.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { announce, pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { html, render } from "lit";
import { madeNow } from "./asking.js";
import { LABELS } from "./evidence-editor.js";
import { agreementOf, figureFor, sameRequest, shelved } from "./figure.js";
import { orNothing, packEvidence, unpackEvidence } from "./packing.js";
import { exampleOf, isExample, settingsOf, showSettings, watchSettings } from "./settings.js";
import { languageOf } from "./view.js";
import { sourceSentence, waitingSentence } from "./words.js";

const PRESET = "collapse";

const stage = document.getElementById("evidence");
const drawer = document.getElementById("evidence-details");
/** @returns {any} */
const part = (selector) => stage.querySelector(selector);
const run = new ExperimentRun();
const example = exampleOf(PRESET).request;

/** `shown` columns are asked for; the first is the prompt alone. */
export const store = new Store({ request: example, figures: [], shown: 0 });

const figureNow = () => figureFor(store.state.figures, store.state.request);

function measuredFor(request) {
  const preset = pageData.presets.find((one) => one.experiment === "evidence" && sameRequest(one.request, request));
  const parts = pageData.measurement?.results[preset?.id];
  if (!parts) return null;
  return { request, source: pageData.measurement, origin: "measured", state: "done", steps: parts.map(stepOf) };
}

function stepOf({ sentence, label, entropy_bits: bits, answers, agreement }) {
  const keyOf = new Map(agreement.groups.flatMap(({ key, sequences }) => sequences.map((index) => [index, key])));
  const tries = answers.map(({ text }, index) => ({ text, answer: text, key: keyOf.get(index) }));
  return { sentence, label, bits, tries };
}

let turn = 0; // a run that another has replaced says no more

const columnsOf = ({ sentences }) => sentences.length + 1;
const keep = (figure) => store.update({ figures: shelved(store.state.figures, figure) });

/** The next column; at the end, from the beginning again. */
function add() {
  const { request, shown } = store.state;
  const figure = figureNow();
  if (figure && shown >= columnsOf(request)) {
    store.update({ shown: 0 });
    return;
  }
  store.update({ shown: shown + 1 });
  if (figure === null || (figure.state === "stopped" && figure.steps.length <= shown)) ask();
  tell();
}

/** Ask for every column, or show what was measured where the model is not there or others wait before us. */
async function ask() {
  const { sentences, ...rest } = store.state.request;
  const request = { ...rest, sentences: sentences.filter(({ text }) => text.trim() !== "") };
  store.update({ request });
  const measured = measuredFor(request);
  if (models.ready && (await live(request, measured !== null))) return;
  if (measured) keep(measured);
  tell();
}

/** True unless the measured columns are to be shown instead. */
async function live(request, spare) {
  const mine = ++turn;
  let figure = { request, source: madeNow(models.state.loaded.name), origin: "here", state: "writing", steps: [] };
  keep(figure);
  const onPart = (kind, data) => {
    if (kind !== "step") return;
    figure = { ...figure, steps: [...figure.steps, stepOf(data)] };
    keep(figure);
    tell();
  };
  const othersFirst = () => spare && run.line.text !== null && run.reset();
  run.addEventListener("change", othersFirst);
  const done = await run.start("evidence", request, { onPart });
  run.removeEventListener("change", othersFirst);
  if (mine !== turn) return true;
  if (!done && spare && figure.steps.length === 0 && run.state !== "cancelled") return false;
  keep({ ...figure, state: done ? "done" : "stopped" });
  return true;
}

/** What the newest column shows, for those who listen. */
function tell() {
  const { shown } = store.state;
  const step = figureNow()?.steps[shown - 1];
  if (step) announce(saysOf(step));
}

function saysOf({ tries }) {
  const { groups } = agreementOf(tries);
  const [{ text, count }] = groups;
  const values = { n: groups.length, answer: text, count, total: tries.length };
  return count === tries.length ? t("All {total} say {answer}.", values) : t("{n} different answers", values);
}

function show({ request, shown }) {
  const figure = figureNow();
  const steps = figure?.steps ?? [];
  const columns = columnsOf(request);
  const stream = part("evidence-stream");
  Object.assign(stream, { steps, columns, shown });
  stream.setAttribute("aria-busy", String(figure?.state === "writing" && steps.length < shown));
  part(".tail").textContent = request.sentences[Math.min(shown, request.sentences.length) - 1]?.text ?? request.prompt;
  heads(request, steps, shown);
  showButton(request, figure, shown);
  part("[data-source]").textContent = stateSentence(figure, shown);
  showDrawer(request, figure);
}

/** Above each column what was added to the text; the next one waits to be read, and those after it are not told yet. */
function heads({ prompt, sentences }, steps, shown) {
  const list = part("[data-heads]");
  list.style.setProperty("--columns", String(sentences.length + 1));
  const head = (index, text, label) => {
    const isNext = index > 0 && index === shown;
    if (index > shown || (isNext && shown === 0)) return html`<li></li>`;
    const step = index < shown ? steps[index] : null;
    return html`<li class=${isNext ? "is-next" : ""}>
      <p>${label ? html`<span class="evidence-label" data-label=${label}>${t(LABELS[label])}</span> ` : ""}<span
        class=${index === 0 ? "evidence-bare" : ""} lang=${languageOf(text)}>${text}</span></p>
      <p class="evidence-says">${step ? saysOf(step) : ""}</p>
    </li>`;
  };
  const given = sentences.map(({ text, label }, index) => head(index + 1, text, label === "unknown" ? null : label));
  render(html`${head(0, `${prompt} …`, null)}${given}`, list);
}

function showButton(request, figure, shown) {
  const button = part("[data-add]");
  const columns = columnsOf(request);
  const waits = shown > 0 && shown < columns && figure?.state === "writing" && figure.steps.length < shown;
  button.disabled = request.prompt === "" || waits || !(figure || models.ready || measuredFor(request));
  button.textContent =
    shown === 0
      ? t("Ask {n} times", { n: request.n })
      : shown < columns
        ? t("Add the next sentence")
        : t("Start again");
  part("[data-stop]").hidden = figure?.state !== "writing";
  part("[data-said]").textContent =
    shown >= columns && figure?.steps.length >= columns
      ? t("It follows what stands in the text. It checks nothing.")
      : "";
}

function stateSentence(figure, shown) {
  if (figure?.state === "writing" && figure.steps.length < shown) {
    return run.line.text ?? t("{model} is writing …", { model: figure.source.model });
  }
  if (figure && shown > 0) return sourceSentence(figure, run.error);
  return waitingSentence(measuredFor(store.state.request));
}

function showDrawer(request, figure) {
  showSettings(drawer, request);
  drawer.querySelector("evidence-editor").sentences = request.sentences;
  drawer.querySelector("save-picture").figure = part("evidence-stream");
  /** @type {HTMLElement} */
  const numbers = drawer.querySelector("[data-numbers]");
  numbers.hidden = !figure;
  render(
    html`${(figure?.steps ?? []).slice(0, store.state.shown).map(({ sentence, bits, tries }) => {
      const { groups, largest } = agreementOf(tries);
      const values = {
        share: formatProbability(largest),
        n: groups.length,
        bits: t("{bits} bits", { bits: bits.toFixed(2) }),
      };
      return html`<li><span lang=${languageOf(sentence)}>${sentence || t("Nothing but the prompt")}</span>
        <span class="quiet small number">${t(
          "{share} gave the most common answer, {n} different answers, first token {bits}",
          values,
        )}</span>
        <span class="river-answers" lang=${languageOf(groups[0]?.text ?? "")}>${groups
          .map(({ text, count }) => `${text} ${count}`)
          .join(", ")}</span></li>`;
    })}`,
    numbers,
  );
  Object.assign(drawer.querySelector("run-bar"), {
    run,
    measurement: figure?.source ?? null,
    disabled: request.prompt === "" || request.sentences.every(({ text }) => text.trim() === ""),
  });
}

function change(request) {
  run.cancel();
  store.update({ request, shown: 0 });
}

/** What is kept of this part: for a link only what is on the stage. */
export function take({ link }) {
  const { request, figures, shown } = store.state;
  const figure = figureNow();
  return { request, shown, figures: (link ? [figure].filter(Boolean) : figures).map(packEvidence) };
}

/** Put back what was kept; asks nothing. `linked` where a link brought it. */
export function open({ request, figures, shown }, linked) {
  const settings = requestOf(request);
  const columns = columnsOf(settings);
  const kept = (Array.isArray(figures) ? figures : []).map((one) =>
    unpackEvidence(one, requestOf(one?.request), linked),
  );
  const found = kept.filter((one) => one !== null);
  const begun = found.length > 0 && Number.isInteger(shown) ? Math.min(columns, Math.max(0, shown)) : 0;
  const unasked = found.length === 0 && isExample(settings, PRESET);
  store.update({ request: unasked ? example : settings, figures: found, shown: begun });
}

function requestOf(request) {
  const one = (sentence) =>
    orNothing(() => ({
      text: String(sentence.text ?? "").slice(0, 400),
      label: Object.hasOwn(LABELS, sentence.label) ? sentence.label : "unknown",
    }));
  const given = Array.isArray(request?.sentences) ? request.sentences.slice(0, 6).map(one).filter(Boolean) : [];
  return { ...settingsOf(request, example), sentences: given.length > 0 ? given : example.sentences };
}

export function reset() {
  run.reset();
  store.update({ request: example, figures: [], shown: 0 });
}

export function begin() {
  part("[data-heads]").replaceChildren();
  part("[data-add]").addEventListener("click", add);
  part("[data-stop]").addEventListener("click", () => run.cancel());
  drawer.addEventListener("run-asked", () => {
    store.update({ shown: columnsOf(store.state.request) });
    ask();
  });
  drawer.addEventListener("sentences-changed", (/** @type {CustomEvent} */ { detail }) =>
    change({ ...store.state.request, sentences: detail.sentences }),
  );
  drawer.querySelector("[data-action=reset]").addEventListener("click", () => change(example));
  watchSettings(drawer, () => store.state.request, change);
  run.addEventListener("change", () => show(store.state));
  models.addEventListener("change", () => show(store.state));
  store.watch(show);
}
