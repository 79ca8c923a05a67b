import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  agreementOf,
  begun,
  figureFor,
  measuredFigure,
  partly,
  shelved,
  written,
} from "../../../static/pages/hallucination/figure.js";
import { packFigure, unpackFigure } from "../../../static/pages/hallucination/packing.js";
import {
  aroundAnswer,
  cutAt,
  languageOf,
  lanesOf,
  markerAt,
  markersOf,
  treeLayout,
} from "../../../static/pages/hallucination/view.js";

const branch = (parent, depth, width, rest = 0, sequences = [0]) => ({
  parent,
  depth,
  token_id: 1,
  probability: width,
  width,
  rest,
  sequences,
});
const TREE = [branch(-1, 0, 1, 0.3), branch(0, 1, 0.5, 0.1), branch(0, 1, 0.2), branch(1, 2, 0.4)];

test("equal answers share a marker, and there are enough of them", () => {
  assert.deepEqual([0, 25, 26, 31].map(markerAt), ["A", "Z", "AA", "AF"]);
  const markers = markersOf({
    groups: [
      { sequences: [0, 2], count: 2 },
      { sequences: [1], count: 1 },
    ],
  });
  assert.deepEqual(markers.get(2), { marker: "A", index: 0, alone: false });
  assert.deepEqual(markers.get(1), { marker: "B", index: 1, alone: true });
});

test("a continuation is cut around its answer", () => {
  assert.deepEqual(aroundAnswer({ text: ", Linz, a town", answer: "Linz" }), [", ", "Linz", ", a town"]);
  assert.deepEqual(aroundAnswer({ text: " ...", answer: "" }), ["", "", " ..."]);
});

test("words are found whatever their case, and as they stand", () => {
  assert.deepEqual(cutAt("In Austria, austria", ["AUSTRIA"]), ["In ", "Austria", ", ", "austria", ""]);
  assert.deepEqual(cutAt("a.b a+b", ["a+b"]), ["a.b ", "a+b", ""]);
  assert.deepEqual(cutAt("as it is", []), ["as it is"]);
});

test("every end and every rest has a row of its own, wide enough to read", () => {
  const { placed, height, depth } = treeLayout(TREE, ["", "41", "42", "43"], { scale: 10, line: 2 });
  const rows = placed.filter((item) => !item.children).sort((a, b) => a.centre - b.centre);
  assert.equal(rows.length, 4);
  assert.equal(depth, 2);
  rows.slice(1).forEach((row, i) => assert.ok(row.centre - rows[i].centre >= 2));
  assert.ok(height >= 10);
  assert.equal(treeLayout(TREE, ["", "41", "42", "43"], { scale: 10, line: 2, thinnest: 0.2 }).placed.length, 5);
});

const triesOf = (...answers) =>
  answers.map((answer) => ({ text: ` ${answer}, and so on`, answer, key: answer.toLowerCase() }));

test("equal answers lie together in the stream, the most frequent first, and what many say gets a colour to keep", () => {
  const [bare, one, two] = lanesOf([
    { tries: triesOf("a", "b", "a", "c", "d", "e") },
    { tries: triesOf("x", "x", "x", "x", "y", "y") },
    { tries: triesOf("x", "z", "z", "z", "z", "z") },
  ]);
  assert.deepEqual(bare.places, [0, 2, 1, 3, 4, 5]);
  assert.deepEqual(
    bare.groups.map(({ text, from, size }) => [text, from, size]),
    [
      ["a", 0, 2],
      ["b", 2, 1],
      ["c", 3, 1],
      ["d", 4, 1],
      ["e", 5, 1],
    ],
  );
  assert.ok(bare.strong.every((strong) => !strong));
  assert.deepEqual(one.strong, [true, true, true, true, false, false]);
  assert.equal(two.hues[0], one.hues[0]); // one of sixteen says it still, in the colour it had
  assert.equal(two.strong[0], true);
  assert.notEqual(two.hues[1], one.hues[0]);
});

test("no colour depends on a column that is not shown yet", () => {
  const steps = [{ tries: triesOf("a", "b", "c", "d") }, { tries: triesOf("d", "d", "d", "d") }];
  assert.deepEqual(lanesOf(steps)[0], lanesOf(steps.slice(0, 1))[0]);
});

test("a text is marked as the language it is written in", () => {
  assert.deepEqual(["Vienna", "上海", "", "GPT 说"].map(languageOf), ["en", "zh-CN", "en", "zh-CN"]);
});

const { presets, results } = {
  presets: JSON.parse(readFileSync(new URL("../../../app/pages/hallucination/presets.json", import.meta.url))),
  results: JSON.parse(
    readFileSync(new URL("../../../app/pages/hallucination/measured/gemma-3-270m.json", import.meta.url)),
  ).results,
};
const SOURCE = { model: "gemma-3-270m", measured_on: "2026-11-22" };
const measured = presets
  .filter(({ experiment }) => experiment === "universes")
  .map((preset) => [measuredFigure(preset, results[preset.id], SOURCE), results[preset.id].at(-1).agreement]);

