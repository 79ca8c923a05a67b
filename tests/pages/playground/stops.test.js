import assert from "node:assert/strict";
import test from "node:test";

import { parseStops, writeStops } from "../../../static/pages/playground/stops.js";

test("stop strings are read with their escapes", () => {
  assert.deepEqual(parseStops(String.raw`\n\n | END`), ["\n\n", "END"]);
  assert.deepEqual(parseStops(String.raw`a\|b|\\`), ["a|b", "\\"]);
  assert.deepEqual(parseStops(""), []);
  assert.deepEqual(parseStops(" | | "), []);
  assert.equal(parseStops("1|2|3|4|5").length, 4);
});

test("what is written is read back", () => {
  for (const stops of [["\n\n"], ["a|b", "\\n"], [" Human:", "\t"], ["end "]])
    assert.deepEqual(parseStops(writeStops(stops)), stops);
});
