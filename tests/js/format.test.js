import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  formatBits,
  formatBytes,
  formatChoices,
  formatCompact,
  formatCount,
  formatLogprob,
  formatProbability,
  formatProgress,
  formatRoll,
  formatSeconds,
} from "../../static/js/base/format.js";
import { useCatalog } from "../../static/js/base/i18n.js";

useCatalog({});
afterEach(() => {
  delete globalThis.document;
});

function chinese() {
  globalThis.document = { documentElement: { lang: "zh-CN" } };
}

test("a probability is written with one decimal, two under one percent", () => {
  assert.equal(formatProbability(0.2134), "21.3%");
  assert.equal(formatProbability(0.005), "0.50%");
  assert.equal(formatProbability(0.0001), "0.01%");
  assert.equal(formatProbability(0.00994), "0.99%");
  assert.equal(formatProbability(0.00996), "1.0%");
});

test("only zero is written as zero, and only certainty as 100%", () => {
  assert.equal(formatProbability(0), "0%");
  assert.equal(formatProbability(0.00005), "<0.01%");
  assert.equal(formatProbability(1e-300), "<0.01%");
  assert.equal(formatProbability(0.9994), "99.9%");
  assert.equal(formatProbability(0.99996), ">99.9%");
  assert.equal(formatProbability(1), "100%");
  assert.equal(formatProbability(1.0000001), "100%");
  assert.equal(formatProbability(Number.NaN), "–");
});

test("Chinese puts no space before the percent sign", () => {
  chinese();
  assert.equal(formatProbability(0.2134), "21.3%");
});

test("counts have separators, and large ones a short form in each language", () => {
  assert.equal(formatCount(262144), "262,144");
  assert.equal(formatCompact(268098176), "268M");
  assert.equal(formatCompact(6e12), "6T");
  chinese();
  assert.equal(formatCompact(268098176), "2.68\u00a0亿");
  assert.equal(formatCompact(6e12), "6\u00a0万亿");
});

test("a roll is cut, so that it never shows 1", () => {
  assert.equal(formatRoll(0.61839), "0.6183");
  assert.equal(formatRoll(0.999999), "0.9999");
  assert.equal(formatRoll(0), "0.0000");
});

test("a progress shows 100% only at its end", () => {
  assert.equal(formatProgress(0.419), "41%");
  assert.equal(formatProgress(0.9999), "99%");
  assert.equal(formatProgress(1), "100%");
});

test("entropy in bits, and the choices it is worth", () => {
  assert.equal(formatBits(3.14159), "3.1 bits");
  assert.equal(formatChoices(3.1), "8.6");
  assert.equal(formatChoices(0), "1.0");
  assert.equal(formatChoices(10), "1,024");
});

test("a log-probability has a real minus, and may be minus infinity", () => {
  assert.equal(formatLogprob(-2.3026), "−2.303");
  assert.equal(formatLogprob(-Infinity), "−∞");
});

test("amounts of data and of time take the unit that fits", () => {
  assert.equal(formatBytes(0), "0\u00a0B");
  assert.equal(formatBytes(999), "999\u00a0B");
  assert.equal(formatBytes(1500), "1.5\u00a0kB");
  assert.equal(formatBytes(536223056), "536\u00a0MB");
  assert.equal(formatSeconds(0.1804), "180 ms");
  assert.equal(formatSeconds(2.4), "2.4 s");
  assert.equal(formatSeconds(200), "3 min 20 s");
  assert.equal(formatSeconds(7500), "2 h 5 min");
});
