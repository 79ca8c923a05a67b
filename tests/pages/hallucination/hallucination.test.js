import assert from "node:assert/strict";
import { test } from "node:test";
import {
  aroundAnswer,
  cutAt,
  markerAt,
  markersOf,
  riverBands,
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

test("the river keeps answers that agree somewhere, and everyone else is one band", () => {
  const step = (...groups) => ({
    agreement: { groups: groups.map(([key, count]) => ({ key, text: key, count, share: count / 4 })) },
  });
  const bands = riverBands([step(["a", 2], ["b", 1], ["c", 1]), step(["a", 1], ["d", 3])]);
  assert.deepEqual(
    bands.map(({ key, shares }) => [key, shares]),
    [
      ["d", [0, 0.75]],
      ["a", [0.5, 0.25]],
      [null, [0.5, 0]],
    ],
  );
  for (const index of [0, 1])
    assert.equal(
      bands.reduce((sum, { shares }) => sum + shares[index], 0),
      1,
    );
});
