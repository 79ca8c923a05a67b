import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BARE,
  buildPieces,
  chatLines,
  countQuestions,
  cutAtStop,
  fragments,
  roleMarks,
  stopOf,
  tokenTexts,
} from "../../../static/pages/assistant/costume-text.js";
import { readState, shortened } from "../../../static/pages/assistant/links.js";
import {
  emptied,
  ended,
  keyOf,
  measuredAnswer,
  measuredTries,
  stageRequest,
  subjectOf,
  triesKey,
  tryLines,
  turnOf,
  withAnswer,
  withPart,
  withTurn,
} from "../../../static/pages/assistant/results.js";

const TEMPLATE = "A talk.\n\nHuman: {question}\nAssistant:";
const hex = (text) => Buffer.from(text).toString("hex");
const PRESET = {
  id: "talk",
  experiment: "dressed",
  request: {
    question: "2 + 2?",
    template: TEMPLATE,
    stop: "Human:",
    stop_on: false,
    n: 2,
    seed: 618,
    temperature: 0.5,
    max_tokens: 8,
    expected: "4",
    bare: true,
  },
};
const subject = subjectOf(PRESET);
const documentPart = (side, text) => ({
  kind: "document",
  side,
  pieces: [{ role: "question", text }],
  tokens: [{}, {}],
  bos: true,
  dropped: 0,
  injected: [],
});
const aTry = (...texts) => ({
  tokens: texts.map((text) => ({ id: 1, bytes: hex(text) })),
  finish_reason: "length",
  answered: true,
});
const MEASURED = {
  model: "tiny",
  measured_on: "2026-12-01",
  results: {
    talk: [
      documentPart("dressed", "2 + 2?"),
      documentPart("bare", "2 + 2?"),
      { kind: "answers", side: "dressed", answers: [aTry(" 4"), aTry(" four")], answered: 1 },
      { kind: "answers", side: "bare", answers: [aTry("3?"), aTry("5?")], answered: 0 },
    ],
  },
};
const data = { presets: [PRESET], measurement: MEASURED };

test("a character that two tokens share belongs to the second", () => {
  const [first, second] = [hex("é").slice(0, 2), hex("é").slice(2)];
  assert.deepEqual(tokenTexts([hex("a"), first, second + hex("b")]), ["a", "", "éb"]);
  assert.deepEqual(tokenTexts([first]), ["�"]);
  assert.deepEqual(tokenTexts([]), []);
});

test("a text is cut at the stop string, and its beginning is held back while more may come", () => {
  assert.deepEqual(cutAtStop(" 4.\n\nHuman: hi", "Human:"), { own: 5, found: true });
  assert.deepEqual(cutAtStop(" 4.\n\nHum", "Human:", { open: true }), { own: 5, found: false });
  assert.deepEqual(cutAtStop(" 4.\n\nHum", "Human:"), { own: 8, found: false });
  assert.deepEqual(cutAtStop("Hut", "Human:", { open: true }), { own: 3, found: false });
  assert.deepEqual(cutAtStop("any", ""), { own: 3, found: false });
});

test("fragments are the text, cut at tokens, at role words and at both ends", () => {
  const tokens = [" 4", ".", "\n\n", "Hum", "an: ", "", "why?"];
  const all = fragments(tokens, ["Human:"]);
  assert.equal(all.map(({ text }) => text).join(""), tokens.join(""));
  assert.deepEqual(
    all.filter(({ mark }) => mark).map(({ text, token }) => [text, token]),
    [
      ["Hum", 3],
      ["an:", 4],
    ],
  );
  assert.deepEqual(
    fragments(tokens, [], 1, 4).map(({ text, token }) => [text, token]),
    [
      ["4", 0],
      [".", 1],
      ["\n", 2],
    ],
  );
  assert.deepEqual(fragments([], ["Human:"]), []);
});

