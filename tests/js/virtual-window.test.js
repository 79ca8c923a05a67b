import assert from "node:assert/strict";
import { test } from "node:test";
import { placeCard } from "../../static/pages/tokenizer/card-place.js";
import { TokenList } from "../../static/js/base/token-list.js";
import { blockOf, blocksInView, cutBlocks, linesOf } from "../../static/js/base/virtual-window.js";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const repeat = (count, ...texts) =>
  TokenList.from(
    Array.from({ length: count }, (_, i) => ({ id: i, bytes: hex(texts[i % texts.length]), special: false })),
  );

test("blocks cover every token once, in order", () => {
  for (const count of [0, 1, 255, 512, 513, 10_000]) {
    const blocks = cutBlocks(repeat(count, " a"), 256);
    assert.equal(
      blocks.reduce((sum, { first, last }) => sum + last - first + 1, 0),
      count,
    );
    blocks.slice(1).forEach((block, index) => assert.equal(block.first, blocks[index].last + 1));
  }
});

test("blocks end after a line break where one is near", () => {
  const list = repeat(5000, ...Array(99).fill(" a"), ".\n");
  for (const { last } of cutBlocks(list, 256).slice(0, -1)) assert.equal(last % 100, 99);
});

test("no block cuts a character", () => {
  const emoji = [0xf0, 0x9f, 0x98, 0x80];
  const list = TokenList.from(
    Array.from({ length: 4000 }, (_, i) => ({ id: 1, bytes: Buffer.of(emoji[i % 4]).toString("hex"), special: false })),
  );
  for (const { first } of cutBlocks(list, 255)) assert.equal(first % 4, 0);
});

test("blocks before a change stay as they are", () => {
  const before = cutBlocks(repeat(4000, " a"), 256);
  const after = cutBlocks(repeat(4001, " a"), 256);
  assert.deepEqual(after.slice(0, before.length - 2), before.slice(0, before.length - 2));
});

test("only blocks near the view", () => {
  const heights = Array(100).fill(100);
  assert.deepEqual(blocksInView(heights, 0, 300, 0), { first: 0, last: 3 });
  assert.deepEqual(blocksInView(heights, 5000, 300, 200), { first: 47, last: 55 });
  assert.deepEqual(blocksInView([], 0, 300, 0), { first: 0, last: -1 });
  assert.equal(
    blockOf(
      [
        { first: 0, last: 9 },
        { first: 10, last: 19 },
      ],
      12,
    ),
    1,
  );
});

test("heights are guessed from width and line breaks", () => {
  assert.equal(linesOf(repeat(10, "ab\n"), { first: 0, last: 9 }, 40), 11);
  assert.equal(linesOf(repeat(20, "abcd"), { first: 0, last: 19 }, 20), 5);
  assert.equal(linesOf(repeat(20, "草"), { first: 0, last: 19 }, 20), 3);
});

test("a floating card never covers its token", () => {
  const view = { width: 800, height: 600 };
  for (const top of [0, 100, 300, 500, 570]) {
    const anchor = { left: 700, top, bottom: top + 30 };
    const { x, y, height } = placeCard(anchor, { width: 320, height: 400 }, view);
    assert.ok(y >= anchor.bottom || y + height <= anchor.top);
    assert.ok(x >= 0 && x + 320 <= 800 && y >= 0 && y + height <= 600);
  }
});
