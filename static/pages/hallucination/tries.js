// The three steps that ask a question sixteen times: of something invented, of something it has read about, and the
// reader's own. Each has a screen of its own with the same parts in the same places.

import { html, render } from "lit";
import { formatCount, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { announce } from "../../js/base/page.js";
import { Asking, measuredFor, presets } from "./asking.js";
import { agreementOf, begun } from "./figure.js";
import { orNothing, packFigure, unpackFigure } from "./packing.js";
import { exampleOf, isExample, settingsOf, showSettings, watchSettings } from "./settings.js";
import "./tries-grid.js";
import { languageOf } from "./view.js";
import { presetFailure, presetNote, sourceSentence, storyOf, waitingSentence } from "./words.js";

const EXAMPLES = { invented: "invented", real: "known", own: "wrong" }; // step -> the example it begins with
export const OWN_TOKENS = 24; // written of each try of a question of one's own
const WARM = 0.7; // the temperature that the switch goes back to

const firstOf = (step) => {
  const { id, request } = exampleOf(EXAMPLES[step]);
  return { request, preset: id };
};

export const asks = Object.fromEntries(Object.keys(EXAMPLES).map((step) => [step, new Asking(firstOf(step))]));

/** @returns {HTMLElement} */
const sectionOf = (step) => document.querySelector(`[data-asking="${step}"]`);

/** What the stage shows of one step. */
function show(step) {
  const ask = asks[step];
  const section = sectionOf(step);
  const part = (selector) => section.querySelector(selector);
  const { request, preset, guess } = ask.store.state;
  const { figure } = ask;
  const prompt = part("[data-prompt]");
  if (prompt) {
    prompt.textContent = `${request.prompt} …`;
    prompt.lang = languageOf(request.prompt);
  }
  part(".tail").textContent = request.prompt.slice(-60);
  const shown = figure ?? begun(request, preset, null);
  Object.assign(part("tries-grid"), { tries: shown.tries, keys: shown.keys, only: storyOf(shown.preset) === "after" });
  section.toggleAttribute("data-asked", figure !== null);
  showResult(part, figure, guess);
  const waiting = waitingSentence(measuredFor(request));
  part("[data-source]").textContent = figure === null ? waiting : stateSentence(ask, figure);
  const button = part("[data-ask]");
  button.disabled = request.prompt === "" || !(ask.writing || ask.possible);
  button.textContent = ask.writing
    ? t("Stop")
    : figure === null
      ? t("Ask {n} times", { n: request.n })
      : models.ready
        ? t("Ask again")
        : t("Play again");
}

function showResult(part, figure, guess) {
  const { groups, n } = figure ? agreementOf(figure.tries) : { groups: [], n: 0 };
  part("[data-number]").textContent = formatCount(groups.length);
  part("[data-unit]").textContent = t("different answers", { n: groups.length });
  part("[data-said]").textContent =
    guess && figure?.state === "done" ? t("You said: {guess}.", { guess: labelOf(part, guess) }) : "";
  part("[data-note]").textContent = figure === null || figure.state === "writing" ? "" : noteOf(figure, groups, n);
}

function noteOf(figure, groups, n) {
  const total = figure.tries.length;
  if (figure.state === "stopped")
    return t("Stopped: {n} of {total} answers are complete. They are kept.", { n, total });
  const agreement = agreementOf(figure.tries);
  const truth = presets.get(figure.preset)?.note.truth ?? null;
  const fails = figure.preset === null ? null : presetFailure(figure.preset, truth, agreement);
  const [{ text, count }] = groups;
  const answer = text || t("(nothing)");
  const most = count >= total / 4 ? t("{count} of {total} say {answer}.", { count, total, answer }) : "";
  return [most, fails ?? presetNote(figure.preset)].filter(Boolean).join(" ");
}

const labelOf = (part, guess) =>
  part(`[name=guess-of-tries][value="${CSS.escape(guess)}"]`)?.nextElementSibling.textContent ?? guess;

/** What stands in small type under the result: what is under way, or whose answers these are. */
function stateSentence(ask, figure) {
  const { model } = figure.source;
  if (figure.state !== "writing") return sourceSentence(figure, ask.run.state === "failed" ? ask.run.error : null);
  if (figure.origin === "measured") return sourceSentence(figure, null);
  const complete = figure.tries.filter(({ key }) => key !== null).length;
  if (figure.tries.every(({ text }) => text === ""))
    return ask.run.line.text ?? t("{model} is reading the prompt …", { model });
  return t("{model} is writing: {n} of {total} answers are complete.", {
    model,
    n: complete,
    total: figure.tries.length,
  });
}

/** What a finished figure shows, in one sentence. */
function sentenceOf(figure) {
  const { groups } = agreementOf(figure.tries);
  return t("Asked {n} times, {different} different answers.", { n: figure.tries.length, different: groups.length });
}

function press(step) {
  const ask = asks[step];
  if (ask.writing) ask.stop();
  else if (ask.figure === null) ask.ask();
  else ask.again();
}

function watch(step) {
  const ask = asks[step];
  const section = sectionOf(step);
  section.querySelector("[data-ask]").addEventListener("click", () => press(step));
  section.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && ask.stop());
  section.querySelector("[data-guess]")?.addEventListener("change", ({ target }) => {
    ask.store.update({ guess: /** @type {HTMLInputElement} */ (target).value });
  });
  let told = null;
  ask.store.watch(() => {
    show(step);
    const { figure } = ask;
    if (told?.state === "writing" && figure?.state === "done") announce(sentenceOf(figure));
    if (told?.state === "writing" && figure?.state === "stopped") announce(stateSentence(ask, figure));
    told = figure;
  });
  ask.run.addEventListener("change", () => show(step));
  models.addEventListener("change", () => show(step));
}

