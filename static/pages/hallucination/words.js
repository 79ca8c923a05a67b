/** What the hallucination page says about its figures: whose they are, and what they show. */

import { formatDay } from "../../js/base/dates.js";
import { errorMessage } from "../../js/base/error-message.js";
import { msg, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";

const NOTES = {
  known: msg("It has read this many times. The details that follow are made up, though."),
  after: msg(
    "It happened after the model's training data ends, so every name is a guess. On record is J. D. Vance. Only names are shown.",
  ),
  invented: msg("It never says “I don't know”. Each answer is invented, and each sounds sure."),
  wrong: msg("And it is wrong: the capital of Turkey is Ankara."),
};

const OWN = msg("Is there a right answer? And does the model know it? Agreement alone cannot tell.");

/** Which of the four stories a preset tells, in whatever language; null for one's own question. */
export function storyOf(preset) {
  return preset?.replace("-zh", "") ?? null;
}

/** The sentence beside a figure; null stands for one's own prompt. */
export function presetNote(preset) {
  return t(NOTES[storyOf(preset)] ?? OWN);
}

const AGREES = 0.5; // share of the largest group above which tries are said to agree
const DIFFERENT = 4; // answers that an unknown event should at least give

/**
 * Whether a worked example shows on the loaded model what it is there for: null where it does, otherwise an honest
 * sentence. `truth` is the answer of the record.
 */
export function presetFailure(preset, truth, { groups, largest }) {
  const right = truth !== null && groups[0].text.toLowerCase().includes(truth.toLowerCase());
  const values = { n: groups.length, answer: groups[0].text };
  const story = storyOf(preset);
  if (story === "known" && !(right && largest > AGREES)) {
    return t("This model does not know it: {n} different answers, most often “{answer}”.", values);
  }
  if (story === "after" && groups.length < DIFFERENT) {
    return t("This model gives only {n} different answers. It may have read about it, or it repeats itself.", values);
  }
  if (story === "invented" && largest > AGREES) {
    return t("This model mostly says “{answer}”: invented all the same.", values);
  }
  if (story === "wrong" && (right || largest <= AGREES)) {
    return t("This model is not confidently wrong here: most often “{answer}”, {n} different answers.", values);
  }
  return null;
}

/** Whose numbers a figure shows; `error` where its run failed. */
export function sourceSentence({ source, origin, state }, error) {
  if (state === "stopped" && error) return errorMessage(error);
  const { model, measured_on: on } = source;
  const values = { model, day: formatDay(on) };
  const whose =
    origin === "measured"
      ? t("Measured with {model} on {day}.", values)
      : origin === "link"
        ? t("From a link. Its sender had these answers from {model} on {day}.", values)
        : t("Answered by {model} on {day}.", values);
  const now = models.ready ? models.state.loaded.name : null;
  return now === null || now === model ? whose : `${whose} ${t("Loaded now: {now}.", { now })}`;
}

/** Why the model cannot be asked just now, and what the button does instead; empty where it can. */
export function waitingSentence(measured) {
  if (models.ready) return "";
  if (measured) {
    const values = { model: measured.source.model, day: formatDay(measured.source.measured_on) };
    return models.offline
      ? t("The server does not answer. The button plays what {model} answered on {day}.", values)
      : t("No model is ready. The button plays what {model} answered on {day}.", values);
  }
  return models.offline
    ? t("The server does not answer just now. Your text stays here; the page tries again by itself.")
    : t("The model is still getting ready. Its progress stands at the top of the page.");
}
