/** What a few-shot experiment told, part by part, and the curves drawn from it. Pure. */

/** @import * as contract from "contract" */

import { msg, t } from "../../js/base/i18n.js";

/** The lines of the figure, in the order of the legend. */
export const LINES = [
  { line: "true", name: msg("true examples"), style: "main" },
  { line: "shuffled", name: msg("shuffled labels"), style: "control" },
  { line: "format", name: msg("broken format"), style: "control-2" },
  { line: "random", name: msg("random strings"), style: "control-3" },
  { line: "order", name: msg("other order"), style: "surprise" },
];

export const NOTHING = Object.freeze({ questions: null, examples: {}, onePass: {}, points: {} });

/**
 * The result with one more part. Parts of another kind leave it as it is.
 *
 * @param {any} result
 * @param {contract.few_shot.News} news
 */
export function withPart(result, ...[kind, part]) {
  if (kind === "questions") return { ...result, questions: part };
  if (kind === "examples") return { ...result, examples: { ...result.examples, [part.line]: part } };
  if (kind === "one_pass") return { ...result, onePass: { ...result.onePass, [part.line]: part } };
  if (kind !== "point") return result;
  const line = { ...result.points[part.line], [part.shots]: part };
  return { ...result, points: { ...result.points, [part.line]: line } };
}

/** A measured result: all its parts. */
export function resultOf(parts) {
  return parts.reduce((result, part) => withPart(result, part.kind, part), NOTHING);
}

/** The parts again, for a link. */
export function partsOf({ questions, examples, onePass, points }) {
  const curves = Object.values(points).flatMap((line) => Object.values(line));
  return [questions, ...Object.values(examples), ...Object.values(onePass), ...curves].filter((part) => part !== null);
}

/** @returns {contract.few_shot.Point | null} */
export function pointAt(result, line, shots) {
  return result.points[line]?.[shots] ?? null;
}

/** The prompt that the server made for a question: its own texts, joined. Null before it told. */
export function promptAt(result, line, shots, query) {
  const { examples, questions } = result;
  const prompt = questions?.prompts[query];
  if (prompt === undefined || !examples[line]) return null;
  const dropped = pointAt(result, line, shots)?.dropped ?? 0;
  return examples[line].texts.slice(dropped, shots).join("") + prompt;
}

/** p of the right answer, mean over the questions, or log p. */
export function heldOutSeries(result, measure, nameOf) {
  return seriesOf(nameOf, (line) =>
    Object.values(result.points[line] ?? {}).map((point) => ({ x: point.shots, y: point[measure] })),
  );
}

/** The same of each row's own answer after the rows before it. */
export function onePassSeries(result, measure, nameOf) {
  return seriesOf(nameOf, (line) => {
    const { logprobs = [], dropped = 0 } = result.onePass[line] ?? {};
    return logprobs.map((logprob, i) => ({ x: dropped + i, y: measure === "logprob" ? logprob : Math.exp(logprob) }));
  });
}

const MOSTLY_RIGHT = 4; // of the five questions

/** The page's question answered by a result: `{answer, measured}`, the answer one of its options. */
export function predictionOf({ points }) {
  const line = Object.values(points.true).sort((one, other) => one.shots - other.shots);
  const [none, last] = [line[0], line.at(-1)];
  const enough = line.find(({ right }) => right >= MOSTLY_RIGHT);
  const values = { none: none.right, all: last.shots, last: last.right, n: last.answers.length };
  if (!enough || enough === none) {
    const measured = t("Here, with no example: {none} of {n} right. With {all}: {last} of {n}.", values);
    return { answer: enough ? "0" : "never", measured };
  }
  const measured = t(
    "Here, with no example: {none} of {n} right. With {shots}: {right} of {n}. With {all}: {last} of {n}.",
    { ...values, shots: enough.shots, right: enough.right },
  );
  return { answer: enough.shots <= 2 ? "2" : "5", measured };
}

function seriesOf(nameOf, pointsOf) {
  return LINES.map(({ line, name, style }) => ({ name: nameOf(name), style, points: pointsOf(line) })).filter(
    ({ points }) => points.length > 0,
  );
}
