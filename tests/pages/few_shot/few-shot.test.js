import assert from "node:assert/strict";
import { test } from "node:test";
import {
  boardOf,
  boardOfOldLink,
  edited,
  isStale,
  linesOf,
  moved,
  packBoard,
  resultNow,
  unbroken,
  unpackBoard,
  withLine,
} from "../../../static/pages/few_shot/boards.js";
import {
  NOTHING,
  conclusionOf,
  heldOutSeries,
  onePassSeries,
  partsOf,
  packed,
  predictionOf,
  promptAt,
  resultOf,
  unpacked,
  withPart,
} from "../../../static/pages/few_shot/result.js";
import {
  answer,
  emptyTask,
  promptText,
  question,
  readAffix,
  requestOf,
  sharedTask,
  shotsOf,
  shownAffix,
  taskOf,
} from "../../../static/pages/few_shot/task.js";

const review = taskOf({
  rows: [
    ["Fine.", "good"],
    ["", "bad"],
    ["Dull.", "bad"],
  ],
  queries: [["Warm.", "good"]],
  input_prefix: "Review: ",
  separator: "\n",
  output_prefix: "Sentiment: ",
  row_separator: "\n\n",
  controls: ["shuffled"],
});
const point = (line, shots, probability) => ({
  kind: "point",
  line,
  shots,
  dropped: 0,
  probability,
  logprob: Math.log(probability),
  answers: [],
  right: 0,
});

test("the spaces before an answer belong to the answer", () => {
  assert.equal(question(review, "Warm."), "Review: Warm.\nSentiment:");
  assert.equal(answer(review, "good"), " good");
});

test("the prompt is the first full rows and the question, half-filled rows left out", () => {
  assert.equal(
    promptText(review, 2, "Warm."),
    "Review: Fine.\nSentiment: good\n\nReview: Dull.\nSentiment: bad\n\nReview: Warm.\nSentiment:",
  );
  assert.equal(promptText(review, 0, "Warm."), "Review: Warm.\nSentiment:");
});

test("a request tries every number of examples up to ten, and fewer of many", () => {
  assert.deepEqual(requestOf(review).shots, [0, 1, 2]);
  assert.equal(requestOf(review).rows.length, 2);
  const rows = Array.from({ length: 30 }, (_, i) => [`${i}`, `${i}`]);
  const many = shotsOf({ ...review, rows });
  assert.equal(many.at(-1), 30);
  assert.ok(many.length < 15);
});

test("without a row there is nothing for a control to break", () => {
  assert.deepEqual(requestOf({ ...emptyTask(), queries: [["a", "b"]] }).controls, []);
});

test("a separator is written and read back", () => {
  for (const text of ["\n", " \\n ", "\t->\n\n", "\\"]) assert.equal(readAffix(shownAffix(text)), text);
  assert.equal(readAffix("\\n"), "\n");
});

test("a result grows part by part, and is its parts", () => {
  const parts = [
    { kind: "questions", prompts: ["q:"], answers: [" a"], answer_tokens: [[]], bos: true },
    { kind: "examples", line: "true", rows: [["x", "y"]], texts: ["x: y\n"] },
    { kind: "one_pass", line: "true", dropped: 0, logprobs: [Math.log(0.5)] },
    point("true", 1, 0.5),
    point("true", 0, 0.1),
    point("shuffled", 0, 0.1),
  ];
  const result = resultOf(parts);
  assert.deepEqual(resultOf(partsOf(result)), result);
  assert.equal(withPart(result, "progress", { done: 1 }), result);
  assert.equal(promptAt(result, "true", 1, 0), "x: y\nq:");
  assert.equal(promptAt(NOTHING, "true", 1, 0), null);
  const [main, control] = heldOutSeries(result, "probability", (name) => name);
  assert.deepEqual(main.points, [
    { x: 0, y: 0.1 },
    { x: 1, y: 0.5 },
  ]);
  assert.equal(control.name, "shuffled answers");
  assert.deepEqual(onePassSeries(result, "probability", (name) => name)[0].points, [{ x: 0, y: 0.5 }]);
});

