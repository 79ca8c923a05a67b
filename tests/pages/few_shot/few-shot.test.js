import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NOTHING,
  heldOutSeries,
  onePassSeries,
  partsOf,
  predictionOf,
  promptAt,
  resultOf,
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
  assert.equal(control.name, "shuffled labels");
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

const counted = (...rights) =>
  resultOf(rights.map((right, shots) => ({ kind: "point", line: "true", shots, right, answers: Array(5).fill({}) })));

test("the page's question is answered by the first number of examples that is enough", () => {
  const answers = [
    [5, 5],
    [0, 4, 3],
    [0, 1, 4],
    [0, 0, 3, 4],
    [0, 1, 2, 3, 3, 3, 3, 3, 3, 4],
    [0, 3, 3],
  ].map((rights) => predictionOf(counted(...rights)).answer);
  assert.deepEqual(answers, ["0", "2", "2", "5", "5", "never"]);
});

test("the answer says its numbers", () => {
  assert.equal(
    predictionOf(counted(0, 1, 4, 5)).measured,
    "Here, with no example: 0 of 5 right. With 2: 4 of 5. With 3: 5 of 5.",
  );
  assert.equal(predictionOf(counted(0, 1, 2)).measured, "Here, with no example: 0 of 5 right. With 2: 2 of 5.");
});
