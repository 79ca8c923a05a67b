import assert from "node:assert/strict";
import { test } from "node:test";
import { useCatalog } from "../../static/js/base/i18n.js";
import {
  ShareError,
  decodeState,
  encodeState,
  provideSnapshot,
  readFragment,
  shareLink,
  takeSnapshot,
} from "../../static/js/base/share.js";

useCatalog({});
const STATE = {
  text: "草莓 😀 \u0000 <b>",
  ids: [2, 262143],
  params: { temperature: 0.8, top_k: 0 },
  seed: 2 ** 53 - 1,
};

test("a state comes back as it was, through an address", async () => {
  const link = await shareLink(STATE, "http://localhost:8000/playground?lang=zh-CN#old");
  const { search, hash } = new URL(link);
  assert.equal(search, "?lang=zh-CN");
  assert.match(hash, /^#s=1\.[\w-]+$/);
  assert.deepEqual(await readFragment(hash), STATE);
});

test("a document of 400 tokens with its settings takes at most 2 kB", async () => {
  const ids = Array.from({ length: 400 }, (_, i) => (i * 7919) % 50000);
  assert.ok((await encodeState({ ...STATE, ids })).length <= 2048);
});

test("an address without a state holds none", async () => {
  assert.equal(await readFragment(""), null);
  assert.equal(await readFragment("#main"), null);
});

test("a link of another version says so", async () => {
  await assert.rejects(
    decodeState("7.abcd"),
    (error) => error instanceof ShareError && error.message.includes("version"),
  );
});

test("a damaged link says so, wherever it is cut", async () => {
  const whole = await encodeState(STATE);
  for (const damaged of ["1.", "1.%%%", "1.AAAA", "1", whole.slice(0, -6), whole.slice(0, 12)]) {
    await assert.rejects(decodeState(damaged), ShareError, damaged);
  }
});

test("a small link that unpacks to far too much is refused", async () => {
  await assert.rejects(decodeState(await encodeState("a".repeat(5_000_000))), ShareError);
});

test("a page's snapshot is taken when asked for", () => {
  assert.equal(takeSnapshot(), null);
  let text = "a";
  provideSnapshot(() => ({ text }));
  text = "b";
  assert.deepEqual(takeSnapshot(), { text: "b" });
});
