import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { barAxis, barLength } from "../../../static/js/base/bar-axis.js";
import { binomialBand } from "../../../static/pages/sampling/binomial.js";
import { textToHex } from "../../../static/js/base/bytes.js";
import { roll } from "../../../static/js/base/dice.js";
import { CONTROLS, STEPS, clampParam, isOff, neutralParams } from "../../../static/js/base/sampling-params.js";
import { PRESETS, presetOf } from "../../../static/pages/sampling/presets.js";
import { decodeSoFar } from "../../../static/js/base/bytes-so-far.js";
import { Prompt } from "../../../static/pages/sampling/prompt.js";
import { onePrompt, readState, sharedState } from "../../../static/pages/sampling/share.js";
import {
  countDraws,
  insideBand,
  remainderRow,
  rollMany,
  stripIntervals,
  tokenRows,
} from "../../../static/pages/sampling/view.js";
import { fromSummary, isSummary, namesIn, summaryOf } from "../../../static/pages/sampling/summary.js";

const example = JSON.parse(
  readFileSync(new URL("../../../app/pages/sampling/example.json", import.meta.url), "utf8"),
).en;
const close = (actual, expected, tolerance) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test("a bar is as long as its probability, on either axis", () => {
  const linear = barAxis("linear", 0.18);
  assert.equal(linear.top, 0.2);
  assert.equal(barLength(0.1, linear), 0.5);
  const log = barAxis("log", 0.18);
  assert.deepEqual(
    [1, 1e-4, 1e-8, 1e-12, 0].map((p) => barLength(p, log)),
    [1, 0.5, 0, 0, 0],
  );
  assert.equal(barAxis("linear", 1).top, 1);
});

test("the binomial band holds its share, and no more than it needs", () => {
  assert.deepEqual(binomialBand(1000, 0.5), [469, 531]);
  assert.deepEqual(
    [binomialBand(1000, 0), binomialBand(1000, 1)],
    [
      [0, 0],
      [1000, 1000],
    ],
  );
  assert.deepEqual(binomialBand(1000, 1e-9), [0, 0]);
});

test("every slider reaches its ends and its neutral value", () => {
  for (const [name, control] of Object.entries(CONTROLS)) {
    const most = control.most === Infinity ? 262_144 : control.most;
    const { toValue, toPosition } = control.slider(262_144);
    assert.equal(toValue(0), control.least, name);
    assert.equal(toValue(STEPS), most, name);
    assert.equal(toValue(toPosition(control.neutral)), control.neutral, name);
  }
  assert.equal(CONTROLS.temperature.slider().toPosition(1), STEPS / 2);
});

test("params are held inside their range, and known when they change nothing", () => {
  assert.equal(clampParam("temperature", 99), 5);
  assert.equal(clampParam("top_k", 3.4, 100), 3);
  assert.equal(clampParam("top_p", Number.NaN), null);
  assert.equal(isOff("top_k", 300_000, 262_144), true);
  assert.equal(isOff("top_p", 0.99), false);
  assert.deepEqual(PRESETS[0].params, neutralParams(["temperature", "top_k", "top_p", "min_p"]));
  assert.equal(presetOf({ temperature: 0.2, top_k: 0, top_p: 0.95, min_p: 0 }).name, "Code");
  assert.equal(presetOf({ temperature: 0.21, top_k: 0, top_p: 0.95, min_p: 0 }), null);
});

test("drawn tokens keep their ids while a person types on after them", () => {
  const typed = new Prompt({}).edit("My colour");
  assert.equal(typed.ids, null);
  const drawn = typed.append([2, 10, 11], { id: 12, bytes: textToHex(" is") });
  assert.deepEqual([drawn.ids, drawn.shown], [[2, 10, 11, 12], "My colour is"]);
  const on = drawn.edit("My colour is blue");
  assert.deepEqual([on.ids, on.typed, on.shown], [[2, 10, 11, 12], " blue", "My colour is blue"]);
  const changed = on.edit("My colours");
  assert.deepEqual([changed.ids, changed.typed], [null, "My colours"]);
});

test("half a character waits for its other half", () => {
  assert.deepEqual(decodeSoFar("20f09f98"), { text: " ", pending: "f09f98" });
  assert.deepEqual(decodeSoFar("f09f9880"), { text: "😀", pending: "" });
  assert.deepEqual(decodeSoFar("61ff62"), { text: "a⟨FF⟩b", pending: "" });
  const half = new Prompt({ typed: "x" }).append([1], { id: 7, bytes: "f09f" });
  assert.deepEqual([half.shown, half.pending], ["x", "f09f"]);
  assert.equal(half.append([1, 7], { id: 8, bytes: "9880" }).shown, "x😀");
});

const worked = {
  prompt: new Prompt({ typed: example.prompt }),
  ids: example.ids,
  tokens: example.tokens,
  bos: true,
  model: "m",
  distribution: fromSummary(example),
  named: namesIn(example),
  vocabulary: null,
  rolls: 0,
  pick: null,
  us: null,
  first: null,
  comparison: null,
  answered: example.prompt,
  waiting: false,
};
const settings = {
  params: { temperature: 0.7, top_k: 40, top_p: 0.9, min_p: 0 },
  setting: "top_p",
  seed: 42,
  scale: "log",
  guess: "less",
};
const carried = (state) =>
  JSON.parse(JSON.stringify(sharedState(state, (id) => state.named.get(id) ?? (id === 99 ? "20" : ""))));

