/** How the drawer of the few-shot page looks for a state: every line, every number, the exact prompt. */

import { formatCount, formatLogprob, formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { resultNow, shotsAt, stopsOf } from "./boards.js";
import { LINES, heldOutSeries, onePassSeries, pointAt, promptAt } from "./result.js";
import { failureOf, showRun } from "./show.js";
import { fullQueries, fullRows, promptText } from "./task.js";

export const drawer = document.getElementById("details");
const find = (selector) => drawer.querySelector(selector);
/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => drawer.querySelectorAll(selector);

const number = (value, measure) => (measure === "logprob" ? formatLogprob(value) : formatProbability(value));

/** The exact text the model gets: the server's own where it told, otherwise what would be sent. */
export function promptNow(board) {
  const shots = shotsAt(board);
  const [given = ""] = fullQueries(board.task)[board.query] ?? [];
  return promptAt(resultNow(board), board.line, shots, board.query) ?? promptText(board.task, shots, given);
}

/** Before the guess the drawer keeps the answer to itself. */
export function veil(covers) {
  find("[data-veil]").hidden = !covers;
  find("[data-numbers]").hidden = covers;
}

/** Runs the task that the step on the stage is about. */
export const runHere = find("#few-run-here");

/** @param {{ board: any, run: any, view: string, measure: string, tokens: any, bos: boolean }} state */
export function showDetails({ board, run, view, measure, tokens, bos }) {
  showRun(runHere, board, run);
  showCurve(board, view, measure);
  showNumbers(board);
  showAnswers(board);
  showPrompt(board, tokens, bos);
  const dropped = Math.max(0, ...Object.values(resultNow(board).points.true ?? {}).map((point) => point.dropped));
  const notice = find("[data-notice]");
  notice.hidden = dropped === 0;
  notice.textContent =
    dropped === 0 ? "" : t("The window has no room for all rows: the oldest {n} were dropped.", { n: dropped });
}

function showCurve(board, view, measure) {
  for (const button of all("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  for (const button of all("[data-measure]"))
    button.setAttribute("aria-pressed", String(button.dataset.measure === measure));
  const series = (view === "rows" ? onePassSeries : heldOutSeries)(resultNow(board), measure, t);
  Object.assign(find("#few-curve"), {
    series,
    xLabel: t("examples shown"),
    yLabel: measure === "logprob" ? t("log p of the right answer (nats)") : t("probability of the right answer"),
    yFormat: (value) => number(value, measure),
    xFormat: (value) => formatCount(value),
    yDomain: measure === "logprob" ? null : [0, 1],
    xDomain: [0, Math.max(1, fullRows(board.task).length)],
    at: shotsAt(board),
    pickable: true,
    label: t("Probability of the right answer by the number of examples, for true examples and for each control"),
  });
  find("[data-view-note]").textContent =
    view === "rows"
      ? t(
          "One pass over the whole prompt: each row's own answer, given only the rows before it. A control's answers are its own, wrong ones.",
        )
      : t("Mean over the test questions. At 0 all lines meet: the prompt is the same.");
}

function showNumbers(board) {
  const result = resultNow(board);
  const now = pointAt(result, board.line, shotsAt(board));
  const before = pointAt(result, board.line, 0);
  find("[data-big]").textContent = now ? formatProbability(now.probability) : "–";
  find("[data-big-label]").textContent = now
    ? t("probability of the right answer, mean of {n} questions", { n: now.answers.length })
    : "";
  find("[data-change]").textContent = now && before ? changeOf(before, now) : "";
  find("[data-honest]").textContent = failureOf(pointAt(result, "true", stopsOf(board).at(-1)));
}

/** How many times as likely the right answers became: the geometric mean over the questions. */
function changeOf(before, now) {
  const values = { before: formatProbability(before.probability), right: now.right, n: now.answers.length };
  if (now.shots === 0) return t("without an example · {right} of {n} right", values);
  const nats = now.logprob - before.logprob;
  const times = formatCount(Number(Math.exp(Math.abs(nats)).toPrecision(1)));
  return nats < 0
    ? t("{before} with no example · about {times} times less likely now · {right} of {n} right", { ...values, times })
    : t("{before} with no example · about {times} times more likely now · {right} of {n} right", { ...values, times });
}

function showAnswers(board) {
  const result = resultNow(board);
  const point = pointAt(result, board.line, shotsAt(board));
  const answers = find("few-shot-answers");
  answers.selected = board.query;
  answers.rows = fullQueries(board.task).map(([given, expected], index) => {
    const found = point?.answers[index] ?? null;
    return {
      question: given,
      expected,
      probability: found && Math.exp(found.logprob),
      share: found?.share ?? null,
      greedy: found?.greedy ?? null,
      right: found?.right ?? false,
    };
  });
  const select = find("[data-line]");
  const available = LINES.filter(({ line }) => line === "true" || result.points[line]);
  if (select.options.length !== available.length) {
    select.replaceChildren(
      ...available.map(({ line: value, name }) =>
        Object.assign(document.createElement("option"), { value, textContent: t(name) }),
      ),
    );
  }
  select.value = board.line;
}

function showPrompt(board, tokens, bos) {
  const prompt = promptNow(board);
  const known = tokens?.of === prompt ? tokens.list : null;
  find("[data-prompt]").textContent = prompt;
  const strip = find("#few-tokens");
  strip.label = t("Tokens of the prompt");
  strip.tokens = known ?? [];
  find("[data-tokens]").textContent =
    known === null ? t("… its tokens are on their way.") : countSentence(known.length, bos);
  const result = resultNow(board);
  const found = pointAt(result, board.line, shotsAt(board))?.answers[board.query];
  const pieces = found ? result.questions.answer_tokens[board.query] : [];
  find("[data-answer-tokens]").replaceChildren(...(found ? [answerTokens(pieces, found)] : []));
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
      Object.assign(document.createElement("code"), { textContent: text(bytes), lang: "" }),
      ` ${formatProbability(Math.exp(logprobs[index]))}`,
    );
    list.append(index > 0 ? " × " : "", chip);
  });
  list.append(` = ${formatProbability(Math.exp(logprob))}`);
  return list;
}
