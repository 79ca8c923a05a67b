import assert from "node:assert/strict";
import test from "node:test";

import { impossibleUnder } from "../../../static/pages/playground/reach.js";
import { intervalOf, rowsOf } from "../../../static/pages/playground/step-numbers.js";
import { levelIn } from "../../../static/js/base/token-look.js";

const ln = Math.log;
const top = [
  { id: 1, bytes: "61", raw_logprob: ln(0.5), processed_logprob: ln(0.625) },
  { id: 2, bytes: "62", raw_logprob: ln(0.3), processed_logprob: ln(0.375) },
  { id: 3, bytes: "63", raw_logprob: ln(0.1), processed_logprob: null },
];
const step = (changes) => ({
  id: 2,
  bytes: "62",
  raw_logprob: ln(0.3),
  processed_logprob: ln(0.375),
  rank: 2,
  kept: 2,
  u: 0.7,
  top,
  ...changes,
});

test("rows and remainder sum to one, before and after the sampler", () => {
  const { rows, remainder } = rowsOf({ id: 2, bytes: "62", step: step() }, 100);
  const sum = (name) => rows.reduce((total, row) => total + row[name], remainder[name]);
  assert.ok(Math.abs(sum("raw") - 1) < 1e-12);
  assert.ok(Math.abs(sum("processed") - 1) < 1e-12);
  assert.equal(rows[2].kept, false);
  assert.equal(remainder.count, 97);
  assert.equal(remainder.kept, false);
});

test("the token itself is listed wherever it ranks", () => {
  const score = { raw_logprob: ln(0.0002), rank: 843, top };
  const { rows, single } = rowsOf({ id: 9, bytes: "78", score }, 50257);
  assert.equal(single, true);
  assert.deepEqual([rows.at(-1).id, rows.at(-1).rank], [9, 843]);
});

test("a step without its alternatives shows those of a later score", () => {
  const entry = { id: 2, bytes: "62", step: step({ top: [] }), score: { raw_logprob: ln(0.3), rank: 2, top } };
  assert.equal(rowsOf(entry, 100).rows.length, 3);
});

test("the interval is where among the kept tokens the roll fell", () => {
  const { from, to } = intervalOf(step());
  assert.ok(Math.abs(from - 0.625) < 1e-12 && Math.abs(to - 1) < 1e-12);
  assert.equal(intervalOf(step({ id: 77 })), null);
});

test("what the settings would make of a typed token", () => {
  const off = { temperature: 1, top_k: 0, top_p: 1, min_p: 0 };
  const score = { raw_logprob: ln(0.01), rank: 41, top };
  assert.equal(impossibleUnder(off, score), null);
  assert.deepEqual(impossibleUnder({ ...off, top_k: 40 }, score), { name: "top_k", value: 40 });
  assert.deepEqual(impossibleUnder({ ...off, top_p: 0.85 }, score), { name: "top_p", value: 0.85 });
  assert.deepEqual(impossibleUnder({ ...off, min_p: 0.1 }, score), { name: "min_p", value: 0.1 });
  assert.deepEqual(impossibleUnder({ ...off, temperature: 0 }, score), { name: "temperature", value: 0 });
  assert.equal(impossibleUnder({ ...off, temperature: 0 }, { ...score, rank: 1 }), null);
});

test("a token tied with the last of top-k is kept, as the sampler keeps it", () => {
  const score = { raw_logprob: ln(0.1), rank: 4, top };
  assert.equal(impossibleUnder({ temperature: 1, top_k: 3, top_p: 1, min_p: 0 }, score), null);
});

test("levels follow bits, ranks and choices", () => {
  const bits = (n) => levelIn("surprise", { score: { raw_logprob: -n * Math.LN2 } });
  assert.deepEqual([0.5, 1, 3, 5, 8].map(bits), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    [1, 2, 11, 101, 1001].map((rank) => levelIn("rank", { step: { rank } })),
    [0, 1, 2, 3, 4],
  );
  assert.equal(levelIn("kept", { score: { rank: 1 } }), "");
  assert.equal(levelIn("plain", { step: step() }), "");
});
