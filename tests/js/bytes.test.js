import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesToHex,
  decodeUtf8,
  hexToBytes,
  spacedHex,
  spokenText,
  textToHex,
  visibleParts,
  visibleText,
} from "../../static/js/base/bytes.js";
import { useCatalog } from "../../static/js/base/i18n.js";

useCatalog({});

test("hex and bytes are the same thing twice", () => {
  assert.deepEqual([...hexToBytes("f09f00")], [0xf0, 0x9f, 0]);
  assert.equal(bytesToHex(hexToBytes("00ff7f")), "00ff7f");
  assert.equal(spacedHex("f09f98"), "f0 9f 98");
  assert.equal(spacedHex(""), "");
});

test("whitespace has a mark, and every mark remembers what it stands for", () => {
  assert.deepEqual(visibleParts(textToHex(" the")), [
    { text: "·", kind: "space", source: " " },
    { text: "the", kind: "text", source: "the" },
  ]);
  assert.equal(visibleText(textToHex("a\n\tb\u3000")), "a↵⇥b□");
});

test("a typed middle dot is text, a space is not", () => {
  assert.equal(visibleParts(textToHex("·"))[0].kind, "text");
  assert.equal(visibleParts(textToHex(" "))[0].kind, "space");
});

test("pieces of a character are bytes, never a replacement character", () => {
  assert.equal(visibleText("f09f"), "F0 9F");
  assert.equal(visibleText("2061f0"), "·aF0");
  assert.equal(visibleText("9880"), "98 80");
  assert.deepEqual(
    visibleParts("c0af").map(({ kind }) => kind),
    ["byte", "byte"],
  ); // overlong
  assert.deepEqual(
    visibleParts("eda080").map(({ kind }) => kind),
    ["byte", "byte", "byte"],
  ); // a lone surrogate
});

test("a typed replacement character is text", () => {
  assert.deepEqual(visibleParts("efbfbd"), [{ text: "\ufffd", kind: "text", source: "\ufffd" }]);
});

test("invisible characters show their number", () => {
  assert.equal(visibleText(textToHex("\u200b")), "U+200B");
  assert.equal(visibleText(textToHex("\ufeff")), "U+FEFF");
  assert.equal(visibleText(textToHex("\u202e")), "U+202E");
  assert.equal(visibleText("00"), "U+0000");
});

test("an emoji made of several characters stays whole", () => {
  assert.equal(visibleText(textToHex("👩‍💻")), "👩‍💻");
});

test("every text comes back from its parts", () => {
  for (const text of ["", " a b\n", "naïve 草莓 😀", "\u200b\ufeffx\u0000", "ก็ e\u0301"]) {
    assert.equal(
      visibleParts(textToHex(text))
        .map(({ source }) => source)
        .join(""),
      text,
    );
  }
});

test("a token is read aloud in words", () => {
  assert.equal(spokenText(textToHex(" the")), "space the");
  assert.equal(spokenText("f09f"), "bytes F0 9F");
  assert.equal(spokenText(textToHex("\n\n")), "line break line break");
});

test("decoding refuses half characters", () => {
  assert.equal(decodeUtf8(hexToBytes("e88d89")), "草");
  assert.equal(decodeUtf8(hexToBytes("e88d")), null);
});
