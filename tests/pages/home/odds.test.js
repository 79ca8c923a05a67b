import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asked,
  bars,
  landing,
  middle,
  oddsFrom,
  readOdds,
  readWritten,
  shortened,
  stillWritten,
  strip,
  subjectOf,
} from "../../../static/pages/home/odds.js";

const answer = {
  ids: [2, 5],
  top: [
    { id: 7, bytes: "2061", p: 0.5 },
    { id: 8, bytes: "2062", p: 0.25 },
    { id: 9, bytes: "2063", p: 0.001 },
  ],
  remainder: 0.249,
  vocabulary: 100,
  entropy_bits: 2,
};
const odds = oddsFrom(answer, { of: "Hi", model: "m" });

test("a space that was typed waits, one that was rolled is a token", () => {
  assert.equal(asked({ text: "a  ", ids: null }), "a");
  assert.equal(asked({ text: "a ", ids: [1, 2] }), "a ");
});

test("odds are of the tokens too: not each adds to the text", () => {
  const before = { text: "a", ids: [1] };
  assert.notEqual(subjectOf(before), subjectOf({ text: "a", ids: [1, 0] }));
  assert.equal(subjectOf({ text: "a ", ids: null }), "a");
});

test("the dice land where the bars say, and beyond the named tokens on none of them", () => {
  assert.deepEqual(
    [0, 0.49, 0.5, 0.74, 0.7505, 0.752].map((u) => landing(odds, u)),
    [0, 0, 1, 1, 2, -1],
  );
  assert.equal(landing(odds, middle(odds, 1)), 1);
});

test("bars and strip hold the whole of 100%", () => {
  const { rows, others } = bars(odds, 2);
  assert.equal(
    rows.reduce((sum, { p }) => sum + p, others.p),
    1,
  );
  assert.equal(others.n, 98);
  const pieces = strip(odds);
  assert.deepEqual([pieces[0].start, pieces.at(-1).end, pieces.at(-1).count], [0, 1, 98]);
  for (let index = 1; index < pieces.length; index += 1) assert.equal(pieces[index].start, pieces[index - 1].end);
});

test("a link's odds are read whole or not at all", () => {
  assert.deepEqual(readOdds(JSON.parse(JSON.stringify(shortened(odds)))), odds);
  for (const wrong of [null, {}, { ...odds, rows: [] }, { ...odds, rows: [{ id: 1, bytes: "<b>", p: 1 }] }]) {
    assert.equal(readOdds(wrong), null);
  }
});

test("what a model wrote stays marked up to the first change", () => {
  assert.deepEqual(
    stillWritten(
      [
        [1, 3],
        [3, 5],
      ],
      "abcde",
      "abcxe",
    ),
    [[1, 3]],
  );
  assert.deepEqual(
    readWritten(
      [
        [1, 3],
        [2, 5],
      ],
      "abcde",
    ),
    [],
  );
  assert.deepEqual(readWritten([[1, 3]], "abcde"), [[1, 3]]);
});
