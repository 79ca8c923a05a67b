/** How the stage of the few-shot page looks for a state: everything it writes into its elements. */

import { formatDay } from "../../js/base/dates.js";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { isStale, linesOf, resultNow, shotsAt, stopsOf } from "./boards.js";
import { conclusionOf, enoughOf, pointAt, predictionOf } from "./result.js";
import {
  LONGEST,
  MOST_QUERIES,
  MOST_ROWS,
  answer,
  fullQueries,
  fullRows,
  problemOf,
  question,
  shownAffix,
} from "./task.js";

const stage = /** @type {HTMLElement} */ (document.querySelector(".few"));
const find = (selector) => stage.querySelector(selector);

export const elements = {
  stage,
  document: find("few-document"),
  guess: /** @type {HTMLFormElement} */ (find(".few-guess")),
  task: find("[data-task]"),
  rows: find("#few-rows"),
  queries: find("#few-queries"),
  slider: find("#few-shots"),
  chart: find("#few-chart"),
  run: find("#few-run"),
  options: find("[data-options]"),
  affixes: [.../** @type {NodeListOf<HTMLInputElement>} */ (stage.querySelectorAll("[data-affix]"))],
  breaks: [.../** @type {NodeListOf<HTMLButtonElement>} */ (stage.querySelectorAll("[data-break]"))],
};

/** The option that is ticked on the form, or null. */
export function chosen() {
  return /** @type {HTMLInputElement | null} */ (elements.guess.querySelector(":checked"))?.value ?? null;
}

const names = () => [t("input"), t("output")];

/** What the model read and wrote: the board's rows on the line that is looked at, and each question. */
export function documentOf(board, { hidden, running }) {
  const { task, line } = board;
  const shots = shotsAt(board);
  const result = resultNow(board);
  const told = result.examples[line];
  const dropped = pointAt(result, line, shots)?.dropped ?? 0;
  const rows = told
    ? told.texts.slice(dropped, shots).map((text, i) => parted(text, told.rows[dropped + i], task))
    : fullRows(task)
        .slice(0, shots)
        .map((row) => parted(question(task, row[0]) + answer(task, row[1]), row, task));
  const answers = hidden ? null : pointAt(result, line, shots)?.answers;
  const questions = fullQueries(task).map(([given], index) => ({
    text: question(task, given),
    written: answers?.[index]?.greedy ?? null,
    right: answers?.[index]?.right ?? false,
  }));
  return { rows, questions, marked: { shuffled: 2, format: 1 }[line] ?? null, waiting: running };
}

/** A row in three: up to its input, what stands between, its output. What parts it from the next is not shown. */
function parted(text, [given, output], { row_separator: end }) {
  const row = text.endsWith(end) ? text.slice(0, -end.length) : text;
  const [middle, last] = [row.indexOf(given) + given.length, row.length - output.length];
  return [row.slice(0, middle), row.slice(middle, last), row.slice(last)];
}

/**
 * @param {{ board: any, told: any, titles: string[], step: string, guess: string | null, revealed: boolean,
 *   twin: string, run: any }} view `told` is the story's board, `titles` are those of the two tasks that are broken
 */
export function showStage({ board, told, titles, step, guess, revealed, twin, run }) {
  const running = run.state === "running";
  const hidden = step === "guess" && !revealed;
  Object.assign(elements.document, documentOf(board, { hidden, running }));
  showGuess(told, guess);
  showChart(board, step);
  showWords({ board, step, guess, revealed, running });
  find("[data-source]").textContent = sourceOf(board, run);
  const twins = /** @type {NodeListOf<HTMLInputElement>} */ (stage.querySelectorAll("[name=twin]"));
  twins.forEach((radio, index) => {
    radio.checked = radio.value === twin;
    radio.nextElementSibling.textContent = titles[index];
  });
}

/** A bar that runs a board, and says where its numbers come from. */
export function showRun(bar, board, run) {
  const measurement = resultNow(board).questions === null ? null : board.source;
  Object.assign(bar, { disabled: problemOf(board.task) !== null, stale: isStale(board), measurement });
  if (bar.run !== run) bar.run = run;
}

function sourceOf({ source }, run) {
  if (run.state === "running") return t("Computing with {model}", { model: run.model ?? "" });
  if (source === null) return t("Not computed yet.");
  return t("Measured on {model}, {day}.", { model: source.model, day: formatDay(source.measured_on) });
}

function showGuess({ task }, guess) {
  const queries = fullQueries(task);
  const [given, output] = queries[0];
  find("[data-question]").textContent = t(
    "The model reads “{given}” and should write “{answer}”. How many examples does it need before it gets {most} of {n} such words right?",
    { given: question(task, given), answer: output, most: Math.ceil(0.8 * queries.length), n: queries.length },
  );
  for (const radio of elements.guess.querySelectorAll("input")) radio.checked = radio.value === guess;
  elements.guess.querySelector("button").disabled = guess === null;
}

