import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenList } from "../../static/js/base/token-list.js";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const words = (...pieces) =>
  TokenList.from(pieces.map((text) => ({ id: text.length, bytes: hex(text), special: false })));

test("offsets are byte offsets, characters are counted in code points", () => {
  const list = words("a", " 草", "莓", "😀");
  assert.deepEqual([list.startOf(1), list.ends[1]], [1, 5]);
  assert.equal(list.charactersBefore(list.startOf(3)), 4);
  assert.equal(list.charactersBefore(list.bytes.length), 5);
});

test("the binary reply is read without copying a token", () => {
  const text = "ab草";
  const buffer = new ArrayBuffer(4 + 9 * 2);
  const view = new DataView(buffer);
  view.setUint32(0, 2, true);
  [7, 300].forEach((id, index) => view.setUint32(4 + 4 * index, id, true));
  [2, 5].forEach((end, index) => view.setUint32(12 + 4 * index, end, true));
  const list = TokenList.fromReply(buffer, text);
  assert.deepEqual([...list.ids], [7, 300]);
  assert.equal(Buffer.from(list.bytesOf(1)).toString(), "草");
  const rewritten = new Uint8Array([...new Uint8Array(buffer), ...Buffer.from("xy草")]).buffer;
  assert.equal(Buffer.from(TokenList.fromReply(rewritten, text, { normalised: true }).bytesOf(0)).toString(), "xy");
});

test("what two cuts of a text share", () => {
  const fine = words("st", "raw", "berry");
  assert.deepEqual(fine.overlapping(0, 10), { first: 0, last: 2 });
  assert.deepEqual(fine.overlapping(1, 3), { first: 0, last: 1 });
  assert.deepEqual(fine.overlapping(5, 6), { first: 2, last: 2 });
  assert.equal(fine.overlapping(10, 12), null);
});

test("only what changed is drawn again", () => {
  const before = words("The", " quick", " fox");
  assert.equal(before.commonPrefix(words("The", " quick", " dog")), 2);
  assert.equal(before.commonPrefix(words("The", " quick", " fox", ".")), 3);
  assert.equal(before.commonPrefix(TokenList.empty()), 0);
});

test("counts", () => {
  const list = words("a", "b", "cc", "d");
  assert.equal(list.occurrences(1), 3);
  assert.equal(list.specials(), 0);
  assert.equal(list.splitsCharacters(), false);
  const split = TokenList.from([
    { id: 1, bytes: "e88d" },
    { id: 2, bytes: "89" },
  ]);
  assert.equal(split.splitsCharacters(), true);
});
