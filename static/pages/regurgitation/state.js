// The state of the page: which texts it is about, and what a link or this tab remembers of it. No DOM.

import { keptBook } from "./book.js";

export const LENGTH = 96; // most tokens to recite
export const LONGEST_PREFIX = 64;
const CONTROLS = ["new", "famous", "changed", "swapped"];
const LONGEST_TEXT = 20_000; // characters

const presetOf = (presets, id) => presets.find((preset) => preset.id === id);
const isOwn = ({ step }) => step === "own";

/** The text of one side: `{text, swapped}`. A control that a text has not gives way to the swapped one. */
export function requestOf(state, side, presets) {
  const { passage, own, control } = state;
  const text = isOwn(state) ? own : presetOf(presets, passage).request.text;
  if (side === "main") return { text, swapped: false };
  const { lang } = presetOf(presets, passage).note;
  if (control === "new") return { text: newText(presets, lang).request.text, swapped: false };
  if (control === "famous") return { text: famousText(presets, lang).request.text, swapped: false };
  const changed = control === "changed" && !isOwn(state) ? presetOf(presets, `${passage}-changed`) : undefined;
  return changed ? { text: changed.request.text, swapped: false } : { text, swapped: true };
}

/** The text nobody wrote before, in the passage's language where there is one. */
export function newText(presets, lang) {
  return inLanguage(
    presets.filter(({ note }) => note.role === "control"),
    lang,
  );
}

/** A text that everybody knows and this model does not. */
function famousText(presets, lang) {
  return inLanguage(
    presets.filter(({ note }) => note.famous),
    lang,
  );
}

const inLanguage = (presets, lang) => presets.find(({ note }) => note.lang === lang) ?? presets[0];

/** The opening that is shown to the model: each of the two subjects has its own. `glided` is on its way there. */
export function prefixOf(state) {
  return isOwn(state) ? state.ownPrefix : (state.glided ?? state.prefix);
}

/** The state with another opening. */
export const withPrefix = (state, prefix) => (isOwn(state) ? { ownPrefix: prefix } : { prefix });

/** The longest opening that leaves something to recite, as far as the text is known. */
export function prefixLimit({ passage }) {
  return passage ? Math.max(1, Math.min(LONGEST_PREFIX, passage.bytes.length - 1)) : LONGEST_PREFIX;
}

/** What a link and this tab carry: everything typed, chosen and computed. */
export function keptState({ passage, own, prefix, ownPrefix, control, guess, told, book, made }) {
  return { passage, own, prefix, ownPrefix, control, guess, told, results: book.kept(), made };
}

/** The same for a link: only the results of the two texts that stand on the page. */
export function linkedState(state, presets) {
  const texts = ["main", "control"].map((side) => requestOf(state, side, presets));
  const stands = ({ text, swapped }) => texts.some((one) => one.text === text && one.swapped === swapped);
  const kept = keptState(state);
  return { ...kept, own: isOwn(state) ? kept.own : "", results: kept.results.filter(stands) };
}

/**
 * A link's state, made safe: a link may have been written by anyone. Links of before name their own text as a passage,
 * and hold no results.
 */
export function readKept(kept, presets, opened) {
  const isOwnBefore = kept.passage === "own";
  const known = presets.some(
    ({ id, note }) => id === kept.passage && ["passage", "famous", "control"].includes(note.role),
  );
  const passage = known ? kept.passage : opened;
  const prefix = counted(kept.prefix, 16);
  return {
    passage,
    own: typeof kept.own === "string" ? kept.own.slice(0, LONGEST_TEXT) : "",
    prefix: isOwnBefore ? presetOf(presets, passage).request.prefix : prefix,
    ownPrefix: isOwnBefore ? prefix : counted(kept.ownPrefix, 16),
    control: CONTROLS.includes(kept.control) ? kept.control : "new",
    guess: kept.guess === undefined || kept.guess === null ? null : counted(kept.guess, 1),
    told: kept.told !== false,
    book: keptBook(kept.results),
    made: isMade(kept.made) ? kept.made : null,
    shownToken: -1,
  };
}

function counted(value, otherwise) {
  return Number.isInteger(value) ? Math.max(1, Math.min(LONGEST_PREFIX, value)) : otherwise;
}

function isMade(made) {
  return typeof made?.model === "string" && /^\d{4}-\d{2}-\d{2}$/.test(made.measured_on);
}
