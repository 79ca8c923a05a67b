/** What the hallucination page says about each worked example. */

import { msg, t } from "./i18n.js";

const NOTES = {
  known: msg("A fact that stands in countless texts. Most universes agree, and they are right: Mozart was born in Salzburg in 1756. Look at what they add, though: dates and parents are made up."),
  after: msg("An event after the texts that this model learned from. It names people of the public record as if it knew. None of these sentences is a report; the answer of the record is J. D. Vance. Only the names are shown."),
  invented: msg("Dr. Elena Vossmark was made up for this page; there is nothing to know about her. Every universe knows her birthplace anyway."),
  wrong: msg("Nearly all universes agree, and they are wrong: the capital of Turkey is Ankara. Low entropy is not truth. The model agrees with its texts, in which the two words stand side by side."),
};

/** The sentence under the examples. */
export function presetNote(id) {
  return NOTES[id] ? t(NOTES[id]) : "";
}
