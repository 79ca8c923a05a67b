/** What a few-shot experiment told, part by part, and the curves drawn from it. Pure. */

/** @import * as contract from "contract" */

import { msg, t } from "../../js/base/i18n.js";

/** The lines of the figure, in the order of the legend. */
export const LINES = [
  { line: "true", name: msg("true examples"), style: "main" },
  { line: "shuffled", name: msg("shuffled answers"), style: "control" },
  { line: "format", name: msg("broken format"), style: "control-2" },
  { line: "random", name: msg("random strings"), style: "control-3" },
  { line: "order", name: msg("other order"), style: "control-4" },
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

/** The points of a line in the order of their examples: [{shots, right, answers, ...}]. */
export function pointsOf(result, line) {
  return Object.values(result.points[line] ?? {}).sort((one, other) => one.shots - other.shots);
}

/** The fewest examples after which four of five questions come out right, or null. */
export function enoughOf(result, line) {
  const enough = pointsOf(result, line).find(({ right, answers }) => right >= 0.8 * answers.length);
  return enough?.shots ?? null;
}

/** What a guess is held against: `{answer, measured}`, the answer one of the options; null before it is known. */
export function predictionOf(result) {
  const points = pointsOf(result, "true");
  if (points.length < 2) return null;
  const [none, last] = [points[0], points.at(-1)];
  const shots = enoughOf(result, "true");
  const reached = points.find((point) => point.shots === shots) ?? last;
  const values = { none: none.right, n: last.answers.length, shots: reached.shots, right: reached.right };
  const measured =
    shots === 0
      ? t("With no example: {none} of {n} right.", values)
      : t("With no example: {none} of {n} right. With {shots}: {right} of {n}.", values);
  const answer = ["0", "2", "6"].find((most) => shots !== null && shots <= Number(most)) ?? "more";
  return { answer, measured };
}

/** What follows from a line whose examples are broken, beside the true one; "" where that one never gets there. */
export function conclusionOf(result, line) {
  const whole = enoughOf(result, "true");
  const broken = enoughOf(result, line);
  const shots = pointsOf(result, "true").length;
  if (whole === null || shots === 0 || pointsOf(result, line).length < shots) return "";
  const values = { whole, broken };
  if (line === "shuffled") {
    if (broken === null) {
      return t(
        "Every example is now wrong, and no number of them is enough. Here the answer is made out of the question, and only right examples show how.",
      );
    }
    return broken > whole + 1
      ? t("Every example is now wrong: it needs {broken} of them instead of {whole}.", values)
      : t(
          "Every example is now wrong, and {broken} of them are still enough. They do not teach it the answers; they show what kind of list this is.",
          values,
        );
  }
  if (broken === null) {
    return t(
      "The answers are right, but every row looks different, and no number of rows is enough: there is no pattern to carry on.",
    );
  }
  return broken > whole + 1
    ? t(
        "The answers are right, but every row looks different: it needs {broken} of them instead of {whole}. It carries on a pattern, so the pattern counts.",
        values,
      )
    : t("Every row looks different, and {broken} of them are still enough: the answers show the pattern.", values);
}

/**
 * The parts of a result as a link holds them: of a point only what the rest does not follow from.
 * A point is [line, shots, dropped, [[greedy, right, prompt tokens, share, log p of each token], ...]].
 */
export function packed(result) {
  return partsOf(result).map((part) =>
    part.kind === "point"
      ? [
          part.line,
          part.shots,
          part.dropped,
          part.answers.map((answer) => [
            answer.greedy,
            Number(answer.right),
            answer.prompt_tokens,
            answer.share,
            answer.token_logprobs,
          ]),
        ]
      : part,
  );
}

/** A result out of a link, which anyone may have written. Throws a TypeError where it is none. */
export function unpacked(parts) {
  return resultOf(parts.map((part) => (Array.isArray(part) ? pointFrom(/** @type {any} */ (part)) : whole(part))));
}

function pointFrom([line, shots, dropped, packedAnswers]) {
  const answers = packedAnswers.map(([greedy, right, prompt_tokens, share, token_logprobs]) => {
    check(typeof greedy === "string" && [...token_logprobs, prompt_tokens, share ?? 0].every(Number.isFinite));
    return { greedy, right: right === 1, prompt_tokens, share, token_logprobs, logprob: sum(token_logprobs) };
  });
  check(LINES.some((one) => one.line === line) && [shots, dropped].every(Number.isSafeInteger) && answers.length > 0);
  return {
    kind: "point",
    line,
    shots,
    dropped,
    answers,
    logprob: sum(answers.map(({ logprob }) => logprob)) / answers.length,
    probability: sum(answers.map(({ logprob }) => Math.exp(logprob))) / answers.length,
    right: answers.filter(({ right }) => right).length,
  };
}

function whole(part) {
  const texts = (list) => Array.isArray(list) && list.every((text) => typeof text === "string");
  if (part.kind === "questions") {
    check(texts(part.prompts) && texts(part.answers) && part.answer_tokens.length === part.prompts.length);
    check(part.answer_tokens.flat().every(({ bytes }) => /^([0-9a-f]{2})*$/.test(bytes)));
  } else if (part.kind === "examples") {
    check(texts(part.texts) && part.rows.length === part.texts.length && part.rows.every(texts));
  } else check(part.kind === "one_pass" && part.logprobs.every(Number.isFinite));
  return part;
}

function check(holds) {
  if (!holds) throw new TypeError("not the parts of a result");
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function seriesOf(nameOf, pointsOf) {
  return LINES.map(({ line, name, style }) => ({ name: nameOf(name), style, points: pointsOf(line) })).filter(
    ({ points }) => points.length > 0,
  );
}
