/** How the few-shot page looks for a state: everything the page writes into its elements. */

import { formatCount, formatLogprob, formatNumber, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { LINES, NOTHING, heldOutSeries, onePassSeries, pointAt } from "./result.js";
import {
  LONGEST,
  MOST_QUERIES,
  MOST_ROWS,
  answer,
  fullQueries,
  fullRows,
  problemOf,
  question,
  shotsOf,
  shownAffix,
} from "./task.js";

export const main = document.getElementById("main");
const find = (selector) => main.querySelector(selector);
/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => main.querySelectorAll(selector);

export const elements = {
  rows: find("#few-rows"),
  queries: find("#few-queries"),
  slider: find("#few-shots"),
  curve: find("#few-curve"),
  run: find("#few-run"),
  answers: find("few-shot-answers"),
  strip: find("#few-tokens"),
  line: find("[data-line]"),
  options: find("[data-options]"),
  affixes: [.../** @type {NodeListOf<HTMLInputElement>} */ (main.querySelectorAll("[data-affix]"))],
};

const names = () => [t("input"), t("output")];
const number = (value, measure) => (measure === "logprob" ? formatLogprob(value) : formatProbability(value));

/** The numbers of examples that the slider stops at. */
export function stopsOf(state) {
  return shotsOf(state.task);
}

/** The number of examples that the slider stands on. */
export function shotsAt(state) {
  const stops = stopsOf(state);
  return stops[Math.min(state.stop, stops.length - 1)];
}

export function show(state) {
  const { task, result } = state;
  const shots = shotsAt(state);
  showTask(state, shots);
  showSlider(state, shots);
  showCurve(state, shots);
  showNumbers(state, shots);
  showAnswers(state, shots);
  showPrompt(state, shots);
  elements.run.stale = state.stale;
  elements.run.disabled = problemOf(task) !== null;
  elements.run.measurement = state.measured;
  const dropped = Math.max(0, ...Object.values(result.points.true ?? {}).map((point) => point.dropped));
  const notice = find("[data-notice]");
  notice.hidden = dropped === 0;
  notice.textContent =
    dropped === 0 ? "" : t("The window has no room for all rows: the oldest {n} were dropped.", { n: dropped });
}

function showTask({ task, preset }, shots) {
  for (const button of all("[data-preset]")) {
    button.setAttribute("aria-pressed", String(button.dataset.preset === (preset ?? "own")));
  }
  const shared = { names: names(), longest: LONGEST };
  Object.assign(elements.rows, shared, {
    rows: task.rows,
    label: t("Examples"),
    add: t("Add an example"),
    most: MOST_ROWS,
    shown: shownRows(task, shots),
  });
  Object.assign(elements.queries, shared, {
    rows: task.queries,
    label: t("Questions"),
    add: t("Add a question"),
    most: MOST_QUERIES,
    least: 1,
  });
  for (const field of elements.affixes) {
    if (field !== document.activeElement) field.value = shownAffix(task[field.dataset.affix]);
  }
  if (elements.options !== document.activeElement) elements.options.value = task.options.join(", ");
  const [given, output] = fullRows(task)[0] ?? [t("input"), t("output")];
  find("[data-shape]").replaceChildren(...marked([question(task, given), answer(task, output) + task.row_separator]));
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

function showSlider(state, shots) {
  const { slider } = elements;
  slider.max = stopsOf(state).length - 1;
  slider.value = Math.min(state.stop, slider.max);
  slider.setAttribute("aria-valuetext", t("{n} examples", { n: shots }));
  find("[data-shots]").textContent = formatCount(shots);
}

function showCurve({ result, view, measure, task }, shots) {
  for (const button of all("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  for (const button of all("[data-measure]"))
    button.setAttribute("aria-pressed", String(button.dataset.measure === measure));
  const series = (view === "rows" ? onePassSeries : heldOutSeries)(result, measure, t);
  Object.assign(elements.curve, {
    series,
    xLabel: t("examples shown"),
    yLabel: measure === "logprob" ? t("log p of the right answer (nats)") : t("probability of the right answer"),
    yFormat: (value) => number(value, measure),
    xFormat: (value) => formatCount(value),
    yDomain: measure === "logprob" ? null : [0, 1],
    xDomain: [0, Math.max(1, fullRows(task).length)],
    at: shots,
    pickable: true,
    label: t("Probability of the right answer by the number of examples, for true examples and for each control"),
  });
  find("[data-view-note]").textContent =
    view === "rows"
      ? t(
          "One pass over the whole prompt: each row's own answer, given only the rows before it. A control's labels are its own, wrong ones.",
        )
      : t("Mean over the held-out questions. At 0 all lines meet: the prompt is the same.");
}

function showNumbers({ result: drawn, line, task, stale }, shots) {
  const result = stale ? NOTHING : drawn;
  const now = pointAt(result, line, shots);
  const before = pointAt(result, line, 0);
  const n = now ? now.answers.length : fullQueries(task).length;
  find("[data-big]").textContent = now ? formatProbability(now.probability) : "–";
  find("[data-big-label]").textContent = t("probability of the right answer, mean of {n} questions", { n });
  find("[data-change]").textContent = now && before ? changeOf(before, now, n) : "";
  const wrong = pointAt(result, "shuffled", shots);
  const right = pointAt(result, "true", shots);
  find("[data-honest]").textContent = failureOf(pointAt(result, "true", shotsOf(task).at(-1)));
  find("[data-sentence]").textContent =
    right && wrong && shots > 0
      ? t("With {shots} examples: {right} of {n} right and {p}. With shuffled labels: {wrong} of {n} right and {q}.", {
          shots,
          right: right.right,
          n,
          p: formatProbability(right.probability),
          wrong: wrong.right,
          q: formatProbability(wrong.probability),
        })
      : "";
}

/** A task that this model cannot do is called that. */
function failureOf(last) {
  if (last === null || last.shots === 0 || last.right * 4 > last.answers.length) return "";
  const { shots, right, answers, probability } = last;
  return t("This model cannot do it: after {shots} examples {right} of {n} right, {p}.", {
    shots,
    right,
    n: answers.length,
    p: formatProbability(probability),
  });
}

function changeOf(before, now, n) {
  const nats = now.logprob - before.logprob;
  const values = { before: formatProbability(before.probability), right: now.right, n };
  if (now.shots === 0) return t("without an example · {right} of {n} right", values);
  return t("{before} with no example · log p {change} nats · {right} of {n} right", {
    ...values,
    change: `${nats < 0 ? "−" : "+"}${formatNumber(Math.abs(nats), 1)}`,
  });
}

function showAnswers({ result, line, task, query, stale }, shots) {
  const point = pointAt(result, line, shots);
  const queries = fullQueries(task);
  const { answers } = elements;
  answers.selected = query;
  answers.rows = queries.map(([given, expected], index) => {
    const found = stale ? null : (point?.answers[index] ?? null);
    return {
      question: given,
      expected,
      probability: found && Math.exp(found.logprob),
      share: found?.share ?? null,
      greedy: found?.greedy ?? null,
      right: found?.right ?? false,
    };
  });
  const available = LINES.filter(({ line: one }) => one === "true" || result.points[one]);
  if (elements.line.options.length !== available.length) {
    elements.line.replaceChildren(
      ...available.map(({ line: value, name }) =>
        Object.assign(document.createElement("option"), { value, textContent: t(name) }),
      ),
    );
  }
  elements.line.value = line;
}

function showPrompt({ prompt, tokens, bos, result, line, query, stale }, shots) {
  find("[data-prompt]").textContent = prompt;
  elements.strip.label = t("Tokens of the prompt");
  if (tokens !== null) elements.strip.tokens = tokens;
  find("[data-tokens]").textContent = tokens === null ? "" : countSentence(tokens.length, bos);
  const found = stale ? null : pointAt(result, line, shots)?.answers[query];
  const place = find("[data-answer-tokens]");
  const pieces = found ? result.questions.answer_tokens[query] : [];
  place.replaceChildren(...(found ? [answerTokens(pieces, found)] : []));
}

function countSentence(n, bos) {
  return bos ? t("{n} tokens and the beginning-of-text token before them", { n }) : t("{n} tokens", { n });
}

function answerTokens(pieces, { token_logprobs: logprobs, logprob }) {
  const list = Object.assign(document.createElement("p"), { className: "few-product" });
  const decoder = new TextDecoder();
  const text = (hex) =>
    decoder.decode(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))).replaceAll(" ", "·");
  list.append(t("The right answer, token by token:"), " ");
  pieces.forEach(({ bytes }, index) => {
    const chip = Object.assign(document.createElement("span"), { className: "few-piece" });
    chip.append(
      Object.assign(document.createElement("code"), { textContent: text(bytes), lang: "en" }),
      ` ${formatProbability(Math.exp(logprobs[index]))}`,
    );
    list.append(index > 0 ? " × " : "", chip);
  });
  list.append(` = ${formatProbability(Math.exp(logprob))}`);
  return list;
}
