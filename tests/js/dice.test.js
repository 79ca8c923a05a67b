import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSeed, randomSeed, roll, threefry2x32 } from "../../static/js/base/dice.js";

const vectors = JSON.parse(readFileSync(new URL("../dice_vectors.json", import.meta.url), "utf8"));

test("threefry gives the published known answers", () => {
  for (const { key, counter, words } of vectors.known_answers) assert.deepEqual(threefry2x32(key, counter), words);
});

test("rolls equal Python's, to the last bit", () => {
  assert.ok(vectors.rolls.length >= 40);
  for (const { seed, sequence, position, u } of vectors.rolls) assert.equal(roll(seed, sequence, position), u);
});

test("rolls fill [0, 1) evenly", () => {
  const bins = new Array(20).fill(0);
  for (let position = 0; position < 20_000; position += 1) bins[Math.floor(roll(618, 0, position) * 20)] += 1;
  const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquared < 43.8, `chi-squared ${chiSquared}, 19 degrees of freedom, p < 0.001`);
});

test("a seed is a whole number that JavaScript holds exactly", () => {
  assert.equal(parseSeed(" 618 "), 618);
  assert.equal(parseSeed("9007199254740991"), 2 ** 53 - 1);
  assert.deepEqual([parseSeed("7"), parseSeed("0000000000000618")], [7, 618]);
  const none = ["", "-1", "1.5", "9007199254740992", "00000000000000618", "six", "1e3"]; // 16 digits at most
  for (const text of none) assert.equal(parseSeed(text), null);
  assert.equal(parseSeed(String(randomSeed())) !== null, true);
});
