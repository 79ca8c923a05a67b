import assert from "node:assert/strict";
import { test } from "node:test";
import { useCatalog } from "../../static/js/base/i18n.js";
import { WaitingLine } from "../../static/js/base/waiting-line.js";

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

test("who waits reads the place, and how long it takes once the line has moved", () => {
  useCatalog({});
  const line = new WaitingLine();
  assert.equal(line.text, null);
  line.see(12, 1000);
  assert.equal(line.text, "Waiting: number 12 in the queue.");
  line.see(10, 4000);
  assert.equal(line.text, "Waiting: number 10 in the queue, about 15 s.");
  line.see(0, 5000);
  assert.equal(line.text, null);
});