test("a link restores what it was made from: prompt, numbers, dice", () => {
  const prompt = new Prompt({ ids: [2, 5], text: "Hi" }).edit("Hi there");
  const dice = { rolls: 1003, pick: { by: "dice", roll: 2 }, first: 3, us: rollMany(42, 3, 2, 1000) };
  const mine = { ...worked, ...dice, prompt, ids: [2, 5], answered: "Hi there" };
  const state = { ...mine, ...settings, own: true, other: worked };
  const again = readState(carried(state), state, worked);
  assert.deepEqual({ ...again.prompt }, { ...prompt });
  for (const name of ["params", "setting", "seed", "scale", "guess", "own", "rolls", "pick", "first", "us", "ids"]) {
    assert.deepEqual(again[name], state[name], name);
  }
  assert.equal(again.waiting, false); // nothing has to be asked
  for (const index of [0, 1, 59])
    close(again.distribution.probability(index), mine.distribution.probability(index), 1e-4);
  close(again.distribution.entropyBits, mine.distribution.entropyBits, 0.01);
  assert.deepEqual(onePrompt(again.other).prompt, worked.prompt);
});

test("a token that was picked in the tail keeps its name and its number in a link", () => {
  const distribution = fromSummary(example);
  distribution.ids[5000] = 99;
  const summary = summaryOf(distribution, (id) => (id === 99 ? "20" : "61"), 5000);
  assert.ok(isSummary(summary));
  const again = fromSummary(summary);
  assert.equal(again.ids[5000], 99);
  assert.equal(namesIn(summary).get(99), "20");
  close(again.probability(5000), distribution.probability(5000), 1e-7);
});

test("a link of before holds a prompt and no numbers; what does not fit stays as it is", () => {
  const state = { ...worked, ...settings, own: false, other: worked };
  const broken = {
    text: "a",
    typed: "b",
    ids: ["x"],
    seed: -1,
    params: { temperature: "hot", top_k: 1e99 },
    pick: { by: "strip", u: 7 },
  };
  const safe = readState(broken, state, worked);
  assert.deepEqual([safe.prompt.ids, safe.prompt.shown, safe.seed, safe.pick], [null, "ab", 42, null]);
  assert.deepEqual([safe.own, safe.waiting, safe.params.temperature], [true, true, 0.7]);
});

test("numbers of a link that are none are asked for again", () => {
  const state = { ...worked, ...settings, own: true, other: worked, prompt: new Prompt({ typed: "x" }), answered: "x" };
  for (const spoil of [
    (seen) => (seen.listed[0][1] = "<img>"),
    (seen) => (seen.listed[0][2] = 3),
    (seen) => (seen.tail = [[1, -1]]),
    (seen) => (seen.vocabulary = 2 ** 40),
    (seen) => (seen.tokens = [null]),
  ]) {
    const link = carried(state);
    assert.equal(readState(link, state, worked).waiting, false);
    spoil(link.mine.seen);
    assert.equal(readState(link, state, worked).waiting, true);
  }
});

test("rows, the others and the whole sum to one hundred percent", () => {
  const distribution = fromSummary(example);
  for (const params of [{}, { temperature: 0.7, top_k: 9 }, { temperature: 3, min_p: 0.01 }, { temperature: 0 }]) {
    const processed = distribution.process(params);
    const rows = tokenRows(distribution, processed, 12, () => "61");
    const rest = remainderRow(distribution, processed, rows.length);
    close(
      rows.reduce((sum, row) => sum + row.raw, rest.raw),
      1,
      1e-9,
    );
    close(
      rows.reduce((sum, row) => sum + row.processed, rest.processed),
      1,
      1e-9,
    );
    assert.equal(rest.count, distribution.size - 12);
    const strip = stripIntervals(distribution, processed, () => "61");
    assert.equal(
      strip.reduce((sum, { count }) => sum + count, 0),
      processed.kept,
    );
  }
});

test("a thousand rolls lie where theory says, and follow the same dice under other settings", () => {
  const distribution = fromSummary(example);
  const us = rollMany(42, 1, 5, 1000);
  assert.equal(us[0], roll(42, 1, 5));
  const processed = distribution.process({ temperature: 0.8, top_p: 0.9 });
  const observed = countDraws(processed, us, 40);
  const rows = tokenRows(distribution, processed, 40, () => "61", observed);
  const { inside, rows: drawn } = insideBand(rows);
  assert.equal(drawn, 40);
  assert.ok(inside >= 34, `${inside} of 40`);
  const rest = remainderRow(distribution, processed, 40, observed);
  assert.equal(
    rows.reduce((sum, row) => sum + row.observed.count, rest.observed.count),
    1000,
  );
  const greedy = countDraws(distribution.process({ temperature: 0 }), us, 40);
  assert.equal(greedy.counts[0], 1000);
});

test("the worked example gives its own numbers back", () => {
  const distribution = fromSummary(example);
  assert.equal(distribution.size, example.vocabulary);
  close(distribution.entropyBits, example.entropy_bits, 0.01);
  for (const [index, row] of example.rows.entries()) {
    close(distribution.probability(index), row.p, 2e-4);
    assert.equal(namesIn(example).get(distribution.ids[index]), row.bytes);
  }
  const hot = distribution.process({ temperature: 2 });
  close(hot.probability(0), example.hot.first, 2e-4);
  close(1 - hot.cumulative(5), example.hot.remainder, 0.002);
  const chat = distribution.process({ temperature: 0.8, top_p: 0.9 });
  assert.ok(Math.abs(chat.kept - example.chat.kept) <= 1);
  close(chat.mass, example.chat.mass, 0.002);
});