test("of a link only what has the right shape is taken", () => {
  assert.deepEqual(sharedTask(undefined), emptyTask());
  assert.deepEqual(
    sharedTask({ rows: "x", queries: [["a"]], seed: -1, options: [1], separator: 3, controls: "all" }),
    emptyTask(),
  );
  const many = sharedTask({ ...review, rows: Array(99).fill(["a".repeat(999), "b"]) });
  assert.equal(many.rows.length, 32);
  assert.equal(many.rows[0][0].length, 200);
  assert.deepEqual(sharedTask({ ...review, shots: [0] }).queries, review.queries);
});

const counted = (rights, line = "true") =>
  rights.map((right, shots) => ({ kind: "point", line, shots, right, answers: Array(5).fill({}) }));
const told = (rights, ...broken) =>
  resultOf([...counted(rights), ...broken.flatMap(([line, values]) => counted(values, line))]);

test("the page's question is answered by the first number of examples that is enough", () => {
  const answers = [
    [5, 5],
    [0, 4, 3],
    [0, 1, 4],
    [0, 0, 3, 4],
    [0, 1, 2, 3, 3, 3, 4],
    [0, 1, 2, 3, 3, 3, 3, 4],
    [0, 3, 3],
  ].map((rights) => predictionOf(told(rights)).answer);
  assert.deepEqual(answers, ["0", "2", "2", "6", "6", "more", "more"]);
  assert.equal(predictionOf(told([0])), null, "not yet known");
  assert.equal(predictionOf(NOTHING), null);
});

test("the answer says its numbers", () => {
  assert.equal(predictionOf(told([0, 1, 4, 5])).measured, "With no example: 0 of 5 right. With 2: 4 of 5.");
  assert.equal(predictionOf(told([0, 1, 2])).measured, "With no example: 0 of 5 right. With 2: 2 of 5.");
  assert.equal(predictionOf(told([5, 1, 2])).measured, "With no example: 5 of 5 right.");
});

test("what follows from broken examples is said of what was counted", () => {
  const shuffled = (rights) => conclusionOf(told([0, 4, 5, 5], ["shuffled", rights]), "shuffled");
  assert.match(shuffled([0, 0, 5, 5]), /2 of them are still enough/);
  assert.match(shuffled([0, 0, 1, 4]), /it needs 3 of them instead of 1/);
  assert.match(shuffled([0, 0, 1, 1]), /no number of them is enough/);
  const format = (rights) => conclusionOf(told([0, 4, 5, 5], ["format", rights]), "format");
  assert.match(format([0, 4, 5, 5]), /1 of them are still enough/);
  assert.match(format([0, 0, 1, 4]), /it needs 3 of them instead of 1/);
  assert.match(format([0, 0, 1, 1]), /no pattern to carry on/);
  assert.equal(shuffled([0, 0]), "", "a line that is not all there yet");
  assert.equal(conclusionOf(told([0, 1, 1], ["shuffled", [0, 1, 1]]), "shuffled"), "", "nothing to hold it against");
});

const answered = (greedy, right, ...logprobs) => ({
  greedy,
  right,
  prompt_tokens: 7,
  share: null,
  token_logprobs: logprobs,
  logprob: logprobs.reduce((sum, each) => sum + each, 0),
});
const PARTS = [
  { kind: "questions", prompts: ["Warm.:"], answers: [" good"], answer_tokens: [[{ id: 1, bytes: "20" }]], bos: true },
  { kind: "examples", line: "true", rows: [["Fine.", "good"]], texts: ["Fine.: good\n"] },
  { kind: "one_pass", line: "true", dropped: 0, logprobs: [-1] },
  ...[0, 1].map((shots) => {
    const answers = [answered(" good", shots === 1, -0.5, -0.25)];
    return {
      kind: "point",
      line: "true",
      shots,
      dropped: 0,
      answers,
      logprob: -0.75,
      probability: Math.exp(-0.75),
      right: shots,
    };
  }),
];

test("a result goes into a link and comes back the same", () => {
  const result = resultOf(PARTS);
  assert.deepEqual(unpacked(JSON.parse(JSON.stringify(packed(result)))), result);
});