function showChart(board, step) {
  const { chart, slider } = elements;
  const stops = stopsOf(board);
  const n = fullQueries(board.task).length;
  const lines = linesOf(board);
  const shots = shotsAt(board);
  const now = pointAt(resultNow(board), board.line, shots);
  const count = now ? t("{right} of {n} right", { right: now.right, n }) : "";
  slider.max = String(Math.max(1, stops.length - 1));
  slider.disabled = stops.length < 2;
  slider.value = String(Math.min(board.stop, stops.length - 1));
  slider.setAttribute("aria-valuetext", [t("{n} examples", { n: shots }), count].filter(Boolean).join(", "));
  find("[data-shots]").textContent = formatCount(shots);
  find("[data-score]").textContent = count;
  Object.assign(chart, {
    places: stops.map(formatCount),
    lines: lines.map(({ style, rights }) => ({ style, values: rights })),
    ticks: Array.from({ length: Math.max(1, n) + 1 }, (_, right) => right),
    at: Math.min(board.stop, stops.length - 1),
    label: t("Right answers by the number of examples: {lines}", { lines: lines.map(spokenLine).join("; ") }),
  });
  for (const button of elements.breaks) {
    const { break: line } = button.dataset;
    button.setAttribute("aria-pressed", String(board.drawn[line] !== undefined));
    button.disabled = resultNow(board).examples[line] === undefined;
  }
  stage.dataset.step = step;
}

const spokenLine = ({ name, rights }) => `${t(name)}: ${rights.map(formatCount).join(", ") || "–"}`;

/** One sentence under the chart: what the guess came to, what follows, or what is missing. */
function showWords({ board, step, guess, revealed, running }) {
  const said = find("[data-said]");
  said.textContent = sentenceFor({ board, step, guess, revealed, running });
}

function sentenceFor({ board, step, guess, revealed, running }) {
  const result = resultNow(board);
  if (running) return "";
  if (step === "own") return problemOf(board.task) ?? ownSentence(board, result);
  if (step === "surprise") {
    const drawn = board.line !== "true" && board.drawn[board.line] === stopsOf(board).at(-1);
    return drawn
      ? conclusionOf(result, board.line)
      : t("The true examples are drawn. Change one thing about them: what do you expect?");
  }
  const prediction = predictionOf(result);
  const reached = board.drawn.true ?? 0;
  if (prediction === null || reached < (enoughOf(result, "true") ?? stopsOf(board).at(-1))) {
    return t("Drag the slider: one example more, and one more.");
  }
  if (!revealed || guess === null) return prediction.measured;
  const label = elements.guess.querySelector(`[value="${guess}"]`).closest("label").textContent.trim();
  const values = { guess: label, measured: prediction.measured };
  return guess === prediction.answer
    ? t("You said “{guess}”, and so it is. {measured}", values)
    : t("You said “{guess}”. {measured}", values);
}

/** What came of the reader's own task: what breaking it did, or that this model cannot do it. */
function ownSentence(board, result) {
  if (board.line !== "true" && board.drawn[board.line] === stopsOf(board).at(-1))
    return conclusionOf(result, board.line);
  const last = pointAt(result, "true", stopsOf(board).at(-1));
  if (last === null) return "";
  return failureOf(last) || predictionOf(result)?.measured || "";
}

/** A task that this model cannot do is called that. */
export function failureOf(last) {
  if (last === null || last.shots === 0 || last.right * 4 > last.answers.length) return "";
  const { shots, right, answers } = last;
  return t("This model cannot do it: after {shots} examples {right} of {n} right.", {
    shots,
    right,
    n: answers.length,
  });
}

/** The reader's own rows, in their fields, and what runs them. */
export function showEditor(board, run) {
  showRun(elements.run, board, run);
  const { task, preset } = board;
  const shared = { names: names(), longest: LONGEST };
  const { rows, queries, affixes, options } = elements;
  elements.task.value = preset ?? "";
  Object.assign(rows, shared, {
    rows: task.rows,
    label: t("Examples"),
    add: t("Add an example"),
    most: MOST_ROWS,
    shown: shownRows(task, shotsAt(board)),
  });
  Object.assign(queries, shared, {
    rows: task.queries,
    label: t("Questions"),
    add: t("Add a question"),
    most: MOST_QUERIES,
    least: 1,
    verdicts: verdictsOf(board),
  });
  for (const field of affixes) {
    if (field !== document.activeElement) field.value = shownAffix(task[field.dataset.affix]);
  }
  if (options !== document.activeElement) options.value = task.options.join(", ");
  const [given, output] = fullRows(task)[0] ?? [t("input"), t("output")];
  find("[data-shape]").replaceChildren(...marked([question(task, given), answer(task, output) + task.row_separator]));
}

/** What the model wrote for each question in its field: null where it has not, or the question is not complete. */
function verdictsOf(board) {
  const { task, line } = board;
  const answers = pointAt(resultNow(board), line, shotsAt(board))?.answers ?? [];
  let asked = 0;
  return task.queries.map(([given, output]) => (given !== "" && output !== "" ? (answers[asked++] ?? null) : null));
}

/** Rows beyond this one are not in the prompt; half-filled rows never are. */
function shownRows(task, shots) {
  let left = shots;
  const end = task.rows.findIndex(([given, output]) => given !== "" && output !== "" && left-- === 0);
  return end < 0 ? task.rows.length : end;
}

function marked([before, after]) {
  const visible = (text) => text.replaceAll(" ", "·").replaceAll("\n", "↵");
  return [
    Object.assign(document.createElement("span"), { textContent: visible(before) }),
    Object.assign(document.createElement("b"), { textContent: visible(after) }),
  ];
}