/** The reader's own question: its prompt, its rule, its temperature, on the stage and in the drawer. */
function watchOwn() {
  const ask = asks.own;
  const stage = sectionOf("own");
  const drawer = document.getElementById("own-settings");
  /** @type {HTMLTextAreaElement} */
  const asked = stage.querySelector("[data-setting=prompt]");
  /** @type {HTMLInputElement} */
  const cold = stage.querySelector("[data-cold]");
  const current = () => ask.store.state.request;
  const changed = (request, typed) =>
    ask.change(typed ? { request: { ...request, max_tokens: OWN_TOKENS }, preset: null } : { request });
  for (const place of [stage, drawer]) watchSettings(place, current, changed);
  cold.addEventListener("change", () => changed({ ...current(), temperature: cold.checked ? 0 : WARM }, false));
  stage.addEventListener("click", ({ target }) => {
    /** @type {HTMLElement} */
    const button = /** @type {Element} */ (target).closest("[data-example]");
    if (!button) return;
    const { id, request } = exampleOf(button.dataset.example);
    ask.change({ request, preset: id });
  });
  ask.store.watch(({ request, preset }) => {
    for (const place of [stage, drawer]) showSettings(place, request);
    cold.checked = request.temperature === 0;
    asked.lang = languageOf(request.prompt);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (stage.querySelectorAll("[data-example]")))
      button.setAttribute("aria-pressed", String(button.dataset.example === storyOf(preset)));
  });
}

/** Why the first two steps differ, as two small pictures of what was asked there. */
function showWhy() {
  /** @type {HTMLElement} */
  const place = document.querySelector("[data-why]");
  const look = () => {
    const asked = ["invented", "real"].map((step) => asks[step].figure).filter((figure) => figure?.state === "done");
    render(
      html`${asked.map(({ request, tries, keys }) => {
        const { groups } = agreementOf(tries);
        return html`<div class="why-figure"><p lang=${languageOf(request.prompt)}>${request.prompt} …</p>
          <tries-grid class="is-small" only label=${request.prompt} .tries=${tries} .keys=${keys}></tries-grid>
          <p><b class="number">${formatNumber(groups.length)}</b>
            ${t("different answers", { n: groups.length })}</p></div>`;
      })}`,
      place,
    );
  };
  for (const step of ["invented", "real"]) asks[step].store.watch(look);
}

/** What is kept of the three: for a link only what is on the stage. */
export function take({ link }) {
  const kept = (ask) => {
    const { request, preset, guess } = ask.store.state;
    const shown = (figures) => figures.filter((figure) => figure.request === ask.figure?.request);
    return { request, preset, guess, figures: (link ? shown(ask.kept) : ask.kept).map(packFigure) };
  };
  return Object.fromEntries(Object.entries(asks).map(([step, ask]) => [step, kept(ask)]));
}

/** Put back what was kept; asks nothing. `linked` where a link brought it. */
export function open(state, linked) {
  for (const [step, ask] of Object.entries(asks)) {
    const first = firstOf(step);
    const kept = state[step] ?? first;
    const request = settingsOf(kept.request, first.request);
    const figures = (Array.isArray(kept.figures) ? kept.figures : [])
      .map((one) => orNothing(() => unpackFigure(one, settingsOf(one.request, first.request), linked)))
      .filter((one) => one !== null);
    const preset = presets.has(kept.preset) ? kept.preset : null;
    const guess = typeof kept.guess === "string" ? kept.guess : null;
    const unasked = figures.length === 0 && isExample(request, EXAMPLES[step]);
    ask.change({ ...(unasked ? first : { request, preset }), figures, guess });
    /** @type {HTMLInputElement} */
    const radio = sectionOf(step).querySelector(`[name=guess-of-tries][value="${CSS.escape(guess ?? "")}"]`);
    if (radio) radio.checked = true;
  }
}

export function reset() {
  for (const [step, ask] of Object.entries(asks)) {
    ask.change({ ...firstOf(step), figures: [], guess: null });
    sectionOf(step).querySelector("form")?.reset();
  }
}

export function begin() {
  for (const step of Object.keys(asks)) watch(step);
  watchOwn();
  showWhy();
}
