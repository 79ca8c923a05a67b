import assert from "node:assert/strict";
import test from "node:test";

import {
  blocksOf,
  changeBranch,
  deleteBranches,
  mergeIdentical,
  rememberBranch,
  runsThrough,
  treeOf,
} from "../../../static/pages/playground/branches.js";

const token = (id, p = null) => ({
  id,
  bytes: "61",
  by: "model",
  ...(p === null ? {} : { step: { raw_logprob: Math.log(p) } }),
});
const line = (...tokens) => tokens.map((one) => (Array.isArray(one) ? token(...one) : token(one, 0.5)));
const remember = (...lines) => lines.reduce((branches, entries) => rememberBranch(branches, entries), []);

test("a longer continuation takes the place of what it continues", () => {
  const branches = remember(line(1, 2), line(1, 2, 3));
  assert.equal(branches.length, 1);
  assert.equal(branches[0].entries.length, 3);
  assert.equal(rememberBranch(branches, line(1, 2)), branches);
});

test("a pinned or named branch stays when it is continued and when others are deleted", () => {
  let branches = changeBranch(remember(line(1, 2)), 1, { pinned: true });
  branches = rememberBranch(branches, line(1, 2, 3));
  assert.equal(branches.length, 2);
  assert.deepEqual(
    deleteBranches(branches, [1, 2]).map(({ key }) => key),
    [1],
  );
});

test("branches share nodes up to where they part", () => {
  const root = treeOf(remember(line(1, 2, 3), line(1, 2, 4, 5), line(1, 2, 4, 6)));
  assert.deepEqual(
    root.entries.map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual(
    root.children.map(({ entries }) => entries.map(({ id }) => id)),
    [[3], [4]],
  );
  assert.deepEqual(
    root.children[1].children.map(({ entries }) => entries[0].id),
    [5, 6],
  );
  assert.equal(root.count, 3);
});

test("a branch that ends inside another ends at its node", () => {
  let branches = changeBranch(remember(line(1, 2)), 1, { name: "short" });
  branches = rememberBranch(branches, line(1, 2, 3));
  const root = treeOf(branches);
  assert.equal(root.ends.name, "short");
  assert.equal(root.children.length, 1);
});

test("at each depth the heights sum to one with the remainder", () => {
  const root = treeOf(remember(line(1, [2, 0.5], [3, 0.25]), line(1, [2, 0.5], [4, 0.125]), line(1, [5, 0.1])));
  const levels = blocksOf(root);
  assert.equal(levels.length, 3);
  for (const level of levels) {
    const sum = level.reduce((total, { from, to }) => total + to - from, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `${sum}`);
  }
  const shares = levels[1].map(({ share }) => share);
  assert.ok(Math.abs(shares[0] - 0.5) < 1e-12 && Math.abs(shares[2] - 0.4) < 1e-12);
});

test("children without a probability share what is left", () => {
  const [, below] = blocksOf(treeOf(remember(line(1, [2, 0.4]), line(1, [3]), line(1, [4]))));
  assert.deepEqual(
    below.map(({ share }) => Number(share.toFixed(3))),
    [0.4, 0.3, 0.3],
  );
});

test("identical continuations merge with a counter", () => {
  const merged = mergeIdentical([line(1, 2), line(1, 3), line(1, 2), line(1, 2)]);
  assert.deepEqual(
    merged.map(({ count }) => count),
    [3, 1],
  );
});

test("a document runs through the nodes of its own line only", () => {
  const root = treeOf(remember(line(1, 2, 3), line(1, 2, 4)));
  assert.ok(runsThrough(root, line(1, 2, 4)));
  assert.ok(runsThrough(root.children[1], line(1, 2, 4)));
  assert.ok(!runsThrough(root.children[0], line(1, 2, 4)));
});
