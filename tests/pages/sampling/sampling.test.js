import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { barAxis, barLength } from "../../../static/js/base/bar-axis.js";
import { binomialBand } from "../../../static/pages/sampling/binomial.js";
import { textToHex } from "../../../static/js/base/bytes.js";
import { roll } from "../../../static/js/base/dice.js";
import { CONTROLS, STEPS, clampParam, isOff, neutralParams } from "../../../static/js/base/sampling-params.js";
import { PRESETS, presetOf } from "../../../static/pages/sampling/presets.js";
import { Prompt, decodeSoFar } from "../../../static/pages/sampling/prompt.js";
import { readShared, sharedState } from "../../../static/pages/sampling/share.js";
import {
  countDraws,
  insideBand,
  remainderRow,
  rollMany,
  stripIntervals,
  tokenRows,
} from "../../../static/pages/sampling/view.js";
import { exampleDistribution, exampleNames } from "../../../static/pages/sampling/worked-example.js";

const example = JSON.parse(readFileSync(new URL("../../../app/pages/sampling/example.json", import.meta.url), "utf8"));
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

test("a link restores what it was made from, and nothing that does not fit", () => {
  const prompt = new Prompt({ ids: [2, 5], text: "Hi" }).edit("Hi there");
  const params = { temperature: 0.7, top_k: 40, top_p: 0.9, min_p: 0 };
  const state = { prompt, model: "m", params, seed: 42, rolls: 3, pick: { by: "dice", roll: 2 }, scale: "log" };
  const { prompt: again, ...rest } = readShared(JSON.parse(JSON.stringify(sharedState(state))), state);
  assert.deepEqual({ ...again }, { ...prompt });
  assert.deepEqual(rest, { model: "m", params, seed: 42, rolls: 3, pick: state.pick, scale: "log" });

  const broken = {
    text: "a",
    typed: "b",
    ids: ["x"],
    seed: -1,
    params: { temperature: "hot", top_k: 1e99 },
    pick: { by: "strip", u: 7 },
  };
  const safe = readShared(broken, state);
  assert.deepEqual([safe.prompt.ids, safe.prompt.shown, safe.seed, safe.pick], [null, "ab", undefined, null]);
  assert.equal(safe.params.temperature, 0.7);
});

test("rows, the others and the whole sum to one hundred percent", () => {
  const distribution = exampleDistribution(example);
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
  const distribution = exampleDistribution(example);
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
  const distribution = exampleDistribution(example);
  const processed = distribution.process(example.params);
  assert.equal(distribution.size, example.vocabulary);
  close(distribution.entropyBits, example.entropy_bits, 0.01);
  close(processed.entropyBits, example.processed.entropy_bits, 0.01);
  close(processed.mass, example.processed.mass, 0.002);
  assert.ok(Math.abs(processed.kept - example.processed.kept) <= 1);
  for (const [index, row] of example.rows.entries()) {
    close(distribution.probability(index), row.raw, 2e-4);
    close(processed.probability(index), row.processed, 5e-4);
  }
  assert.equal(distribution.ids[processed.draw(example.roll.u)], example.roll.id);
  assert.equal(exampleNames(example).get(example.roll.id), example.roll.bytes);
});