test("what is no result is refused", () => {
  for (const parts of [
    [{ kind: "surprise" }],
    [["true", 0, 0, []]],
    [["true", 0, 0, [[{}, 1, 7, null, [-1]]]]],
    [["nowhere", 0, 0, [["a", 1, 7, null, [-1]]]]],
    [["true", "0", 0, [["a", 1, 7, null, [-1]]]]],
    [["true", 0, 0, [["a", 1, 7, null, ["x"]]]]],
    [{ kind: "examples", line: "true", rows: [], texts: ["a"] }],
    [{ kind: "questions", prompts: ["a"], answers: ["b"], answer_tokens: [[{ bytes: "zz" }]], bos: true }],
    [7],
  ]) {
    assert.throws(() => unpacked(parts), TypeError, JSON.stringify(parts));
  }
});

const PRESET = { id: "fine", request: { rows: [["Fine.", "good"]], queries: [["Warm.", "good"]], controls: [] } };
const MEASURED = { model: "gemma", measured_on: "2026-11-22", results: { fine: PARTS } };

test("nothing is drawn of a board before the slider moves, and the line follows it", () => {
  const board = boardOf(PRESET, MEASURED);
  assert.deepEqual(linesOf(board), []);
  assert.deepEqual(linesOf(moved(board, 0))[0].rights, [0]);
  const there = moved(board, 1);
  assert.deepEqual(linesOf(there)[0].rights, [0, 1]);
  assert.deepEqual(linesOf(moved(there, 0))[0].rights, [0, 1], "what was drawn stays");
});

test("one line is added and taken away, and the steps before know nothing of it", () => {
  const board = withLine(moved(boardOf(PRESET, MEASURED), 1), "shuffled");
  assert.deepEqual([board.line, board.stop, board.drawn], ["shuffled", 0, { true: 1, shuffled: 0 }]);
  assert.deepEqual(unbroken(board).drawn, { true: 1 });
  const without = withLine(board, "shuffled");
  assert.deepEqual([without.line, without.drawn], ["true", { true: 1 }]);
});

test("a result stands over no other rows, and is there again when they are changed back", () => {
  const board = boardOf(PRESET, MEASURED);
  assert.equal(resultNow(board), board.result);
  const changed = edited(board, { rows: [["Fine!", "good"]] });
  assert.equal(resultNow(changed), NOTHING);
  assert.equal(isStale(changed), true);
  assert.equal(resultNow(edited(changed, { rows: [["Fine.", "good"]] })), board.result);
});

test("a board goes into a link and comes back the same, preset or not", () => {
  const back = (board) => unpackBoard(JSON.parse(JSON.stringify(packBoard(board))), [PRESET]);
  const board = moved(boardOf(PRESET, MEASURED), 1);
  assert.deepEqual(back(board), board);
  const own = edited(boardOf(PRESET, MEASURED), {});
  assert.deepEqual(resultNow(back(own)), own.result);
  assert.equal(back(own).preset, null);
});

test("of a board in a link only what has the right shape is taken", () => {
  for (const kept of [null, 7, { preset: "unknown" }]) assert.equal(unpackBoard(kept, [PRESET]), null);
  const odd = unpackBoard(
    { preset: "fine", stop: 99, query: -1, line: "x", drawn: { true: "9", nowhere: 1 }, parts: [1], source: {} },
    [PRESET],
  );
  assert.deepEqual([odd.stop, odd.query, odd.line, odd.drawn, odd.result], [1, 0, "true", {}, NOTHING]);
});

test("a link made before there were steps still opens where it was looked at", () => {
  const board = boardOfOldLink({ preset: "fine", stop: 1, query: 0, line: "true" }, [PRESET], MEASURED);
  assert.deepEqual([board.preset, board.stop, board.drawn], ["fine", 1, { true: 1 }]);
  assert.deepEqual(linesOf(board)[0].rights, [0, 1]);
  const own = boardOfOldLink({ preset: null, task: { ...review }, stop: 2 }, [PRESET], MEASURED);
  assert.deepEqual([own.preset, own.stop, own.drawn], [null, 2, {}]);
});
