/**
 * Figures as a tab and a link keep them: short, and read back with care, for a link is written by anyone. Whoever
 * opens one sees what its sender saw, and is told that the sender says so. Pure.
 */

import { inOrder } from "./figure.js";

const LONGEST = 4000; // characters of any one text
const MOST = 40; // tries, steps or words in any one list
const TREE = 2000; // branches

/** Something else was expected; what cannot be read is left out. */
class Unreadable extends Error {}

const text = (value) => (typeof value === "string" ? value.slice(0, LONGEST) : refuse());
const number = (value) => (Number.isFinite(value) ? value : refuse());
const orNull = (read) => (value) => (value === null ? null : read(value));
const oneOf = (values) => (value) => (values.includes(value) ? value : refuse());
const list =
  (read, most = MOST) =>
  (value) =>
    Array.isArray(value) && value.length <= most ? value.map(read) : refuse();

/** @returns {never} */
function refuse() {
  throw new Unreadable();
}

/** What `read()` gives, or null where it meets something that it did not expect. */
export function orNothing(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unreadable || error instanceof TypeError) return null;
    throw error;
  }
}

const short = (value) => (value === null ? null : Number(value.toPrecision(6)));
const packSource = ({ source, origin }) => [source.model, source.measured_on, origin];

/** @returns {{ source: { model: string, measured_on: string }, origin: import("./figure.js").Origin }} */
function readSource([model, day, origin], linked) {
  const from = /** @type {import("./figure.js").Origin} */ (oneOf(["measured", "here", "link"])(origin));
  return { source: { model: text(model), measured_on: text(day) }, origin: linked && from === "here" ? "link" : from };
}

export function packFigure(figure) {
  const { request, preset, state, tries, keys, bits, tree } = figure;
  return {
    request,
    preset,
    by: packSource(figure),
    done: state === "done",
    keys,
    tries: tries.map((one) => [one.text, one.answer, keys.indexOf(one.key)]),
    bits: short(bits),
    tree: tree && [
      tree.branches.map(({ parent, token_id, probability, width, rest, sequences }) => [
        parent,
        token_id,
        short(probability),
        short(width),
        short(rest),
        sequences,
      ]),
      tree.bytes,
    ],
  };
}

/** The figure again; `request` is what its request was put right to. Null where it cannot be read. */
export function unpackFigure(packed, request, linked) {
  return orNothing(() => {
    const keys = inOrder(list(text)(packed.keys));
    const tries = list((one) => ({
      text: text(one[0]),
      answer: text(one[1]),
      key: number(one[2]) < 0 ? null : text(keys[one[2]]),
    }))(packed.tries);
    return {
      request,
      preset: orNull(text)(packed.preset),
      ...readSource(packed.by, linked),
      state: packed.done ? "done" : "stopped",
      tries,
      keys,
      bits: orNull(number)(packed.bits),
      tree: orNull(readTree)(packed.tree),
    };
  });
}

function readTree([branches, bytes]) {
  const read = [];
  for (const [parent, token_id, probability, width, rest, sequences] of list((branch) => branch, TREE)(branches)) {
    if (!(Number.isInteger(parent) && parent < read.length && parent >= (read.length === 0 ? -1 : 0))) refuse();
    read.push({
      parent,
      depth: read.length === 0 ? 0 : read[parent].depth + 1,
      token_id: number(token_id),
      probability: number(probability),
      width: number(width),
      rest: number(rest),
      sequences: list(number)(sequences),
    });
  }
  const hex = (value) => (/^([0-9a-f]{2})*$/.test(text(value)) ? value : refuse());
  const named = list(hex, TREE)(bytes);
  return read.length > 0 && named.length === read.length ? { branches: read, bytes: named } : refuse();
}

export function packEvidence(figure) {
  const { request, state, steps } = figure;
  return {
    request,
    by: packSource(figure),
    done: state === "done",
    steps: steps.map(({ sentence, label, bits, tries }) => [
      sentence,
      label,
      short(bits),
      tries.map(({ answer, key }) => (key === answer ? answer : [answer, key])),
    ]),
  };
}

export function unpackEvidence(packed, request, linked) {
  return orNothing(() => ({
    request,
    ...readSource(packed.by, linked),
    state: packed.done ? "done" : "stopped",
    steps: list(([sentence, label, bits, tries]) => ({
      sentence: text(sentence),
      label: oneOf(["true", "false", "unknown"])(label),
      bits: number(bits),
      tries: list((one) => {
        const [answer, key] = Array.isArray(one) ? one : [one, one];
        return { text: text(answer), answer: text(answer), key: text(key) };
      })(tries),
    }))(packed.steps),
  }));
}

export function packMistake(figure) {
  const { request, state, result } = figure;
  const side = (one) =>
    one && [one.n, one.mentions.map(({ word, count }) => [word, count]), one.universes.map(({ text }) => text)];
  const { forced, free, led } = result;
  return {
    request,
    by: packSource(figure),
    done: state === "done",
    forced: forced && [short(forced.probability), forced.ranks[0]],
    free: side(free),
    led: side(led),
  };
}

export function unpackMistake(packed, request, linked) {
  const side = ([n, mentions, texts]) => ({
    n: number(n),
    mentions: list(([word, count]) => ({ word: text(word), count: number(count) }))(mentions),
    universes: list((one) => ({ text: text(one) }))(texts),
  });
  return orNothing(() => ({
    request,
    ...readSource(packed.by, linked),
    state: packed.done ? "done" : "stopped",
    result: {
      forced: orNull(([probability, rank]) => ({ probability: number(probability), ranks: [number(rank)] }))(
        packed.forced,
      ),
      free: orNull(side)(packed.free),
      led: orNull(side)(packed.led),
    },
  }));
}
