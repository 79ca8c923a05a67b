import assert from "node:assert/strict";
import test from "node:test";

import { useCatalog } from "../../static/js/base/i18n.js";
import { inPageLanguage } from "../../static/js/base/server-sentences.js";

test("a sentence of the server is said in the page's language, with its own values", () => {
  useCatalog({
    "prompt is {given} tokens; {model} reads at most {limit}": "{model} 最多读 {limit} 个，不是 {given} 个",
  });
  assert.equal(
    inPageLanguage("prompt is 9,000 tokens; gemma-3-270m reads at most 8,192"),
    "gemma-3-270m 最多读 8,192 个，不是 9,000 个",
  );
});

test("what is not known stays as it came", () => {
  useCatalog({});
  assert.equal(inPageLanguage("ids has 7 (and more)"), "ids has 7 (and more)");
  assert.equal(inPageLanguage("prompt is 3 tokens; m reads at most 2"), "prompt is 3 tokens; m reads at most 2");
});
