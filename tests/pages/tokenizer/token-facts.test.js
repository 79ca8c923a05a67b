import assert from "node:assert/strict";
import { test } from "node:test";
import { Latest } from "../../../static/pages/tokenizer/latest.js";
import { noticesOf, rankOf, tokenFacts, withOtherBlank } from "../../../static/pages/tokenizer/token-facts.js";
import { TokenList } from "../../../static/js/base/token-list.js";
import { taxed } from "../../../static/pages/tokenizer/tax.js";

test("ranks are told only where ids are in the order of the merges", () => {
  assert.deepEqual(rankOf("gpt2", 255), { kind: "byte" });
  assert.deepEqual(rankOf("gpt2", 256), { kind: "merge", merge: 1, merges: 50_000 });
  assert.deepEqual(rankOf("gpt2", 50_255), { kind: "merge", merge: 50_000, merges: 50_000 });
  assert.equal(rankOf("gpt2", 50_256), null);
  assert.equal(rankOf("p50k_base", 50_260), null); // runs of spaces, added by hand
  assert.equal(rankOf("gemma-3-270m", 9000), null);
});

test("facts of a token that holds part of a character", () => {
  const list = TokenList.from([
    { id: 9085, bytes: "20e88d" },
    { id: 235, bytes: "89" },
    { id: 235, bytes: "41" },
  ]);
  const facts = tokenFacts(list, 1, "cl100k_base");
  assert.equal(facts.partOf, "草");
  assert.deepEqual([facts.start, facts.end, facts.characterStart], [3, 4, 2]);
  assert.equal(facts.occurrences, 2);
  assert.equal(tokenFacts(list, 2, "cl100k_base").partOf, null);
});

test("the same word with the other blank", () => {
  const bytes = (text) => new TextEncoder().encode(text);
  assert.equal(withOtherBlank(bytes(" strawberry")), "strawberry");
  assert.equal(withOtherBlank(bytes("berry")), " berry");
  for (const text of [" ", "?", "\n", "  x", ""]) assert.equal(withOtherBlank(bytes(text)), null);
  assert.equal(withOtherBlank(Uint8Array.of(0xe8)), null);
});

test("notices only where there is something to notice", () => {
  assert.deepEqual(noticesOf({}), []);
  assert.equal(noticesOf({ replaced: 2, split: true, rightToLeft: true, normalised: true, specials: 1 }).length, 5);
});

test("the tax is measured against the first row", () => {
  const rows = taxed([
    { tokens: 30, bytes: 150 },
    { tokens: 60, bytes: 90 },
  ]);
  assert.deepEqual(
    rows.map(({ ratio }) => ratio),
    [1, 2],
  );
  assert.deepEqual(
    rows.map(({ bytesPerToken }) => bytesPerToken),
    [5, 1.5],
  );
  assert.deepEqual(
    rows.map(({ share }) => share),
    [50, 100],
  );
});

test("an older answer is dropped, whenever it comes", async () => {
  const latest = new Latest();
  let finish;
  const slow = latest.run(() => new Promise((resolve) => (finish = resolve)));
  const quick = latest.run(async () => "new");
  finish("old");
  assert.equal(await quick, "new");
  assert.equal(await slow, undefined);
  const failing = latest.run(() => Promise.reject(new Error("x")));
  latest.cancel();
  assert.equal(await failing, undefined);
  await assert.rejects(
    latest.run(() => Promise.reject(new Error("y"))),
    /y/,
  );
});
