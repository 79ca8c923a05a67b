import assert from "node:assert/strict";
import { test } from "node:test";
import { madeHere } from "../../static/js/base/made-here.js";

test("what was computed here is dated today", () => {
  assert.deepEqual(madeHere({ model: "tiny", state: "done" }), {
    model: "tiny",
    measured_on: new Date().toISOString().slice(0, 10),
  });
});
