/**
 * What the universes' pictures are drawn from: markers for equal answers, the tree's places, the river's bands.
 * Pure: knows numbers and strings, no page.
 */

/** @import * as contract from "contract" */

import { decodeUtf8, hexToBytes, visibleText } from "../../js/base/bytes.js";

export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A short name for the group at an index: A … Z, then AA, AB … */
export function markerAt(index) {
  const letter = LETTERS[index % LETTERS.length];
  return index < LETTERS.length ? letter : LETTERS[Math.floor(index / LETTERS.length) - 1] + letter;
}

/**
 * Universe -> {marker, index, alone} of the group it belongs to.
 *
 * @param {contract.hallucination.Agreement} agreement
 */
export function markersOf({ groups }) {
  const markers = new Map();
  groups.forEach(({ sequences, count }, index) => {
    for (const sequence of sequences) markers.set(sequence, { marker: markerAt(index), index, alone: count === 1 });
  });
  return markers;
}

/**
 * A continuation cut around its answer: [before, answer, after].
 *
 * @param {contract.hallucination.Universe} universe
 */
export function aroundAnswer({ text, answer }) {
  const start = answer === "" ? 0 : Math.max(0, text.indexOf(answer));
  return [text.slice(0, start), text.slice(start, start + answer.length), text.slice(start + answer.length)];
}

/**
 * @typedef {{
 *   index: number, depth: number, width: number, kind: string, centre?: number, space?: number,
 *   label?: string, branch?: contract.hallucination.Branch, children?: TreeItem[], rest?: TreeItem,
 * }} TreeItem
 */

/**
 * The tree with a row for every end and for every rest: branches `{index, label, depth, row, top, height, ...}`.
 * Heights are widths (probabilities) times `scale`; a row is at least `line` high, so that its label can be read.
 * A rest below `thinnest` gets no row.
 *
 * @param {contract.hallucination.Branch[]} branches
 * @param {string[]} bytes hex of each branch's token
 * @param {{ scale: number, line: number, thinnest?: number }} room
 */
export function treeLayout(branches, bytes, { scale, line, thinnest = 0 }) {
  const children = branches.map(() => []);
  branches.forEach(({ parent }, index) => parent >= 0 && children[parent].push(index));
  for (const list of children) list.sort((a, b) => branches[b].width - branches[a].width || a - b);
  const placed = [];
  let at = 0;
  const room = (width) => Math.max(line, width * scale + line / 2);
  const place = (index) => {
    const branch = branches[index];
    /** @type {TreeItem} */
    const own = {
      index,
      depth: branch.depth,
      width: branch.width,
      kind: "branch",
      label: labelOf(bytes[index]),
      branch,
    };
    if (children[index].length === 0) {
      own.space = room(branch.width);
      own.centre = at + own.space / 2;
      at += own.space;
    } else {
      const from = at;
      own.children = children[index].map(place);
      if (branch.rest >= thinnest) own.rest = placeRest(index, branch);
      own.centre = (from + at) / 2;
    }
    placed.push(own);
    return own;
  };
  const placeRest = (index, { rest, depth }) => {
    const space = room(rest);
    const item = { index, depth: depth + 1, width: rest, kind: "rest", centre: at + space / 2 };
    at += space;
    placed.push(item);
    return item;
  };
  const root = place(0);
  return { root, placed, height: at, depth: Math.max(...branches.map(({ depth }) => depth)) };
}

function labelOf(hex) {
  if (!hex) return "";
  const text = decodeUtf8(hexToBytes(hex));
  return text !== null && text.trim() !== "" ? text.replaceAll("\n", "↵").trim() : visibleText(hex);
}

/**
 * The river's bands: the answers that at least two universes give in some step, most universes first, and one band
 * for all that stand alone. `shares[step]` is the band's share of the universes there.
 *
 * @param {contract.hallucination.EvidenceStep[]} steps
 */
export function riverBands(steps, most = 6) {
  const totals = new Map();
  for (const { agreement } of steps) {
    for (const { key, text, count } of agreement.groups) {
      const known = totals.get(key) ?? { key, text, total: 0, most: 0 };
      totals.set(key, { ...known, total: known.total + count, most: Math.max(known.most, count) });
    }
  }
  const named = [...totals.values()]
    .filter((band) => band.most > 1)
    .sort((a, b) => b.total - a.total || b.most - a.most);
  const kept = named.slice(0, most);
  const keys = new Set(kept.map(({ key }) => key));
  const share = ({ agreement }, test) => agreement.groups.filter(test).reduce((sum, group) => sum + group.share, 0);
  const bands = kept.map((band) => ({
    ...band,
    shares: steps.map((step) => share(step, ({ key }) => key === band.key)),
  }));
  const others = steps.map((step) => share(step, ({ key }) => !keys.has(key)));
  if (others.some((value) => value > 0)) bands.push({ key: null, text: null, shares: others });
  return bands;
}

/** A text cut at words, whatever their case: [text, word, text, word, text]. */
export function cutAt(text, words) {
  if (words.length === 0) return [text];
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "i"));
}
