/**
 * Which part of a very long list is worth having in the page. The list is cut into blocks; a block out of view is an
 * empty box of about its height, so the scroll bar stays true and a megabyte costs no more than a screen.
 */

/** Tokens a block should have: a few screens of them make the window. */
export const BLOCK_TOKENS = 256;

/**
 * Cuts `list` into blocks `[{first, last}]` of about `size` tokens. A block ends after a line break where there is one
 * nearby, and never inside a group of tokens that share a character.
 */
export function cutBlocks(list, size = BLOCK_TOKENS) {
  const blocks = [];
  for (let first = 0; first < list.length; ) {
    const last = first + 2 * size >= list.length ? list.length - 1 : cutAt(list, first, size);
    blocks.push({ first, last });
    first = last + 1;
  }
  return blocks;
}

const NEWLINE = 0x0a;
const isBoundary = (list, index) => (list.bytes[list.ends[index]] & 0xc0) !== 0x80;

function cutAt(list, first, size) {
  for (let index = first + size; index < first + 2 * size; index += 1) {
    if (list.bytes[list.ends[index] - 1] === NEWLINE) return index;
  }
  let index = first + size;
  while (index < list.length - 1 && !isBoundary(list, index)) index += 1;
  return index;
}

/** A guess of a block's height, in lines of `columns` columns: wide characters count twice, each token has a seam. */
export function linesOf(list, { first, last }, columns) {
  let lines = 1;
  let column = 0;
  for (let index = first; index <= last; index += 1) {
    let width = 0.15;
    for (let at = list.startOf(index); at < list.ends[index]; at += 1) {
      const byte = list.bytes[at];
      if (byte === NEWLINE) {
        lines += 1;
        column = 0;
      } else if (byte < 0x80) width += 1;
      else if (byte >= 0xe0) width += 2;
      else if (byte >= 0xc0) width += 1;
    }
    if (column + width > columns && column > 0) {
      lines += 1;
      column = 0;
    }
    column += width;
  }
  return lines;
}

/** The blocks that meet the view: `heights` of all blocks, the view from `top`, `margin` more on both sides. */
export function blocksInView(heights, top, height, margin) {
  let from = 0;
  let first = -1;
  let last = -1;
  for (let index = 0; index < heights.length; index += 1) {
    const to = from + heights[index];
    if (to >= top - margin && from <= top + height + margin) {
      if (first === -1) first = index;
      last = index;
    }
    from = to;
  }
  return first === -1 ? { first: 0, last: Math.min(0, heights.length - 1) } : { first, last };
}

/** The block that holds token `index`; -1 where none does. */
export function blockOf(blocks, index) {
  return blocks.findIndex(({ first, last }) => first <= index && index <= last);
}
