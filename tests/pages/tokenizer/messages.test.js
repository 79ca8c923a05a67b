import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../..", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const scripts = readdirSync(new URL("static/pages/tokenizer/", root))
  .filter((name) => name.endsWith(".js"))
  .map((name) => `static/pages/tokenizer/${name}`);
const catalogOf = (language) => {
  const shared = readdirSync(new URL(`templates/locales/${language}/`, root));
  const files = [`pages/tokenizer/${language}.json`, ...shared.map((name) => `locales/${language}/${name}`)];
  return Object.assign({}, ...files.map((path) => JSON.parse(read(`templates/${path}`))));
};
const places = (sentence) => [...sentence.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

test("every sentence of the tokenizer page is there in Chinese, with the same places", () => {
  const catalog = catalogOf("zh-CN");
  const keys = scripts.flatMap((path) =>
    [...read(path).matchAll(/\b(?:t|msg)\(\s*"((?:[^"\\]|\\.)*)"/g)].map(([, key]) => JSON.parse(`"${key}"`)),
  );
  assert.ok(keys.length > 40);
  for (const key of keys) {
    assert.ok(catalog[key], key);
    assert.deepEqual(places(catalog[key]), places(key), key);
  }
});

test("languages of the tax have names in Chinese", () => {
  const catalog = catalogOf("zh-CN");
  for (const { name } of JSON.parse(read("app/pages/tokenizer/example.json")).tax) assert.ok(catalog[name], name);
});

test("counted sentences have a singular in English", () => {
  const catalog = catalogOf("en");
  for (const key of ["{n} bytes", "{n} characters", "{n} tokens"])
    assert.equal(catalog[key].one, key.replace(/s$/, ""));
});
