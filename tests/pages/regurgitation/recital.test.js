import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { prefixLimit, readShared, requestOf } from "../../../static/pages/regurgitation/recital-requests.js";
import {
  Book,
  greedyRun,
  measuredBook,
  pieces,
  replacement,
  runsOf,
  smoothed,
  textOf,
  typo,
  wordsOf,
} from "../../../static/pages/regurgitation/recital.js";

const hex = (text) => Buffer.from(text).toString("hex");
const tokens = (text) => text.split("").map(hex);
const shown = (list) => list.map(({ kind, bytes }) => `${kind}:${textOf(bytes)}`);
const passage = { ids: [1, 2, 3, 4, 5, 6], bytes: tokens("abcdef") };

test("a finished recital is shown as it was aligned", () => {
  const recital = {
    prefix: 2,
    bytes: tokens("cxef"),
    stretches: [
      { same: true, original: [0, 1], written: [0, 1] },
      { same: false, original: [1, 2], written: [1, 2] },
      { same: true, original: [2, 4], written: [2, 4] },
    ],
  };
  assert.deepEqual(shown(pieces({ passage, recitals: { 2: recital } }, 2)), [
    "given:ab",
    "same:c",
    "drift:x",
    "missed:d",
    "same:ef",
  ]);
});

test("while it is written everything behind the first difference is drift", () => {
  const record = { passage, writing: { prefix: 2, bytes: tokens("cx") } };
  assert.deepEqual(shown(pieces(record, 2)), ["given:ab", "same:c", "drift:x"]);
  const keeping = { passage, writing: { prefix: 2, bytes: tokens("c") } };
  assert.deepEqual(shown(pieces(keeping, 2)), ["given:ab", "same:c", "unread:def"]);
});

test("ranks alone tell the run, and what it would write instead", () => {
  const recall = { ranks: [9, 1, 1, 4, 1, 1], instead: [hex("z"), "", "", hex("x"), "", ""] };
  assert.equal(greedyRun(recall.ranks, 1), 2);
  assert.equal(greedyRun(recall.ranks, 4), 2);
  assert.deepEqual(shown(pieces({ passage, recall }, 1)), ["given:a", "same:bc", "drift:x", "unread:def"]);
  assert.deepEqual(shown(pieces({ passage, recall }, 4)), ["given:abcd", "same:ef"]);
});

test("a text that nobody has read yet is shown as it stands", () => {
  assert.deepEqual(pieces({ text: "hello" }, 3), [{ kind: "unread", bytes: [], text: "hello" }]);
  assert.deepEqual(pieces({}, 3), []);
});

test("a book keeps texts apart, and recitals by their opening", () => {
  const book = new Book();
  const request = { text: "abc", swapped: false, prefix: 1 };
  book.add(request, "written", { done: 1, token: { bytes: hex("b") } });
  book.add(request, "written", { done: 2, token: { bytes: hex("c") } });
  assert.deepEqual(book.of(request).writing.bytes, tokens("bc"));
  book.add(request, "written", { done: 1, token: { bytes: hex("b") } });
  assert.deepEqual(book.of(request).writing.bytes, tokens("b"));
  book.add(request, "recital", { prefix: 1, run: 2 });
  book.add(request, "recital", { prefix: 2, run: 1 });
  assert.deepEqual(Object.keys(book.of({ text: "abc" }).recitals), ["1", "2"]);
  assert.deepEqual(book.of({ text: "abc", swapped: true }), { recitals: {} });
});

test("what was measured is found by the text", () => {
  const presets = [{ id: "one", experiment: "recite", request: { text: "abc", prefix: 1 } }];
  const book = measuredBook(presets, { results: { one: [{ kind: "passage", ids: [1] }] } });
  assert.deepEqual(book.of({ text: "abc", swapped: false }).passage.ids, [1]);
  assert.deepEqual(measuredBook(presets, null).of({ text: "abc" }), { recitals: {} });
});

test("words are counted in characters, as the server counts them", () => {
  assert.deepEqual(wordsOf("😀 don't stop"), [
    { word: "don't", start: 2, end: 7 },
    { word: "stop", start: 8, end: 12 },
  ]);
  assert.deepEqual(wordsOf("—!"), []);
});

test("every change leaves another word", () => {
  assert.equal(typo("People"), "Poeple");
  assert.equal(typo("a"), "aa");
  assert.equal(typo("oo"), "ooo");
  assert.equal(replacement("We", "capitals"), "WE");
  assert.equal(replacement("WE", "capitals"), "we");
  assert.equal(replacement("We", "newline"), "\nWe");
  assert.equal(replacement("We", "other", "They"), "They");
});

test("half a character is shown as its bytes", () => {
  assert.equal(textOf(["e4b8", "ad"]), "中");
  assert.match(textOf([hex("a"), "e4b8"]), /^a.*E4/i);
});

test("the mean runs over the last tokens and skips what was not scored", () => {
  assert.deepEqual(smoothed([null, 2, 4], 2), [null, 2, 3]);
});

const presets = [
  { id: "one", request: { text: "first" }, note: { role: "passage" } },
  { id: "one-changed", request: { text: "other" }, note: { role: "changed" } },
  { id: "control", request: { text: "new" }, note: { role: "control" } },
];

test("each side asks for its text", () => {
  const state = { passage: "one", own: "mine", control: "changed" };
  assert.equal(requestOf(state, "main", presets).text, "first");
  assert.equal(requestOf(state, "control", presets).text, "other");
  assert.equal(requestOf({ ...state, control: "new" }, "control", presets).text, "new");
  assert.deepEqual(requestOf({ ...state, passage: "own" }, "control", presets), { text: "mine", swapped: true });
});

test("a link is made safe", () => {
  assert.deepEqual(readShared({ passage: "evil", own: 7, prefix: 1e9, control: "x" }, presets), {
    passage: "one",
    own: "",
    prefix: 64,
    control: "new",
    shownToken: -1,
  });
  assert.equal(prefixLimit({ passage: { ids: [1, 2, 3] } }, {}), 2);
});

test("runs read off the ranks are those of the measured sweeps", () => {
  const file = new URL("../../../app/pages/regurgitation/measured/gemma-3-270m.json", import.meta.url);
  const { results } = JSON.parse(readFileSync(file, "utf-8"));
  const sweeps = Object.keys(results).filter((id) => id.endsWith("-sweep"));
  assert.ok(sweeps.length > 8);
  for (const id of sweeps) {
    const recall = results[id.replace("-sweep", "")].find(({ kind }) => kind === "recall");
    const [sweep] = results[id];
    assert.deepEqual(runsOf({ recall }, 64, sweep.steps), sweep.runs, id);
    assert.deepEqual(runsOf({ sweep }, 64, sweep.steps), sweep.runs);
  }
});
