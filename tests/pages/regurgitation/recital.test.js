import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Book, keptBook, measuredBook } from "../../../static/pages/regurgitation/book.js";
import { replacement, typo, wordsOf } from "../../../static/pages/regurgitation/changes.js";
import {
  bestOpening,
  greedyRun,
  pieces,
  reaches,
  recitalFrom,
  scoreOf,
  smoothed,
  textOf,
  writtenFrom,
} from "../../../static/pages/regurgitation/recital.js";
import { keptState, linkedState, prefixLimit, readKept, requestOf } from "../../../static/pages/regurgitation/state.js";

const hex = (text) => Buffer.from(text).toString("hex");
const tokens = (text) => text.split("").map(hex);
const shown = (list) => list.map(({ kind, bytes }) => `${kind}:${textOf(bytes)}`);
const passage = { bytes: tokens("abcdef") };

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

test("words of a language without spaces are found as well", () => {
  assert.deepEqual(
    wordsOf("版权声明：本文", "zh").map(({ word }) => word),
    ["版权", "声明", "本文"],
  );
  assert.equal(typo("版权"), "权版");
});

const presets = [
  { id: "one", request: { text: "first", prefix: 3 }, note: { role: "passage", lang: "en" } },
  { id: "one-changed", request: { text: "other" }, note: { role: "changed", lang: "en" } },
  { id: "known", request: { text: "famous" }, note: { role: "famous", lang: "en", famous: true } },
  { id: "control", request: { text: "new" }, note: { role: "control", lang: "en" } },
  { id: "control-zh", request: { text: "新" }, note: { role: "control", lang: "zh" } },
  { id: "zh", request: { text: "一", prefix: 1 }, note: { role: "passage", lang: "zh" } },
];

test("each side asks for its text", () => {
  const state = { step: "compare", passage: "one", own: "mine", control: "changed" };
  assert.equal(requestOf(state, "main", presets).text, "first");
  assert.equal(requestOf(state, "control", presets).text, "other");
  assert.equal(requestOf({ ...state, control: "new" }, "control", presets).text, "new");
  assert.equal(requestOf({ ...state, control: "new", passage: "zh" }, "control", presets).text, "新");
  assert.equal(requestOf({ ...state, control: "famous" }, "control", presets).text, "famous");
  assert.equal(requestOf({ ...state, step: "own" }, "main", presets).text, "mine");
  assert.deepEqual(requestOf({ ...state, step: "own" }, "control", presets), { text: "mine", swapped: true });
});

test("a link is made safe", () => {
  const read = readKept(
    { passage: "evil", own: 7, prefix: 1e9, control: "x", results: [{ text: 1 }], made: {} },
    presets,
    "one",
  );
  const { book, ...plain } = read;
  assert.deepEqual(plain, {
    passage: "one",
    own: "",
    prefix: 64,
    ownPrefix: 16,
    control: "new",
    guess: null,
    told: true,
    made: null,
    shownToken: -1,
  });
  assert.deepEqual(book.of({ text: "first" }), { recitals: {} });
  assert.equal(prefixLimit({ passage: { bytes: ["61", "62", "63"] } }), 2);
});

test("a link of before, with a text of one's own as its passage, still opens", () => {
  const { passage, own, prefix, ownPrefix } = readKept(
    { passage: "own", own: "mine", prefix: 12, control: "new" },
    presets,
    "one",
  );
  assert.deepEqual({ passage, own, prefix, ownPrefix }, { passage: "one", own: "mine", prefix: 3, ownPrefix: 12 });
});

const request = { text: "abcdef", swapped: false, prefix: 2 };
const recall = {
  bits: [null, 2, 0.12345, 0, 0, 0],
  ranks: [null, 3, 1, 1, 2, 1],
  instead: ["", hex("z"), "", "", hex("x"), ""],
  second_half_bits: 0.5,
  second_half_probability: 0.9,
  second_half_rank: 1,
  extracted: null,
};
const recital = {
  prefix: 2,
  ids: [3, 4, 9, 6],
  bytes: tokens("cdxf"),
  run: 2,
  equal: 3,
  total: 4,
  stretches: [
    { same: true, original: [0, 2], written: [0, 2] },
    { same: false, original: [2, 3], written: [2, 3] },
    { same: true, original: [3, 4], written: [3, 4] },
  ],
};

function told() {
  const book = new Book();
  book.add(request, "passage", { ids: [1, 2, 3, 4, 5, 6], bytes: tokens("abcdef") });
  book.add(request, "recall", recall);
  book.add(request, "recital", recital);
  return book;
}

