/**
 * What is known of one question that was asked n times: what was asked, what was written, which answers stand, and by
 * whom. A figure always carries its own request, so that no answer stands under a question that it was not given to.
 * Pure: knows values, no page.
 *
 * @typedef {{ text: string, answer: string, key: string | null }} Try `key` is null until its answer stands; equal
 *   answers have equal keys
 * @typedef {{ model: string, measured_on: string }} Source
 * @typedef {"measured" | "here" | "link"} Origin
 * @typedef {{ request: any, preset: string | null, source: Source, origin: Origin,
 *   state: "writing" | "done" | "stopped", tries: Try[], keys: string[], bits: number | null,
 *   tree: { branches: any[], bytes: string[] } | null }} Figure `keys` in the order in which answers came to stand
 */

const ASKED = ["prompt", "n", "seed", "temperature", "max_tokens", "cut", "forced"];
const LISTS = ["sentences", "watch"];

/** Whether two requests ask the same, whatever the order of their fields. */
export function sameRequest(one, other) {
  const list = (name) => JSON.stringify(one[name]) === JSON.stringify(other[name]);
  return ASKED.every((name) => one[name] === other[name]) && LISTS.every(list);
}

/** The figure of this very request, or null. */
export function figureFor(figures, request) {
  return figures.find((figure) => sameRequest(figure.request, request)) ?? null;
}

/** Put a figure in front, in place of an older one of the same request. */
export function shelved(figures, figure, most = 8) {
  return [figure, ...figures.filter(({ request }) => !sameRequest(request, figure.request))].slice(0, most);
}

/** @returns {Figure} one of which nothing is written yet */
export function begun(request, preset, source) {
  const tries = Array.from({ length: request.n }, () => ({ text: "", answer: "", key: null }));
  return { request, preset, source, origin: "here", state: "writing", tries, keys: [], bits: null, tree: null };
}

/**
 * More was written: `texts` are those of all tries so far, `answers` the ones that stand now.
 *
 * @param {Figure} figure
 * @param {string[]} texts
 * @param {[number, string, string][]} answers (try, answer, key)
 * @returns {Figure}
 */
export function written(figure, texts, answers) {
  const tries = figure.tries.map((one, index) => ({ ...one, text: texts[index] }));
  for (const [index, answer, key] of answers) tries[index] = { ...tries[index], answer, key };
  return { ...figure, tries, keys: inOrder([...figure.keys, ...answers.map(([, , key]) => key)]) };
}

/** All is written: the outcome that the server tells at the end. */
export function finished(figure, { universes, agreement, tree, tree_bytes: bytes }) {
  const keyOf = new Map(agreement.groups.flatMap(({ key, sequences }) => sequences.map((index) => [index, key])));
  const tries = universes.map(({ text, answer }, index) => ({ text, answer, key: keyOf.get(index) }));
  const keys = inOrder([...figure.keys, ...tries.map(({ key }) => key)]);
  return { ...figure, state: "done", tries, keys, tree: { branches: tree, bytes } };
}

/** The figure of a measured preset; null where it was not measured. */
export function measuredFigure({ id, request }, parts, source) {
  const opening = parts?.find(({ kind }) => kind === "opening");
  const outcome = parts?.find(({ kind }) => kind === "outcome");
  if (!opening || !outcome) return null;
  return { ...finished(begun(request, id, source), outcome), bits: opening.entropy_bits, origin: "measured" };
}

/**
 * A finished figure as it may have looked on the way, at `progress` from 0 to 1. Streams never run in step, so each try
 * has its own pace, and its answer stands when all of it is there.
 */
export function partly(figure, progress) {
  if (progress >= 1) return figure;
  const tries = figure.tries.map(({ text, answer, key }, index) => {
    const pace = 0.55 + (0.45 * ((index * 7) % 16)) / 15;
    const shown = text.slice(0, Math.round(text.length * Math.min(1, progress / pace)));
    const stands = shown.length > 0 && shown.length >= Math.max(0, text.indexOf(answer)) + answer.length;
    return stands ? { text: shown, answer, key } : { text: shown, answer: "", key: null };
  });
  return { ...figure, state: "writing", tries, tree: null };
}

/** How much the answers agree that stand: the same figures as app/pages/hallucination/agreement.py gives. */
export function agreementOf(tries) {
  /** @type {Map<string, { key: string, text: string, sequences: number[] }>} */
  const groups = new Map();
  let n = 0;
  tries.forEach(({ answer, key }, index) => {
    if (key === null) return;
    n += 1;
    if (!groups.has(key)) groups.set(key, { key, text: answer, sequences: [] });
    groups.get(key).sequences.push(index);
  });
  const counted = [...groups.values()]
    .map((group) => ({ ...group, count: group.sequences.length, share: group.sequences.length / n }))
    .sort((a, b) => b.count - a.count);
  const pairs = counted.reduce((sum, { count }) => sum + count * (count - 1), 0);
  return {
    n,
    groups: counted,
    largest: counted[0]?.share ?? 0,
    pairwise: n > 1 ? pairs / (n * (n - 1)) : 1,
    semanticBits: Math.abs(counted.reduce((sum, { share }) => sum - share * Math.log2(share), 0)),
  };
}

/** The place of each key among the tints, so that an answer keeps its colour. */
export function tintsOf(keys) {
  return new Map(keys.map((key, index) => [key, index]));
}

/** Values without the later ones that are equal to an earlier one. */
export function inOrder(values) {
  return [...new Set(values)];
}
