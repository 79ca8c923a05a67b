import assert from "node:assert/strict";
import test from "node:test";

import { modelToken, startToken, typedToken } from "../../../static/pages/playground/document.js";
import { packDocument, readSettings, unpackDocument } from "../../../static/pages/playground/state.js";

const run = Object.freeze({ seed: 5, params: { temperature: 1 }, start: 2, sequence: 0 });
const step = (id) => ({
  id,
  bytes: "61",
  raw_logprob: -1.25,
  processed_logprob: -1,
  rank: 2,
  entropy_bits: 3,
  u: 0.123456789,
  kept: 9,
  top: [{ id: 1 }],
});
const entries = Object.freeze([
  startToken({ id: 2, bytes: "3c" }),
  typedToken({ id: 7, bytes: "e4bda0" }),
  modelToken(step(8), run),
  Object.freeze({ ...modelToken(step(9), null), chosen: true }),
  modelToken({ ...step(1), special: true }, run),
]);

test("a document comes back with its ids, authors, rolls and runs", () => {
  const back = unpackDocument(JSON.parse(JSON.stringify(packDocument(entries))));
  assert.deepEqual(
    back.map(({ id }) => id),
    [2, 7, 8, 9, 1],
  );
  assert.deepEqual(
    back.map(({ by }) => by),
    ["start", "typed", "model", "model", "model"],
  );
  assert.equal(back[3].chosen, true);
  assert.equal(back[4].special, true);
  assert.equal(back[2].step.u, 0.123456789);
  assert.equal(back[2].run, back[4].run);
  assert.equal(back[3].run, undefined);
  assert.deepEqual(back[2].step.top, []);
  assert.deepEqual(unpackDocument(packDocument(entries, { whole: true }))[2].step.top, [{ id: 1 }]);
});

test("what is still being typed comes back too", () => {
  const drafted = [entries[0], Object.freeze({ draft: "né", by: "typed", was: [] }), entries[2]];
  const back = unpackDocument(packDocument(drafted));
  assert.equal(back[1].draft, "né");
  assert.equal(back[2].id, 8);
});

test("columns that do not fit together are refused", () => {
  const packed = packDocument(entries);
  for (const broken of [{ ids: [1] }, { bytes: "zz,61,61,61,61" }, { by: "xxxxx" }, { ids: [-1, 7, 8, 9, 1] }]) {
    assert.throws(() => unpackDocument({ ...packed, ...broken }), RangeError);
  }
});

test("settings from a link are kept inside their ranges", () => {
  const defaults = { params: { temperature: 0.8, top_p: 0.95 }, maxTokens: 40, view: "surprise" };
  const read = readSettings(
    {
      params: { temperature: 99, top_p: "x" },
      maxTokens: 1e9,
      stops: ["a", 3, ""],
      count: 7,
      colour: "none",
      seed: 1.5,
    },
    defaults,
  );
  assert.deepEqual(read.params, { temperature: 5, top_p: 0.95 });
  assert.equal(read.maxTokens, 1024);
  assert.deepEqual(read.stops, ["a"]);
  assert.equal(read.count, 1);
  assert.equal(read.view, "surprise");
  assert.equal(read.seed, null);
  assert.equal(readSettings(undefined, defaults).maxTokens, 40);
});

test("settings from a link are those that were shared", () => {
  const defaults = { params: { temperature: 0.8, top_p: 0.95 }, maxTokens: 40, view: "surprise" };
  const shared = {
    params: { temperature: 1.3, top_p: 0.5 },
    stops: ["\n", "."],
    maxTokens: 7,
    count: 4,
    seed: 42,
    locked: true,
    ignoreEos: true,
    startless: true,
  };
  const read = readSettings(JSON.parse(JSON.stringify({ ...shared, colour: "rank" })), defaults);
  assert.deepEqual(read, { ...shared, view: "rank" });
  for (const seed of [0, Number.MAX_SAFE_INTEGER]) assert.equal(readSettings({ seed }, defaults).seed, seed);
  for (const yes of [1, "true", null]) assert.equal(readSettings({ locked: yes }, defaults).locked, false);
});

test("a score keeps its column, to four digits", () => {
  const scored = Object.freeze({
    ...typedToken({ id: 7, bytes: "61" }),
    score: { raw_logprob: -1.23456789, rank: 3, entropy_bits: 2.345678 },
  });
  const [back] = unpackDocument(packDocument([scored]));
  const { raw_logprob, rank, entropy_bits } = back.score;
  assert.deepEqual([raw_logprob, rank, entropy_bits], [-1.2346, 3, 2.35]);
});