test("who opens a link has what the sharer had: tokens, numbers, recitals, and a run that was cancelled", () => {
  const book = told();
  book.add({ ...request, prefix: 1 }, "written", { done: 1, token: { bytes: hex("q") } });
  book.add({ text: "elsewhere" }, "passage", { bytes: tokens("xy") });
  const state = {
    step: "own",
    passage: "one",
    own: "abcdef",
    prefix: 3,
    ownPrefix: 2,
    control: "swapped",
    guess: 20,
    told: true,
  };
  const made = { model: "fake", measured_on: "2026-12-01" };
  const link = JSON.parse(JSON.stringify(linkedState({ ...state, book, made }, presets)));
  const read = readKept(link, presets, "one");
  assert.deepEqual(read.made, made);
  assert.equal(read.own, "abcdef");
  assert.equal(read.guess, 20);
  const there = read.book.of(request);
  assert.deepEqual(shown(pieces(there, 2)), shown(pieces(book.of(request), 2)));
  assert.deepEqual(scoreOf(there, 2, 96), scoreOf(book.of(request), 2, 96));
  assert.deepEqual(there.writing, { kind: "writing", prefix: 1, bytes: tokens("q") });
  assert.equal(there.recall.second_half_bits, 0.5);
  assert.deepEqual(read.book.of({ text: "elsewhere" }), { recitals: {} }, "a link holds what stands on the page");
  const tab = readKept(keptState({ ...state, book, made }), presets, "one");
  assert.ok(tab.book.of({ text: "elsewhere" }).passage, "this tab keeps everything");
});

test("what is no result does not come in by a link", () => {
  const parts = [
    { kind: "passage", bytes: tokens("abcdef") },
    { kind: "recall", ...recall, ranks: [1] },
    { kind: "recall", ...recall, instead: ["<b>", "", "", "", "", ""] },
    { kind: "recital", ...recital, stretches: [{ original: [0], written: "x" }] },
    { kind: "recital", ...recital, prefix: 9 },
    { kind: "other" },
    null,
  ];
  const record = keptBook([
    { text: "abcdef", swapped: false, parts },
    { text: "no tokens", parts: [parts[3]] },
  ]).of(request);
  assert.deepEqual(Object.keys(record), ["recitals", "passage"]);
  assert.deepEqual(record.recitals, {});
  assert.deepEqual(keptBook("what").kept(), []);
});

test("one recital stands for every opening that leads to its first slip", () => {
  const record = told().of(request);
  assert.deepEqual(shown(pieces(record, 3)), ["given:abc", "same:d", "drift:x", "missed:e", "same:f"]);
  assert.deepEqual(scoreOf(record, 3, 96), { equal: 2, total: 3, run: 1, whole: true });
  const from4 = recitalFrom(record, 4);
  assert.deepEqual([from4.run, from4.equal, from4.total], [0, 1, 2]);
  assert.deepEqual(shown(pieces(record, 4)), ["given:abcd", "drift:x", "missed:e", "same:f"]);
  const later = { ...record, recitals: { 4: from4 } };
  assert.deepEqual(shown(pieces(later, 2)), shown(pieces(record, 2)), "and for those before it");
  assert.equal(recitalFrom(record, 1), null, "not for one that slips elsewhere");
  assert.equal(recitalFrom(record, 5), null);
});

test("where no recital is known the ranks say how many match before the slip", () => {
  const { passage } = told().of(request);
  assert.deepEqual(scoreOf({ passage, recall }, 2, 96), { equal: 2, total: 4, run: 2, whole: false });
  assert.deepEqual(scoreOf({ passage, recall }, 5, 96), { equal: 1, total: 1, run: 1, whole: true });
  assert.equal(scoreOf({ passage }, 2, 96), null);
  assert.deepEqual(writtenFrom({ passage, recall }, 2), tokens("cdx"));
  assert.deepEqual(writtenFrom({ passage, recall }, 5), tokens("f"));
});

test("the best opening is the shortest of those after which most tokens follow", () => {
  assert.deepEqual(bestOpening(recall, 64), { prefix: 2, run: 2 });
});

const file = new URL("../../../app/pages/regurgitation/measured/gemma-3-270m.json", import.meta.url);
const { results } = JSON.parse(readFileSync(file, "utf-8"));
const recallOf = (id) => results[id].find(({ kind }) => kind === "recall");

test("how far it gets never falls as it is shown more", () => {
  for (const id of Object.keys(results).filter((name) => results[name][0].kind === "passage")) {
    const reached = reaches(recallOf(id), 64);
    assert.ok(
      reached.every((far, index) => index === 0 || far >= reached[index - 1]),
      id,
    );
    assert.ok(reached.every((far) => far <= recallOf(id).ranks.length));
  }
});

test("runs read off the ranks are those of the measured sweeps", () => {
  const sweeps = Object.keys(results).filter((id) => id.endsWith("-sweep"));
  assert.ok(sweeps.length > 8);
  for (const id of sweeps) {
    const { ranks } = recallOf(id.replace("-sweep", ""));
    const [{ runs, steps }] = results[id];
    assert.deepEqual(
      runs.map((_, index) => greedyRun(ranks, index + 1, steps)),
      runs,
      id,
    );
  }
});

test("the opening that is enough is the one that the page says", () => {
  assert.deepEqual(bestOpening(recallOf("amendment"), 64), { prefix: 2, run: 45 });
  assert.deepEqual(bestOpening(recallOf("preamble"), 64), { prefix: 10, run: 43 });
  assert.deepEqual(bestOpening(recallOf("repost-zh"), 64), { prefix: 8, run: 16 });
});
