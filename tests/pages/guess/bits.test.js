import assert from "node:assert/strict";
import test from "node:test";

import { bitsOf, firstAfter, guessCost, joined, totals } from "../../../static/pages/guess/bits.js";

test("a guess costs the log of the certainty it gave to what came", () => {
  assert.equal(guessCost(true, 0.5, 262144), 1);
  assert.equal(guessCost(true, 0.25, 262144), 2);
  assert.ok(Math.abs(guessCost(false, 0.5, 262144) - 19) < 1e-4);
  assert.ok(guessCost(false, 0.99, 262144) > guessCost(false, 0.5, 262144));
  const given = 0.7 + (50256 * (1 - 0.7)) / 50256; // a guess is a distribution: all tokens together
  assert.ok(Math.abs(given - 1) < 1e-12);
});

test("bits from nats", () => {
  assert.equal(bitsOf(-Math.LN2), 1);
  assert.equal(bitsOf(Math.log(1 / 8)), 3);
});

test("the token after the text, where both are cut alike and where they are not", () => {
  const scores = (...ids) => ids.map((id) => ({ id }));
  assert.deepEqual(firstAfter(scores(2, 10, 11, 12, 13), [2, 10, 11]), { id: 12 });
  assert.deepEqual(firstAfter(scores(2, 10, 99), [2, 10, 11]), { id: 99 }); // one token covers the place
  assert.equal(firstAfter(scores(2, 10), [2, 10]), undefined);
});

test("a word takes the blank that the text's own next one has", () => {
  assert.equal(joined(" tea ", " tea"), " tea");
  assert.equal(joined("!", " tea"), "!");
  assert.equal(joined("箱", "箱"), "箱");
  assert.equal(joined("   ", " tea"), "");
});

test("the totals are means", () => {
  const results = [
    { you: 1, model: 2 },
    { you: 19, model: 4 },
  ];
  assert.deepEqual(totals(results, 256), { texts: 2, you: 10, model: 3, chance: 8 });
});