test("what was written is lines of a chat, by place", () => {
  const text = " 4.\n\nHuman: Why?\nAssistant: So.";
  const lines = chatLines(text, TEMPLATE, "Human:").map(({ who, start, end }) => [who, text.slice(start, end)]);
  assert.deepEqual(lines, [
    ["assistant", "4."],
    ["human", "Why?"],
    ["assistant", "So."],
  ]);
  assert.deepEqual(roleMarks(BARE, "Human:"), []);
});

test("the document of a turn has a blank after a colon, but not after a Chinese one", () => {
  const text = (template) =>
    buildPieces(template, [{ question: "a", answer: "b" }], "c")
      .map((piece) => piece.text)
      .join("");
  assert.equal(text("Q: {question}\nA:"), "Q: a\nA: b\n\nQ: c\nA:");
  assert.equal(text("问：{question}\n答："), "问：a\n答：b\n\n问：c\n答：");
});

test("a costume is cut at the words that begin the person's line", () => {
  assert.equal(stopOf(TEMPLATE), "Human:");
  assert.equal(stopOf("问：{question}\n答："), "问：");
  assert.equal(stopOf("{question}"), "");
});

test("questions are counted in both languages", () => {
  assert.equal(countQuestions("Why? How??\nWhat is"), 2);
  assert.equal(countQuestions("为什么？怎么"), 1);
});

test("the stop string is no part of what an answer belongs to; costume, dice and turns are", () => {
  const key = keyOf(subject);
  assert.equal(keyOf({ ...subject, stopOn: false, stop: "Q:", expected: "" }), key);
  for (const change of [{ dressed: false }, { roll: 1 }, { seed: 1 }, { temperature: 1 }, { question: "x" }]) {
    assert.notEqual(keyOf({ ...subject, ...change }), key);
  }
  assert.equal(keyOf({ ...subject, dressed: false, template: "x {question}" }), keyOf({ ...subject, dressed: false }));
});

test("the stage asks once, with nothing cut, and in the costume that is on", () => {
  assert.deepEqual(stageRequest({ ...subject, dressed: false, roll: 2 }), {
    question: "2 + 2?",
    stop: "Human:",
    turns: [],
    temperature: 0.5,
    max_tokens: 8,
    expected: "4",
    stop_on: false,
    template: BARE,
    seed: 620,
    n: 1,
    bare: false,
  });
});

test("a turn holds what its reader saw: cut at the stop string, or all of it", () => {
  const answer = { tokens: [" 4.", "\n\nHuman:", " Why?"] };
  assert.equal(turnOf(subject, answer).answer, "4.");
  assert.equal(turnOf({ ...subject, stopOn: false }, answer).answer, "4.\n\nHuman: Why?");
  assert.deepEqual(withTurn(subject, null), []);
});

test("asked again, a measured subject gives the next of its tries", () => {
  const texts = [0, 1, 2].map((roll) => measuredAnswer({ ...subject, roll }, data).tokens.join(""));
  assert.deepEqual(texts, [" 4", " four", " 4"]);
  const bare = measuredAnswer({ ...subject, dressed: false }, data);
  assert.deepEqual([bare.tokens, bare.before, bare.place, bare.source.model], [["3?"], 2, [1, 2], "tiny"]);
  assert.equal(measuredAnswer({ ...subject, temperature: 1 }, data), null);
  assert.equal(measuredAnswer({ ...subject, turns: [{ question: "a", answer: "b" }] }, data), null);
  assert.equal(measuredAnswer(subject, { ...data, measurement: null }), null);
});

test("an end-of-text token is none of the words", () => {
  const whole = { ...aTry("yes", "<eos>"), finish_reason: "end-of-text" };
  assert.deepEqual(ended({ key: "k" }, whole), { key: "k", tokens: ["yes"], finish: "end-of-text", answered: true });
});

