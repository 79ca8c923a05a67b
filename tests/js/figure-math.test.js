import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allX,
  decimalsFor,
  domainOf,
  extentOf,
  logTicks,
  nearestIndex,
  spread,
} from "../../static/js/base/figure-math.js";

const points = (...ys) => ys.map((y, x) => ({ x, y }));

test("every x of every line, once, in order", () => {
  assert.deepEqual(allX([{ points: [{ x: 4 }, { x: 1 }] }, { points: [{ x: 2 }, { x: 4 }] }]), [1, 2, 4]);
});

test("the extent takes bands in, and gaps out", () => {
  const series = [
    {
      points: [
        { x: 0, y: 2, low: 1, high: 5 },
        { x: 1, y: null },
      ],
    },
  ];
  assert.deepEqual(extentOf(series, "y"), [1, 5]);
  assert.equal(extentOf([{ points: points(null) }], "y"), null);
  assert.deepEqual(extentOf([{ points: points(0, 2) }], "y", true), [2, 2]);
});

test("linear heights begin at zero; reference lines are in view", () => {
  const series = [{ points: points(3, 4) }];
  assert.deepEqual(domainOf(series, "y"), [0, 4]);
  assert.deepEqual(domainOf(series, "y", { rules: [{ y: 9 }] }), [0, 9]);
  assert.deepEqual(domainOf([{ points: points(-3, -1) }], "y"), [-3, 0]);
  assert.deepEqual(domainOf(series, "y", { domain: [2, 8] }), [2, 8]);
  assert.deepEqual(domainOf([{ points: points(0) }], "y"), [0, 1]);
  assert.deepEqual(domainOf([{ points: points(1) }], "x"), [-1, 1]);
  assert.deepEqual(domainOf([], "x"), [0, 1]);
});

test("a logarithmic axis has no zero", () => {
  assert.deepEqual(domainOf([{ points: points(0, 0.5, 8) }], "y", { scale: "log" }), [0.5, 8]);
  assert.deepEqual(domainOf([{ points: points(4) }], "y", { scale: "log", rules: [{ y: 0 }] }), [2, 8]);
  assert.deepEqual(domainOf([], "y", { scale: "log" }), [1, 10]);
});

test("the nearest point by its place", () => {
  assert.equal(nearestIndex([1, 2, 4, 8], Math.log2, 1.6), 2);
  assert.equal(nearestIndex([], Number, 1), -1);
});

test("labels stand apart, inside, in the order of their lines", () => {
  assert.deepEqual(spread([50, 52, 10], [10, 10, 10], 100), [50, 60, 10]);
  assert.deepEqual(spread([99, 100], [20, 20], 100), [70, 90]);
  assert.deepEqual(spread([0], [20], 100), [10]);
});

test("ticks have the decimals they need and no more", () => {
  assert.deepEqual([[0, 2, 4], [0, 0.5, 1], [0, 0.25], [1], [0, 0.125]].map(decimalsFor), [0, 1, 2, 0, 3]);
});

test("powers of two for short ranges, of ten for long ones, never too many", () => {
  assert.deepEqual(logTicks([1, 64], 10), [1, 2, 4, 8, 16, 32, 64]);
  assert.deepEqual(logTicks([1, 64], 4), [1, 4, 16, 64]);
  assert.deepEqual(logTicks([0.001, 100], 10), [0.001, 0.01, 0.1, 1, 10, 100]);
});
