/**
 * What the pictures of this page are drawn from: markers for equal answers, places in the tree, lanes of the stream.
 * Pure: knows numbers and strings, no page.
 */

import { decodeUtf8, hexToBytes, visibleText } from "../../js/base/bytes.js";
import { agreementOf } from "./figure.js";

export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A short name for the group at an index: A … Z, then AA, AB … */
export function markerAt(index) {
  const letter = LETTERS[index % LETTERS.length];
  return index < LETTERS.length ? letter : LETTERS[Math.floor(index / LETTERS.length) - 1] + letter;
}

/** Universe -> {marker, index, alone} of the group it belongs to. */
export function markersOf({ groups }) {
  const markers = new Map();
  groups.forEach(({ sequences, count }, index) => {
    for (const sequence of sequences) markers.set(sequence, { marker: markerAt(index), index, alone: count === 1 });
  });
  return markers;
}

/** A continuation cut around its answer: [before, answer, after]. */
export function aroundAnswer({ text, answer }) {
  const start = answer === "" ? 0 : Math.max(0, text.indexOf(answer));
  return [text.slice(0, start), text.slice(start, start + answer.length), text.slice(start + answer.length)];
}

/**
 * @typedef {{
 *   index: number, depth: number, width: number, kind: string, centre?: number, space?: number,
 *   label?: string, branch?: any, children?: TreeItem[], rest?: TreeItem,
 * }} TreeItem
 */

/**
 * The tree with a row for every end and for every rest: branches `{index, label, depth, row, top, height, ...}`.
 * Heights are widths (probabilities) times `scale`; a row is at least `line` high, so that its label can be read.
 * A rest below `thinnest` gets no row.
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

const STRONG = [50, 255, 150, 330, 95, 200, 290]; // hues that can be told apart, for answers that many agree on
const MANY = 4; // tries that make an answer strong

/**
 * Where each try lies in each column, equal answers together, the most frequent first: `{groups: [{text, from, size}],
 * places, hues, strong}`. `places[try]` is its row, `hues[try]` the hue of its answer. An answer that many agree on
 * gets a strong colour and keeps it; no colour depends on a later column.
 */
export function lanesOf(steps) {
  const strong = new Map();
  const weak = new Map();
  const hueOf = (key, size) => {
    if (size >= MANY && !strong.has(key)) strong.set(key, STRONG[strong.size % STRONG.length]);
    if (!strong.has(key) && !weak.has(key)) weak.set(key, hueAt(weak.size));
    return strong.get(key) ?? weak.get(key);
  };
  return steps.map(({ tries }) => {
    const [places, hues, bold] = [[], [], []];
    let from = 0;
    const groups = agreementOf(tries).groups.map(({ key, text, sequences }) => {
      const [start, size] = [from, sequences.length];
      for (const sequence of sequences) {
        places[sequence] = from++;
        hues[sequence] = hueOf(key, size);
        bold[sequence] = strong.has(key);
      }
      return { text, from: start, size };
    });
    return { groups, places, hues, strong: bold };
  });
}

/** The hue, in degrees, of the tint at a place: neighbours in the list lie far apart on the wheel. */
export function hueAt(place) {
  return Math.round((30 + place * 137.508) % 360);
}

/** The language a text is marked as, so that a voice reads it rightly. */
export function languageOf(text) {
  return /\p{Script=Han}/u.test(text) ? "zh-CN" : "en";
}

/** A text cut at words, whatever their case: [text, word, text, word, text]. */
export function cutAt(text, words) {
  if (words.length === 0) return [text];
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "i"));
}
