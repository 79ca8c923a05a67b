import assert from "node:assert/strict";
import test from "node:test";

import {
  amend,
  canRedo,
  canUndo,
  commit,
  newHistory,
  redo,
  seal,
  undo,
} from "../../../static/pages/playground/history.js";

test("undo and redo walk over edits and generations alike", () => {
  let history = newHistory("");
  history = commit(history, "typed", "type", 0);
  history = commit(history, "typed+model", "generate", 10);
  history = amend(history, "typed+model+more");
  history = commit(history, "typed+model+more, edited", "type", 20);
  assert.equal((history = undo(history)).present, "typed+model+more");
  assert.equal((history = undo(history)).present, "typed");
  assert.equal((history = undo(history)).present, "");
  assert.equal(canUndo(history), false);
  assert.equal(undo(history), history);
  for (const present of ["typed", "typed+model+more", "typed+model+more, edited"]) {
    assert.equal((history = redo(history)).present, present);
  }
  assert.equal(canRedo(history), false);
});

test("typing without a pause is one step", () => {
  let history = newHistory("");
  history = commit(history, "a", "type", 0);
  history = commit(history, "ab", "type", 500);
  history = commit(history, "abc", "type", 5000);
  assert.equal((history = undo(history)).present, "ab");
  assert.equal(undo(history).present, "");
});

test("a new edit forgets what was undone, and sealing starts a new step", () => {
  let history = commit(newHistory(""), "a", "type", 0);
  history = commit(seal(history), "ab", "type", 1);
  history = undo(history);
  assert.equal(history.present, "a");
  history = commit(history, "ax", "type", 2);
  assert.equal(canRedo(history), false);
});

test("an unchanged present is no step", () => {
  const history = newHistory("a");
  assert.equal(commit(history, "a", "type"), history);
});

test("of 501 steps the newest 500 can be undone", () => {
  let history = newHistory(0);
  for (let present = 1; present <= 501; present += 1) history = commit(history, present, "generate");
  assert.equal(undo(history).present, 500);
  let steps = 0;
  while (canUndo(history)) {
    history = undo(history);
    steps += 1;
  }
  assert.deepEqual([steps, history.present], [500, 1]);
});

test("a pause of exactly 1.2 seconds begins a step, and so does typing after an undo", () => {
  let history = commit(newHistory(""), "a", "type", 0);
  history = commit(history, "ab", "type", 1199);
  history = commit(history, "abc", "type", 1199 + 1200);
  assert.equal((history = undo(history)).present, "ab");
  history = commit(history, "abd", "type", 2400);
  assert.equal(undo(history).present, "ab");
});