test("measured tries: both sides of a measured costume, the control alone beside another", () => {
  assert.deepEqual(tryLines(measuredTries(subject, data).dressed), [
    { text: " 4", answered: true, atOnce: false },
    { text: " four", answered: true, atOnce: false },
  ]);
  const other = measuredTries({ ...subject, template: "x {question}" }, data);
  assert.deepEqual(Object.keys(other), ["bare"]);
  assert.notEqual(triesKey(subject), triesKey({ ...subject, stop: "x" }));
  assert.equal(triesKey(subject), triesKey({ ...subject, dressed: false, roll: 3, stopOn: false }));
});

test("tries are lines while they come, in whatever order", () => {
  const written = (sequence, text) => ({ side: "bare", sequence, token: { bytes: hex(text) } });
  let result = withPart({}, "written", written(1, "b"));
  result = withPart(result, "written", written(0, "a"));
  result = withPart(result, "written", written(1, "c"));
  assert.deepEqual(
    tryLines(result.bare).map(({ text }) => text),
    ["a", "bc"],
  );
});

const START = { lesson: { ...subject, dressed: false }, own: emptied(subject), measured: "2 + 2?" };
const answerOf = (one) => ({
  key: keyOf(one),
  pieces: [{ role: "question", text: one.question }],
  bos: true,
  before: 2,
  dropped: 0,
  injected: [],
  tokens: [" 4", "."],
  finish: "length",
  answered: true,
  seed: 618,
  place: null,
  source: { model: "tiny", measured_on: "2026-12-01" },
});

test("a link keeps the answers on the stage, and only those", () => {
  const own = { ...subject, question: "Why?", roll: 1 };
  const seen = [answerOf(subject), answerOf({ ...subject, dressed: false }), answerOf(own)];
  const answers = [answerOf({ ...subject, roll: 7 }), ...seen];
  const state = { lesson: subject, own, guess: "answer", answers, tries: null, shift: null, instructed: null };
  const sent = JSON.parse(JSON.stringify(shortened(state)));
  const read = readState(sent, START);
  assert.deepEqual(read.answers, seen);
  assert.deepEqual([read.lesson, read.own, read.guess, read.step], [subject, own, "answer", null]);
});

test("a link that was made before pages had steps opens", () => {
  const shared = {
    costume: "talk",
    template: TEMPLATE,
    stop: "Human:",
    stopOn: false,
    question: "2 + 2?",
    turns: [],
    n: 8,
    temperature: 0.7,
    seed: 1,
    maxTokens: 24,
    expected: "4",
    picked: 3,
  };
  const { lesson, own, answers, step } = readState(shared, START);
  assert.deepEqual(
    [lesson.stopOn, lesson.dressed, lesson.temperature, lesson.seed, step],
    [false, true, 0.7, 1, "stop"],
  );
  assert.deepEqual([own, answers], [START.own, []]);
  const turns = [{ question: "a", answer: "b" }];
  const mine = readState({ ...shared, question: "Why?", turns }, START);
  assert.deepEqual([mine.own.question, mine.own.turns, mine.step], ["Why?", turns, "own"]);
  assert.deepEqual(mine.lesson, START.lesson);
});

test("what nobody could have shared is left out", () => {
  const broken = { ...answerOf(subject), tokens: [4] };
  const read = readState(
    {
      lesson: { ...subject, temperature: 9, turns: "no", question: 5 },
      own: null,
      guess: {},
      answers: [broken, null, answerOf(subject)],
      tries: { key: "k", result: {}, source: {} },
      shift: [],
      instructed: 1,
    },
    START,
  );
  assert.deepEqual(read.lesson, { ...subject, dressed: true });
  assert.deepEqual(read.own, START.own);
  assert.equal(read.answers.length, 1);
  assert.deepEqual([read.guess, read.tries, read.shift, read.instructed], [null, null, null, null]);
  assert.deepEqual(readState(null, START).lesson, START.lesson);
});

test("an answer replaces what was there for the same question", () => {
  const first = answerOf(subject);
  const again = { ...first, tokens: ["5"] };
  assert.deepEqual(withAnswer([first], again), [again]);
});
