import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitingLine } from "../../static/js/waiting-line.js";

test("a line that has not moved tells nothing of its pace", () => {
  const line = new WaitingLine();
  assert.equal(line.seconds, null);
  line.see(40, 1000);
  line.see(40, 9000);
  assert.equal(line.seconds, null);
});

test("three places in six seconds leave 37 places at two seconds each", () => {
  const line = new WaitingLine();
  line.see(40, 1000);
  line.see(38, 4000);
  line.see(37, 7000);
  assert.equal(line.seconds, 74);
  line.see(0, 8000);
  assert.equal(line.seconds, 0);
});
