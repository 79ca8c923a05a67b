import assert from "node:assert/strict";
import { test } from "node:test";
import { wordPattern, wordsIn } from "../../static/js/base/blur.js";
import { secretIn } from "../../static/js/base/teacher.js";

const found = (words, text) => Array.from(text.matchAll(wordPattern(words)), ([word]) => word);

test("whole words are found, in upper or lower case", () => {
  assert.deepEqual(found(["ass"], "Ass, class, assess, (ass) ASS!"), ["Ass", "ass", "ASS"]);
  assert.deepEqual(found(["été"], "Été d’étés"), ["Été"]);
  assert.deepEqual(found(["two words"], "Two  words\ntwo words"), ["Two  words", "two words"]);
});

test("a language without spaces has no whole words", () => {
  assert.deepEqual(found(["草莓"], "我爱草莓蛋糕"), ["草莓"]);
});

test("what means something in an expression means itself in a list", () => {
  assert.deepEqual(found(["a.b", "c++", "[x]", "d-e", "f/g", "h\\\\i"], "a.b aXb c++ [x] x d-e f/g"), [
    "a.b",
    "c++",
    "[x]",
    "d-e",
    "f/g",
  ]);
});

test("an empty list finds nothing", () => {
  assert.equal(wordPattern([]), null);
  assert.equal(wordPattern([" ", ""]), null);
});

test("a secret is read from a teacher's link alone", () => {
  assert.equal(secretIn("http://127.0.0.1:8000/status#teacher=a-b_c"), "a-b_c");
  assert.equal(secretIn("#teacher=s%20%C3%A9"), "s é");
  assert.equal(secretIn("#s=1.AAAA"), null);
  assert.equal(secretIn("a-b_c"), null);
});

test("a list is typed by lines or commas, each word once", () => {
  assert.deepEqual(wordsIn(" one, two\n\none，草莓、two words\n"), ["one", "two", "草莓", "two words"]);
});
