/**
 * A few-shot task as it is written on the page, and the exact text the model gets for it: the twin of
 * app/pages/few_shot/prompt.py. Pure.
 */

/** @import * as contract from "contract" */

import { t } from "../../js/base/i18n.js";

export const MOST_ROWS = 32;
export const MOST_QUERIES = 8;
export const LONGEST = 200; // characters of an input or an output
export const LONGEST_AFFIX = 100;
const MANY_SHOTS = [0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32];
const DENSE = 10; // up to so many rows every number of examples is tried

const AFFIXES = ["input_prefix", "separator", "output_prefix", "row_separator"];
const USUAL = { input_prefix: "", separator: ": ", output_prefix: "", row_separator: "\n", options: [], seed: 3 };

/** The task of a preset's request. */
export function taskOf(request) {
  return { ...USUAL, ...request };
}

/** Nothing yet: two rows to fill and a question. */
export function emptyTask() {
  return {
    ...USUAL,
    rows: [
      ["", ""],
      ["", ""],
    ],
    queries: [["", ""]],
    controls: ["shuffled", "format", "random"],
  };
}

const CONTROLS = ["shuffled", "format", "random", "order"];

/** A task out of a link, which anyone may have written: only what is of the right shape is taken. */
export function sharedTask(shared) {
  const task = emptyTask();
  const text = (value) => typeof value === "string";
  const pairs = (value, most) =>
    (Array.isArray(value)
      ? value.filter((row) => Array.isArray(row) && row.length === 2 && row.every(text))
      : []
    ).slice(0, most);
  const cut = (value) => value.slice(0, LONGEST);
  for (const name of AFFIXES) if (text(shared?.[name])) task[name] = shared[name].slice(0, LONGEST_AFFIX);
  const rows = pairs(shared?.rows, MOST_ROWS).map((row) => row.map(cut));
  const queries = pairs(shared?.queries, MOST_QUERIES).map((row) => row.map(cut));
  if (Array.isArray(shared?.options)) task.options = shared.options.filter(text).map(cut).slice(0, 8);
  if (Array.isArray(shared?.controls)) task.controls = CONTROLS.filter((control) => shared.controls.includes(control));
  if (Number.isSafeInteger(shared?.seed) && shared.seed >= 0) task.seed = shared.seed;
  const found = {
    ...task,
    rows: rows.length > 0 ? rows : task.rows,
    queries: queries.length > 0 ? queries : task.queries,
  };
  return risesTo(fullRows(found).length, shared?.shots) ? { ...found, shots: shared.shots } : found;
}

/** Whether these are numbers of examples that end with all of them. */
function risesTo(all, shots) {
  if (!Array.isArray(shots) || !shots.every(Number.isSafeInteger)) return false;
  return shots[0] === 0 && shots.at(-1) === all && shots.every((n, i) => i === 0 || n > shots[i - 1]);
}

const complete = ([given, output]) => given !== "" && output !== "";
const between = (task) => task.separator + task.output_prefix;
const withoutSpaces = (text) => text.replace(/ +$/, "");

/** The rows with both halves filled in: the only ones the model gets. */
export function fullRows(task) {
  return task.rows.filter(complete);
}

/** The questions that can be asked. */
export function fullQueries(task) {
  return task.queries.filter(complete);
}

/** A row up to where its answer begins. Spaces before an answer belong to the answer. */
export function question(task, given) {
  return task.input_prefix + given + withoutSpaces(between(task));
}

/** An output with the spaces that belong to it. */
export function answer(task, output) {
  return between(task).slice(withoutSpaces(between(task)).length) + output;
}

/** The exact prompt: `shots` rows and the question. */
export function promptText(task, shots, given) {
  const rows = fullRows(task).slice(0, shots);
  return (
    rows.map(([input, output]) => question(task, input) + answer(task, output) + task.row_separator).join("") +
    question(task, given)
  );
}

/** How many examples are tried: none, one ... all. */
export function shotsOf(task) {
  const rows = fullRows(task).length;
  if (task.shots?.length && task.shots.at(-1) === rows) return task.shots;
  if (rows <= DENSE) return Array.from({ length: rows + 1 }, (_, shots) => shots);
  return [...MANY_SHOTS.filter((shots) => shots < rows), rows];
}

/**
 * The body of `POST /api/experiments/few-shot`.
 *
 * @returns {contract.FewShotRequest}
 */
export function requestOf(task) {
  const { controls, options, seed } = task;
  const affixes = Object.fromEntries(AFFIXES.map((name) => [name, task[name]]));
  const rows = fullRows(task);
  return {
    rows,
    queries: fullQueries(task),
    ...affixes,
    shots: shotsOf(task),
    controls: rows.length > 0 ? controls : [],
    options,
    seed,
  };
}

/** What is missing before the task can run, as a sentence, or null. */
export function problemOf(task) {
  if (fullRows(task).length === 0) return t("Write at least one example: an input and its output.");
  if (fullQueries(task).length === 0) return t("Write at least one question and its right answer.");
  if (task.row_separator === "") return t("Something must stand between two rows.");
  return null;
}

/** Separators on screen: a line break is written \n, and read back. */
export function shownAffix(text) {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

export function readAffix(shown) {
  return shown.replace(/\\(\\|n|t)/g, (_, mark) => ({ "\\": "\\", n: "\n", t: "\t" })[mark]);
}
