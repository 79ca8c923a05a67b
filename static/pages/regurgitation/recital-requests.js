// What the regurgitation page asks for, and what its links carry. No DOM.

export const LENGTH = 96; // most tokens to recite
export const LONGEST_PREFIX = 64;
export const STEPS = 48; // of the sweep
const CONTROLS = ["new", "changed", "swapped"];

const presetOf = (presets, id) => presets.find((preset) => preset.id === id);

/** The text of one side: `{text, swapped}`. A control that a text has not gives way to the swapped one. */
export function requestOf({ passage, own, control }, side, presets) {
  const text = passage === "own" ? own : presetOf(presets, passage).request.text;
  if (side === "main") return { text, swapped: false };
  if (control === "new") return { text: presetOf(presets, "control").request.text, swapped: false };
  const changed = control === "changed" ? presetOf(presets, `${passage}-changed`) : undefined;
  return changed ? { text: changed.request.text, swapped: false } : { text, swapped: true };
}

/** The longest opening that leaves something to recite in both texts, as far as they are known. */
export function prefixLimit(...records) {
  const lengths = records.map(({ passage }) => (passage ? passage.ids.length - 1 : Infinity));
  return Math.max(1, Math.min(LONGEST_PREFIX, ...lengths));
}

/** What a link carries: the inputs, no results. */
export function sharedState({ passage, own, prefix, control }) {
  return { passage, own: passage === "own" ? own : "", prefix, control };
}

/** A link's state, made safe: a link may have been written by anyone. */
export function readShared(shared, presets) {
  const known = presets.some(({ id, note }) => id === shared.passage && ["passage", "control"].includes(note.role));
  const passage = known || shared.passage === "own" ? shared.passage : presets[0].id;
  const prefix = Number.isInteger(shared.prefix) ? Math.max(1, Math.min(LONGEST_PREFIX, shared.prefix)) : 16;
  return {
    passage,
    own: typeof shared.own === "string" ? shared.own.slice(0, 20_000) : "",
    prefix,
    control: CONTROLS.includes(shared.control) ? shared.control : "new",
    shownToken: -1,
  };
}
