// Draws what is on the stage: the opening that is shown, the texts, and their scores.

import { formatChoices, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { bestOpening, greedyRun, pieces, scoreOf, textOf, writtenFrom } from "./recital.js";
import { LENGTH, LONGEST_PREFIX, newText, prefixLimit, prefixOf, requestOf } from "./state.js";

/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);
const LEAST = 8; // tokens: what follows by chance is shorter
const QUOTED = 12; // tokens: a longer opening is not said again

export const elements = {
  screen: /** @type {HTMLElement} */ (document.querySelector(".regurgitation")),
  passage: byId("passage"),
  prefix: byId("prefix"),
  prefixShown: byId("prefix-shown"),
  own: byId("own"),
  tries: /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-try]")),
  control: byId("control"),
  run: byId("run"),
  reveal: byId("reveal"),
  share: byId("share"),
  sentence: byId("sentence"),
  title: byId("main-title"),
  guess: byId("guess-text"),
  main: byId("main-recital"),
  controlText: byId("control-recital"),
};

/** Everything at once; elements redraw only what differs. `broken` is what the step that breaks a word shows. */
export function show(state, { presets, known, sourceOf, runs, broken }) {
  const request = requestOf(state, "main", presets);
  const controlRequest = requestOf(state, "control", presets);
  const main = underway(known(request), state);
  const control = known(controlRequest);
  const prefix = prefixOf(state);
  elements.screen.dataset.at = state.step;
  showInputs(state, main, presets);
  showGuess(state, known(requestOf({ ...state, step: "guess" }, "main", presets)));
  showText(
    elements.main,
    { ...main, text: request.text },
    prefix,
    isWriting(runs.main, main, prefix) || state.played !== null,
  );
  showText(
    elements.controlText,
    { ...control, text: controlRequest.swapped ? "" : controlRequest.text },
    prefix,
    isWriting(runs.control, control, prefix),
  );
  elements.main.opening = broken?.opening ?? null;
  if (broken?.pieces) Object.assign(elements.main, { pieces: broken.pieces, writing: broken.writing });
  showLanguages(state, presets, controlRequest);
  showScore("main", broken?.score === undefined ? scoreOf(main, prefix, LENGTH) : broken.score);
  showScore("control", scoreOf(control, prefix, LENGTH));
  elements.sentence.textContent = sentence(state, main, runs.main.state === "running");
  byId("why-main").textContent = unsure(main);
  byId("why-control").textContent = unsure(known({ text: newText(presets, languageOf(state, presets)).request.text }));
  elements.run.measurement = sourceOf(request);
  elements.run.disabled = request.text.trim() === "";
}

const isWriting = (run, { writing }, prefix) => run.state === "running" && writing?.prefix === prefix;
const languageOf = ({ passage }, presets) => presets.find(({ id }) => id === passage).note.lang;

/** A recital that is played as if it were written now: of what is known, so many tokens. */
function underway(record, state) {
  if (state.played === null) return record;
  const { passage, recall } = record;
  const prefix = prefixOf(state);
  return { passage, recall, writing: { prefix, bytes: writtenFrom(record, prefix).slice(0, state.played) } };
}

function showInputs(state, { passage }, presets) {
  const isGuess = state.step === "guess";
  elements.passage.value = state.passage;
  const limit = prefixLimit({ passage });
  const prefix = isGuess ? (state.guess ?? Math.floor((passage?.bytes.length ?? 2 * limit) / 2)) : prefixOf(state);
  elements.prefix.max = String(limit);
  elements.prefix.value = String(prefix);
  elements.prefixShown.textContent = passage
    ? t("{n} of {total}", { n: formatNumber(prefix), total: formatNumber(passage.bytes.length) })
    : formatNumber(prefix);
  elements.control.value = state.control;
  const changed = elements.control.querySelector("[value=changed]");
  changed.disabled = !presets.some(({ id }) => id === `${state.passage}-changed`);
  if (elements.own.value !== state.own) elements.own.value = state.own;
  elements.title.textContent = elements.passage.selectedOptions[0].textContent;
}

/** Before the guess: the text, its opening bold, and not a word of what the model makes of it. */
function showGuess({ guess }, { passage, text = "" }) {
  const limit = prefixLimit({ passage });
  const total = passage?.bytes.length ?? limit;
  const prefix = guess ?? Math.floor(total / 2);
  elements.guess.pieces = passage
    ? [
        { kind: "given", bytes: passage.bytes.slice(0, prefix) },
        { kind: "unread", bytes: passage.bytes.slice(prefix) },
      ]
    : [{ kind: "unread", bytes: [], text }];
  byId("guess-score").textContent = formatNumber(prefix);
  byId("guess-of").textContent = t("of {total} tokens", { total: formatNumber(total) });
}

function showText(element, record, prefix, writing) {
  element.pieces = pieces(record, prefix, LENGTH);
  element.writing = writing;
}

function showLanguages(state, presets, controlRequest) {
  const lang = state.step === "own" ? "" : languageOf(state, presets);
  elements.main.lang = lang;
  elements.guess.lang = languageOf(state, presets);
  elements.controlText.lang = presets.find(({ request }) => request.text === controlRequest.text)?.note.lang ?? lang;
}

function showScore(side, score) {
  byId(`${side}-score`).textContent = score ? formatNumber(score.equal) : "–";
  byId(`${side}-of`).textContent = score ? scoreWords(score) : "";
}

function scoreWords({ total, whole }) {
  const values = { total: formatNumber(total) };
  return whole ? t("of {total} tokens match", values) : t("of {total}, then it slips", values);
}

/** As unsure as a choice between so many tokens: over the second half, when it has seen which text it is. */
function unsure({ recall }) {
  return recall ? formatChoices(recall.second_half_bits) : "–";
}

function sentence(state, main, isRunning) {
  if (state.step === "own" && state.own.trim() === "") return t("Paste a text, or press one of those under the box.");
  if (!main.recall || !main.passage) return isRunning ? "" : t("Not recited yet: press Recite.");
  if (state.played !== null) return "";
  const best = bestOpening(main.recall, LONGEST_PREFIX);
  if (best.run < LEAST) return t("No opening sets it off: at most {run} tokens in a row match.", { run: best.run });
  const n = prefixOf(state);
  const run = greedyRun(main.recall.ranks, n);
  if (run === 0) return t("Shown {n} tokens, it slips at the very next one.", { n });
  if (n !== best.prefix) return t("Shown {n} tokens, it writes the next {run} without a slip.", { n, run });
  const opening = textOf(main.passage.bytes.slice(0, n)).trim();
  const guess = state.step === "control" ? state.guess : null;
  return enough({ n, run, guess, opening: n > QUOTED ? null : opening });
}

function enough({ opening, ...values }) {
  const quoted = { ...values, opening };
  if (opening === null) {
    return values.guess === null
      ? t("It takes {n} tokens. Then the next {run} follow without a slip.", values)
      : t("You said {guess}; it takes {n} tokens. Then the next {run} follow without a slip.", values);
  }
  return values.guess === null
    ? t("{n} tokens are enough. After “{opening}” the next {run} follow without a slip.", quoted)
    : t("You said {guess}; {n} tokens are enough. After “{opening}” the next {run} follow without a slip.", quoted);
}
