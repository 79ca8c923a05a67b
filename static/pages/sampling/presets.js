// Settings people use, and why. A preset is a starting point, not a rule.

import { msg } from "../../js/base/i18n.js";

export const PRESETS = [
  {
    name: msg("The model itself"),
    params: { temperature: 1, top_k: 0, top_p: 1, min_p: 0 },
    reason: msg("Nothing changed: the dice follow exactly what the model learned, long tail included."),
  },
  {
    name: msg("Code"),
    params: { temperature: 0.2, top_k: 0, top_p: 0.95, min_p: 0 },
    reason: msg("A program has few right next tokens: stay near the likeliest, with room for a second try."),
  },
  {
    name: msg("Data"),
    params: { temperature: 0, top_k: 0, top_p: 1, min_p: 0 },
    reason: msg("Copying out a date or a name has one answer: greedy, and the same every time."),
  },
  {
    name: msg("Chat"),
    params: { temperature: 0.8, top_k: 0, top_p: 0.9, min_p: 0 },
    reason: msg("Varied, but never from the tail: top-p drops the thousands of tokens that derail a sentence."),
  },
  {
    name: msg("Poems"),
    params: { temperature: 1.3, top_k: 0, top_p: 1, min_p: 0.08 },
    reason: msg("Hot for surprise; min-p then keeps only what is not absurd next to the best."),
  },
];

/** The preset with exactly these settings, or null. */
export function presetOf(params) {
  return (
    PRESETS.find((preset) => Object.entries(preset.params).every(([name, value]) => params[name] === value)) ?? null
  );
}
