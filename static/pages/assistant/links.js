// What the assistant page remembers and what its links hold: everything typed, and every answer that is on the stage.
// Anyone may write a link, so what does not fit is left out. Links of older versions hold one subject and no answer.
// Pure.

import { keyOf } from "./results.js";

const isText = (most) => (value) => typeof value === "string" && value.length <= most;
const isWhole = (least, most) => (value) => Number.isSafeInteger(value) && value >= least && value <= most;
const isNumber = (least, most) => (value) => Number.isFinite(value) && value >= least && value <= most;
const isFlag = (value) => typeof value === "boolean";
const isList = (fits, most) => (value) => Array.isArray(value) && value.length <= most && value.every(fits);
const isMaybe = (fits) => (value) => value === null || fits(value);
const isShape = (fields) => (value) =>
  value !== null && typeof value === "object" && Object.entries(fields).every(([name, fits]) => fits(value[name]));

const name = isText(64);
const tokens = isList(isText(400), 200);
const SUBJECT = {
  costume: isMaybe(name),
  template: isText(4000),
  stop: name,
  dressed: isFlag,
  stopOn: isFlag,
  question: isText(2000),
  turns: isList(isShape({ question: isText(2000), answer: isText(2000) }), 24),
  n: isWhole(1, 8),
  temperature: isNumber(0, 2),
  seed: isWhole(0, Number.MAX_SAFE_INTEGER),
  roll: isWhole(0, 10_000),
  maxTokens: isWhole(1, 128),
  expected: isText(40),
};
const source = isShape({ model: isText(200), measured_on: isText(40) });
const document = {
  pieces: isList(isShape({ role: name, text: isText(4000) }), 200),
  bos: isFlag,
  before: isWhole(0, 1_000_000),
  dropped: isWhole(0, 24),
  injected: isList(name, 8),
};
const verdict = isMaybe(isFlag);
const isAnswer = isShape({
  ...document,
  key: isText(80_000),
  tokens,
  finish: isMaybe(name),
  answered: verdict,
  seed: isWhole(0, Number.MAX_SAFE_INTEGER),
  place: isMaybe(isList(isWhole(1, 8), 2)),
  source,
});
const side = isShape({
  document: isShape(document),
  tries: isList(isShape({ tokens, finish: isMaybe(name), answered: verdict }), 8),
  answered: isMaybe(isWhole(0, 8)),
});
const token = isShape({ id: isWhole(0, 10_000_000), bytes: isText(800) });
const isTries = isShape({ key: isText(90_000), source, result: isShape({ dressed: side, bare: side }) });
const isShift = isShape({
  source,
  costumes: isList(isMaybe(name), 5),
  shifts: isList(
    isShape({
      costume: isWhole(0, 4),
      index: isWhole(0, 400),
      token,
      kl_bits: Number.isFinite,
      logprob: Number.isFinite,
      bare_logprob: Number.isFinite,
      rank: isWhole(1, 10_000_000),
      bare_rank: isWhole(1, 10_000_000),
      movers: isList(isShape({ token, dressed: isNumber(0, 1), bare: isNumber(0, 1) }), 6),
    }),
    2000,
  ),
});
const isInstructed = isShape({ source, result: isShape({ instructed: side }) });

/** The fields of a subject that can be used; what is missing or out of bounds stays as it was. */
export function readSubject(read, before) {
  const usable = Object.entries(SUBJECT).filter(([field, fits]) => read !== null && fits(read?.[field]));
  const fields = Object.fromEntries(usable.map(([field]) => [field, read[field]]));
  if (fields.turns) fields.turns = fields.turns.map(({ question, answer }) => ({ question, answer }));
  return { ...before, ...fields };
}

/** `state` with only those answers that are on the stage: in the lesson with and without its costume, and one's own. */
export function shortened(state) {
  const { lesson, own } = state;
  const seen = [{ ...lesson, dressed: false }, { ...lesson, dressed: true }, own].map(keyOf);
  return { ...state, answers: state.answers.filter(({ key }) => seen.includes(key)) };
}

/**
 * What a page remembered or a link holds, read into `{lesson, own, guess, answers, tries, shift, instructed, step}`;
 * `step` where the link does not say one.
 */
export function readState(read, { lesson, own, measured }) {
  if (read?.lesson === undefined) return readOld(read, { lesson, own, measured });
  const fitting = (value, fits) => (fits(value) ? value : null);
  return {
    step: null,
    lesson: readSubject(read.lesson, lesson),
    own: readSubject(read.own, own),
    guess: fitting(read.guess, name),
    answers: (Array.isArray(read.answers) ? read.answers : []).filter(isAnswer),
    tries: fitting(read.tries, isTries),
    shift: fitting(read.shift, isShift),
    instructed: fitting(read.instructed, isInstructed),
  };
}

/** A link made before pages had steps: one subject. The measured question is the lesson's, any other is one's own. */
function readOld(read, { lesson, own, measured }) {
  const isOwn = read?.question !== measured || read?.turns?.length > 0;
  const nothing = { guess: null, answers: [], tries: null, shift: null, instructed: null };
  return isOwn
    ? { ...nothing, lesson, own: readSubject(read, own), step: "own" }
    : { ...nothing, lesson: readSubject({ ...read, dressed: true }, lesson), own, step: "stop" };
}
