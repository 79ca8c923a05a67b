import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { formatDay } from "../../static/js/base/dates.js";
import { judge } from "../../static/js/base/prediction.js";
import { surpriseLevel } from "../../static/js/base/surprise.js";

afterEach(() => delete globalThis.document);

test("a choice is right, close or off", () => {
  assert.equal(judge("64", "64"), "right");
  assert.equal(judge("64", 64), "right");
  assert.equal(judge("12", "64", { close: ["12"] }), "close");
  assert.equal(judge("0", "64", { close: ["12"] }), "off");
});

test("a slider's guess is judged by its distance, edges included", () => {
  const within = { rightWithin: 0.1, closeWithin: 0.3 };
  assert.deepEqual(
    ["0.6", "0.8", "0.81"].map((guess) => judge(guess, "0.5", within)),
    ["right", "close", "off"],
  );
});

test("steps of surprise begin at their limits; no number is no step", () => {
  assert.deepEqual([0, 0.99, 1, 3, 5, 8, 40].map(surpriseLevel), [0, 0, 1, 2, 3, 4, 4]);
  assert.deepEqual([null, undefined].map(surpriseLevel), ["", ""]);
});

test("a day is written as the page's language writes it", () => {
  assert.equal(formatDay("2026-11-22"), "22 Nov 2026");
  assert.equal(formatDay("2026-09-01"), "1 Sep 2026");
  assert.equal(formatDay("soon"), "soon");
  globalThis.document = { documentElement: { lang: "zh-CN" } };
  assert.equal(formatDay("2026-11-22"), "2026 年 11 月 22 日");
});
