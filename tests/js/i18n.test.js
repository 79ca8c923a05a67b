import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { fetchCatalog, msg, t, tParts, useCatalog } from "../../static/js/base/i18n.js";

beforeEach(() => useCatalog({}));
afterEach(() => {
  delete globalThis.document;
});

test("a sentence without translation stands as it is", () => {
  assert.equal(t("Roll the dice"), "Roll the dice");
});

test("a translated sentence has its places filled, in its own order", () => {
  useCatalog({ "{a} of {b}": "{b} 中的 {a}" });
  assert.equal(t("{a} of {b}", { a: "x", b: "y" }), "y 中的 x");
});

test("numbers are written as the language writes them; a place without a value stays visible", () => {
  assert.equal(t("{n} tokens, {missing}", { n: 262144 }), "262,144 tokens, {missing}");
});

test("a value that looks like a place is not filled again", () => {
  assert.equal(t("{text}", { text: "{n}", n: 3 }), "{n}");
});

test("plural forms follow n", () => {
  useCatalog({ "{n} tokens": { one: "{n} token", other: "{n} tokens" } });
  assert.equal(t("{n} tokens", { n: 1 }), "1 token");
  assert.equal(t("{n} tokens", { n: 0 }), "0 tokens");
  assert.equal(t("{n} tokens", { n: 1000 }), "1,000 tokens");
});

test("parts keep what is not text, for elements to put in place", () => {
  const bold = { strings: ["<b>"] };
  assert.deepEqual(tParts("picked {token} at rank {n}", { token: bold, n: 1234 }), [
    "picked ",
    bold,
    " at rank ",
    "1,234",
  ]);
});

test("the catalog is the page's own, asked for twice; without it the page speaks English", async (context) => {
  const link = { href: "/page-messages/home/zh-CN" };
  let failures = 1;
  context.mock.method(globalThis, "fetch", async (href) => {
    if (failures-- > 0) throw new TypeError("no network");
    return { json: async () => ({ Close: `关闭 ${href}` }) };
  });
  assert.deepEqual(await fetchCatalog(link), { Close: "关闭 /page-messages/home/zh-CN" });
  failures = 2;
  assert.deepEqual(await fetchCatalog(link), {});
  assert.deepEqual(await fetchCatalog(null), {});
});

test("a sentence that is called like a property of every object stays as it is", () => {
  useCatalog({});
  for (const name of ["constructor", "__proto__", "toString"]) assert.equal(t(name, { n: 1 }), name);
});

test("msg only marks", () => {
  assert.equal(msg("fetching"), "fetching");
});
