import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { runsRightToLeft, startsWord, textPieces, tokenPieces, unitsOf } from "../../static/js/base/token-groups.js";
import { TokenList } from "../../static/js/base/token-list.js";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const listOf = (...pieces) => TokenList.from(pieces.map((bytes, id) => ({ id, bytes, special: false })));
const marks = (text) => textPieces(text).map(({ kind, text: ink, mark }) => `${kind}:${mark || ink}`);

test("whitespace has marks, breaks are counted", () => {
  assert.deepEqual(marks(" a\n"), ["space:·", "text:a", "newline:↵"]);
  assert.deepEqual(marks("a\tb\u00a0c"), ["text:a", "space:⇥", "text:b", "space:⍽", "text:c"]);
  assert.equal(textPieces("\n\n")[1].breaks, 1);
  assert.deepEqual(marks("\r\n"), ["newline:␍↵"]);
  assert.deepEqual(marks("\r"), ["name:␍"]);
});

test("long runs are counted, short ones are drawn", () => {
  assert.deepEqual(marks("        x"), ["run:␣×8", "text:x"]);
  assert.deepEqual(marks("   "), ["space:·", "space:·", "space:·"]);
  assert.deepEqual(marks("\n".repeat(6)), ["newline:↵×6"]);
  assert.equal(textPieces("\n".repeat(6))[0].breaks, 6);
});

test("characters without ink get their names", () => {
  assert.deepEqual(marks("a\u200bb"), ["text:a", "name:⟨ZWSP⟩", "text:b"]);
  assert.deepEqual(marks("\ufeff"), ["name:⟨BOM⟩"]);
  assert.deepEqual(marks("\u0007\u0085"), ["name:⟨0x07⟩", "name:⟨0x85⟩"]);
  assert.deepEqual(marks("\u2009\u3000"), ["name:⟨U+2009⟩", "name:⟨U+3000⟩"]);
  assert.deepEqual(marks("\u202eabc"), ["name:⟨RLO⟩", "text:abc"]);
});

test("a combining mark alone stands on a dotted circle, inside a word it does not", () => {
  assert.deepEqual(marks("\u0301\u0328a"), ["combining:◌\u0301\u0328", "text:a"]);
  assert.deepEqual(marks(" \u0301"), ["space:·", "combining:◌\u0301"]);
  assert.deepEqual(marks("\ufe0f\u20e3"), ["name:⟨U+FE0F⟩", "combining:◌\u20e3"]);
  assert.deepEqual(marks("e\u0301"), ["text:e\u0301"]);
});

test("a typed U+FFFD is itself; bytes that are no character are hex, never U+FFFD", () => {
  assert.deepEqual(marks("\ufffd"), ["text:\ufffd"]);
  const pieces = tokenPieces(Uint8Array.of(0x20, 0xf0, 0x9f, 0x98));
  assert.deepEqual(
    pieces.map(({ kind, text }) => [kind, text]),
    [
      ["space", " "],
      ["bytes", "F0 9F 98"],
    ],
  );
  for (let byte = 0x80; byte < 0x100; byte += 1) {
    assert.deepEqual(
      tokenPieces(Uint8Array.of(byte)).map(({ kind }) => kind),
      ["bytes"],
    );
  }
});

test("tokens that share a character are one unit, drawn once", () => {
  const units = unitsOf(listOf(hex("a"), "f09f98", "80", hex("b")), 0, 3);
  assert.deepEqual(
    units.map(({ first, last }) => [first, last]),
    [
      [0, 0],
      [1, 2],
      [3, 3],
    ],
  );
  assert.equal(units[1].glyph[0].text, "😀");
  assert.deepEqual(
    units[1].chips.map(([piece]) => piece.text),
    ["F0 9F 98", "80"],
  );
  assert.equal(units[0].glyph, null);
});

test("half a character at the end of what a model wrote stays hex", () => {
  const [unit] = unitsOf(listOf("f09f98"), 0, 0);
  assert.deepEqual(unit.chips, [[{ kind: "bytes", text: "F0 9F 98", mark: "", breaks: 0 }]]);
});

test("special tokens stand alone under their name", () => {
  const list = TokenList.from([{ id: 5, bytes: hex("<|endoftext|>"), special: true }]);
  assert.equal(unitsOf(list, 0, 0)[0].chips[0][0].text, "<|endoftext|>");
});

test("the chips of any text hold exactly its bytes, however it is cut", () => {
  const text = "a\u0301 👨‍👩‍👧 각 각\ufeff\ufffd\u0000\u202e שלום 草莓\r\n\t    ☃️";
  const bytes = Buffer.from(text, "utf8");
  let state = 7;
  for (let round = 0; round < 200; round += 1) {
    const tokens = [];
    for (let at = 0; at < bytes.length; ) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      const length = 1 + ((state >> 8) % 5);
      tokens.push({ id: at, bytes: bytes.subarray(at, at + length).toString("hex"), special: false });
      at += length;
    }
    const list = TokenList.from(tokens);
    assert.equal(Buffer.from(list.bytes).toString("utf8"), text);
    const units = unitsOf(list, 0, list.length - 1);
    assert.equal(
      units.reduce((sum, { chips }) => sum + chips.length, 0),
      tokens.length,
    );
    for (const unit of units) {
      if (unit.last > unit.first) assert.notEqual(unit.glyph, null);
      for (const piece of unit.chips.flat()) {
        if (piece.kind === "text" && piece.text.includes("\ufffd")) assert.ok(text.includes("\ufffd"));
      }
    }
  }
});

test("what starts a word", () => {
  const list = listOf(hex("The"), hex(" straw"), hex("berry"), hex("."), hex("5"));
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => startsWord(list, index)),
    [true, true, false, false, true],
  );
});

test("right to left", () => {
  assert.equal(runsRightToLeft("שלום"), true);
  assert.equal(runsRightToLeft("مرحبا"), true);
  assert.equal(runsRightToLeft("hello 草莓"), false);
});

test("the page's example is drawn by the server as the script would (UPDATE_EXAMPLE=1 writes it)", () => {
  const path = new URL("../../app/pages/tokenizer/example.json", import.meta.url);
  const file = readFileSync(path, "utf8");
  const example = JSON.parse(file);
  const list = TokenList.from(example.tokens);
  const units = unitsOf(list, 0, list.length - 1);
  const line = ` "units": ${JSON.stringify(units)}`;
  if (process.env.UPDATE_EXAMPLE)
    writeFileSync(
      path,
      file.replace(/^ "units": .*$/m, () => line),
    );
  else assert.deepEqual(example.units, units);
});
