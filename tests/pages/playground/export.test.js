import assert from "node:assert/strict";
import test from "node:test";

import { modelToken, typedToken } from "../../../static/pages/playground/document.js";
import {
  promptLength,
  settingsOf,
  toCsv,
  toCurl,
  toJson,
  toPython,
  toText,
} from "../../../static/pages/playground/export.js";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const run = { seed: 5 };
const step = (id, text) => ({
  id,
  bytes: hex(text),
  raw_logprob: Math.log(0.25),
  processed_logprob: Math.log(0.5),
  rank: 2,
  entropy_bits: 3,
  u: 0.5,
  kept: 7,
  top: [],
});
const entries = [
  typedToken({ id: 1, bytes: hex('=1,"a"') }),
  modelToken(step(2, " it's"), run),
  modelToken(step(3, "\n"), run),
];
const PARAMS = {
  temperature: 0.8,
  top_k: 0,
  top_p: 0.9,
  min_p: 0,
  repetition_penalty: 1,
  frequency_penalty: 0,
  presence_penalty: 0,
  max_tokens: 2,
  stop: [],
  ignore_eos: true,
  n: 4,
};
const exhibit = {
  entries,
  model: "gemma-3-270m",
  source: "huggingface.co/google/gemma-3-270m",
  params: PARAMS,
  seed: 5,
  origin: "http://127.0.0.1:8000",
  date: "2026-11-22",
};

test("every export says a model wrote it", () => {
  for (const text of [toJson(exhibit), toCsv(exhibit), toText(exhibit)]) {
    assert.match(text, /2 of 3 tokens were written by a language model \(gemma-3-270m\)/);
  }
});

test("JSON holds the ids, the settings and each token's numbers", () => {
  const data = JSON.parse(toJson(exhibit));
  assert.deepEqual(data.ids, [1, 2, 3]);
  assert.equal(data.seed, 5);
  assert.equal(data.tokens[1].u, 0.5);
  assert.equal(data.tokens[0].raw_logprob, null);
});

test("CSV quotes, and never starts a formula", () => {
  const [, header, first, second] = toCsv(exhibit).split("\r\n");
  assert.ok(header.startsWith("position,id,bytes,text"));
  assert.ok(first.includes(`"'=1,""a"""`));
  assert.ok(second.startsWith("1,2,"));
  assert.ok(second.includes("0.250000,2,2,3,0.500000,0.5,7"));
});

test("the prompt is what stands before the model's last run", () => {
  assert.equal(promptLength(entries), 1);
  assert.equal(promptLength(entries.slice(0, 1)), 1);
});

test("Python and curl carry the same ids", () => {
  assert.match(toPython(exhibit), /NAME = "google\/gemma-3-270m"/);
  assert.match(toPython({ ...exhibit, source: "package index" }), /NAME = "models\/weights\/gemma-3-270m"/);
  assert.match(toPython(exhibit), /prompt_ids = \[\n {4}1,\n\]/);
  assert.match(toPython(exhibit), /written_ids = \[\n {4}2, 3,\n\]/);
  const typedOn = toPython({ ...exhibit, entries: [...entries, entries[0]] });
  assert.match(typedOn, /written_ids = \[\n {4}2, 3,\n\]/);
  assert.match(typedOn, /typed_ids = \[\n {4}1,\n\] {2}# by a person/);
  const body = JSON.parse(/-d '(.*)'/s.exec(toCurl(exhibit))[1]);
  assert.deepEqual(body.prompt, [1]);
  assert.equal(body.max_tokens, 2);
  assert.equal(body.seed, 5);
  assert.equal(body.ignore_eos, true);
  assert.equal(body.n, 4);
});

const today = { params: { temperature: 2 }, seed: 9, ignoreEos: false, stops: [], maxTokens: 64, count: 8 };

test("what goes out with a text are the settings that made it, not those of today", () => {
  const made = { seed: 5, params: { temperature: 0.8 }, ignoreEos: true, stops: ["\n"], start: 1, sequence: 3 };
  const written = [entries[0], modelToken(step(2, " it's"), made), modelToken(step(3, "\n"), made)];
  const params = { temperature: 0.8, max_tokens: 2, stop: ["\n"], ignore_eos: true, n: 4 };
  assert.deepEqual(settingsOf(written, today), { params, seed: 5 });
  assert.deepEqual(settingsOf([...written, entries[0]], today), { params, seed: 5 }); // typed on after it
});

test("where no run is known, the settings as they stand go out", () => {
  const params = { temperature: 2, stop: [], ignore_eos: false, n: 8 };
  assert.deepEqual(settingsOf(entries.slice(0, 1), today), { params: { ...params, max_tokens: 64 }, seed: 9 });
  assert.deepEqual(settingsOf(entries, today), { params: { ...params, max_tokens: 2 }, seed: 9 });
});