test("agreement is counted as the server counts it", () => {
  assert.ok(measured.length > 4);
  for (const [figure, agreement] of measured) {
    const { groups, largest, pairwise, semanticBits } = agreementOf(figure.tries);
    assert.deepEqual(
      groups.map(({ key, count, sequences }) => [key, count, sequences]),
      agreement.groups.map(({ key, count, sequences }) => [key, count, sequences]),
    );
    assert.ok(Math.abs(largest - agreement.largest) < 1e-6);
    assert.ok(Math.abs(pairwise - agreement.pairwise) < 1e-6);
    assert.ok(Math.abs(semanticBits - agreement.semantic_entropy_bits) < 1e-5);
  }
});

test("a figure is the one of its own request and of no other", () => {
  const [[figure]] = measured;
  const { request } = figure;
  assert.equal(figureFor([figure], { ...request }), figure);
  for (const other of [{ prompt: "x" }, { n: 8 }, { seed: 8 }, { temperature: 0 }, { cut: "word" }])
    assert.equal(figureFor([figure], { ...request, ...other }), null);
  const newer = { ...figure, state: "stopped" };
  assert.deepEqual(shelved([figure], newer), [newer]);
});

test("answers come to stand one by one, and keep their colour", () => {
  const request = { prompt: "p", n: 4, seed: 1, temperature: 1, max_tokens: 4, cut: "word" };
  const empty = begun(request, null, SOURCE);
  assert.deepEqual(
    empty.tries.map(({ key }) => key),
    [null, null, null, null],
  );
  const first = written(empty, [" a b", " c", " a", ""], [[0, "a", "a"]]);
  const later = written(first, [" a b", " c d", " a e", " f"], [[1, "c", "c"], [2, "a", "a"]]); // biome-ignore format: a row
  assert.deepEqual(first.keys, ["a"]);
  assert.deepEqual(later.keys, ["a", "c"]);
  assert.deepEqual(agreementOf(later.tries).groups.map(({ key, count }) => [key, count]), [["a", 2], ["c", 1]]); // biome-ignore format: a row
});

test("a measured run can be played: each answer stands when all of it is there, and at the end everything is", () => {
  for (const [figure] of measured) {
    const shown = [0, 0.2, 0.4, 0.6, 0.8].map((progress) => partly(figure, progress));
    shown.forEach((part) =>
      part.tries.forEach(({ text, answer, key }, index) => {
        assert.ok(figure.tries[index].text.startsWith(text));
        assert.ok(key === null || text.includes(answer));
        assert.ok(key === null || key === figure.tries[index].key);
      }),
    );
    const standing = shown.map(({ tries }) => tries.filter(({ key }) => key !== null).length);
    assert.deepEqual(
      standing,
      [...standing].sort((a, b) => a - b),
    );
    assert.equal(standing[0], 0);
    assert.equal(partly(figure, 1), figure);
  }
});

test("what a tab or a link keeps of a figure is all that is drawn of it", () => {
  for (const [figure] of measured) {
    const again = unpackFigure(JSON.parse(JSON.stringify(packFigure(figure))), figure.request, false);
    assert.deepEqual(again.tries, figure.tries);
    assert.deepEqual(again.keys, figure.keys);
    assert.deepEqual([again.source, again.origin, again.state], [SOURCE, "measured", "done"]);
    assert.ok(Math.abs(again.bits - figure.bits) < 1e-4);
    assert.deepEqual(again.tree.bytes, figure.tree.bytes);
    again.tree.branches.forEach((branch, index) => {
      const before = figure.tree.branches[index];
      assert.deepEqual([branch.depth, branch.sequences], [before.depth, before.sequences]);
      assert.ok(Math.abs(branch.width - before.width) < 1e-6);
    });
  }
});

test("what was asked here is the sender's word where a link brings it", () => {
  const [[figure]] = measured;
  const packed = packFigure({ ...figure, origin: "here" });
  assert.equal(unpackFigure(packed, figure.request, true).origin, "link");
  assert.equal(unpackFigure(packed, figure.request, false).origin, "here");
});

test("a figure that cannot be read is none, and breaks nothing", () => {
  const [[figure]] = measured;
  const packed = JSON.parse(JSON.stringify(packFigure(figure)));
  const strange = [
    null,
    5,
    {},
    { ...packed, tries: 7 },
    { ...packed, tries: [[1, 2, 3]] },
    { ...packed, keys: [null] },
    { ...packed, by: ["m"] },
    { ...packed, bits: "many" },
    { ...packed, tree: [[[5, 1, 1, 1, 0, [0]]], ["zz"]] },
    { ...packed, tries: Array.from({ length: 4000 }, () => ["a", "a", 0]) },
  ];
  for (const one of strange) assert.equal(unpackFigure(one, figure.request, true), null);
});
