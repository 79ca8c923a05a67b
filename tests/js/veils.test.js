import assert from "node:assert/strict";
import { test } from "node:test";
import { bringsState, packOpen, startsCovered, unpackOpen } from "../../static/js/base/veils.js";

test("a page opens with its answers covered, and with a state of its own shows them", () => {
  assert.equal(startsCovered("bare", { hash: "", open: [] }), true);
  assert.equal(startsCovered("bare", { hash: "#predict-bare", open: [] }), true);
  assert.equal(startsCovered("bare", { hash: "#s=1.abc", open: [] }), false);
});

test("a change of language carries a state, and leaves open what was open", () => {
  const open = unpackOpen(packOpen("/assistant", ["bare"]), "/assistant");
  assert.equal(startsCovered("bare", { hash: "#s=1.abc", open }), true);
  assert.equal(startsCovered("another", { hash: "#s=1.abc", open }), false);
});

test("what another page kept, or nobody, is nothing", () => {
  assert.deepEqual(unpackOpen(packOpen("/assistant", ["bare"]), "/few-shot"), []);
  for (const text of [
    null,
    "",
    "{",
    "null",
    "[]",
    '{"path":"/few-shot"}',
    '{"path":"/few-shot","questions":"korean"}',
  ]) {
    assert.deepEqual(unpackOpen(text, "/few-shot"), [], String(text));
  }
});

test("only a state is one", () => {
  assert.deepEqual(["", "#", "#s", "#s=", "#s=1.", "#predict-s=1"].map(bringsState), [
    false,
    false,
    false,
    true,
    true,
    false,
  ]);
});
