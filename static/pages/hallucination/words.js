/** What the hallucination page says about each worked example. */

/** @import * as contract from "contract" */

import { msg, t } from "../../js/base/i18n.js";

const NOTES = {
  known: msg(
    "A fact that stands in countless texts. Most universes agree, and they are right: Mozart was born in Salzburg in 1756. Look at what they add, though: dates and parents are made up.",
  ),
  after: msg(
    "An event after the texts that this model learned from. It names people of the public record as if it knew. None of these sentences is a report; the answer of the record is J. D. Vance. Only the names are shown.",
  ),
  invented: msg(
    "Dr. Elena Vossmark was made up for this page; there is nothing to know about her. Every universe knows her birthplace anyway.",
  ),
  wrong: msg(
    "Nearly all universes agree, and they are wrong: the capital of Turkey is Ankara. Low entropy is not truth. The model agrees with its texts, in which the two words stand side by side.",
  ),
};

const OWN = msg("Your own prompt. Is there a right answer, and does the model know it? Agreement alone does not tell.");

/** The sentence under the examples; null stands for one's own prompt. */
export function presetNote(id) {
  return t(NOTES[id] ?? OWN);
}

const AGREES = 0.5; // share of the largest group above which universes are said to agree
const DIFFERENT = 4; // answers that an unknown event should at least give

/**
 * Whether a worked example shows on the loaded model what it is there for: null where it does, otherwise an honest
 * sentence. `truth` is the answer of the record.
 *
 * @param {string | null} id
 * @param {string | null} truth
 * @param {contract.hallucination.Agreement} agreement
 */
export function presetFailure(id, truth, { groups, largest }) {
  const right = truth !== null && groups[0].text.toLowerCase().includes(truth.toLowerCase());
  const values = { n: groups.length, answer: groups[0].text };
  if (id === "known" && !(right && largest > AGREES)) {
    return t(
      "This model does not know it: {n} different answers, most often “{answer}”. Its known fact must be another one.",
      values,
    );
  }
  if (id === "after" && groups.length < DIFFERENT) {
    return t("This model gives only {n} different answers; it may have read about it, or repeats itself.", values);
  }
  if (id === "invented" && largest > AGREES) {
    return t("On this model most universes agree on “{answer}”, an invention all the same.", values);
  }
  if (id === "wrong" && (right || largest <= AGREES)) {
    return t("This model is not confidently wrong here: most often “{answer}”, {n} different answers.", values);
  }
  return null;
}
