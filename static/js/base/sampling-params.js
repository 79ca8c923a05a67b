// The sampling parameters as people meet them: ranges, neutral values, and the scale of each slider.
// The limits are those of app/engine/contract/params.py. A slider has whole positions from 0 to STEPS.

import { msg } from "./i18n.js";

export const STEPS = 1000;
const MAX_TEMPERATURE = 5;

const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

/** A slider on which `value` grows with a power of the position: fine steps near the low end. */
function powered(least, most, power, digits) {
  return {
    toValue: (position) => round(least + (most - least) * (position / STEPS) ** power, digits),
    toPosition: (value) => Math.round(STEPS * ((value - least) / (most - least)) ** (1 / power)),
  };
}

/** A slider for counts, 0 and then 1 to the most, each doubling as far as the last. */
function counted(most) {
  const span = Math.log(Math.max(2, most));
  return {
    toValue: (position) => (position <= 0 ? 0 : Math.round(Math.exp((span * (position - 1)) / (STEPS - 1)))),
    toPosition: (value) => (value <= 0 ? 0 : Math.round(1 + ((STEPS - 1) * Math.log(value)) / span)),
  };
}

/** name -> {label, hint, least, most, step, digits, neutral, off, zero?, slider(vocabulary)} */
export const CONTROLS = {
  temperature: {
    label: msg("Temperature"),
    hint: msg("below 1: sharper · above 1: flatter · 0: always the top token"),
    least: 0,
    most: MAX_TEMPERATURE,
    step: 0.01,
    digits: 2,
    neutral: 1,
    zero: msg("greedy"),
    slider: () => powered(0, MAX_TEMPERATURE, Math.log2(MAX_TEMPERATURE), 2), // 1 lies in the middle
  },
  top_k: {
    label: msg("Top-k"),
    hint: msg("keep the k most likely tokens"),
    unit: msg("tokens"),
    least: 0,
    most: Infinity,
    step: 1,
    digits: 0,
    neutral: 0,
    slider: (vocabulary) => counted(vocabulary),
  },
  top_p: {
    label: msg("Top-p"),
    hint: msg("keep the smallest group that together holds this share"),
    least: 0,
    most: 1,
    step: 0.01,
    digits: 3,
    neutral: 1,
    slider: () => powered(0, 1, 1, 2),
  },
  min_p: {
    label: msg("Min-p"),
    hint: msg("drop tokens with less than this fraction of the top token's probability"),
    least: 0,
    most: 1,
    step: 0.01,
    digits: 3,
    neutral: 0,
    slider: () => powered(0, 1, 2, 3),
  },
  repetition_penalty: {
    label: msg("Repetition penalty"),
    hint: msg("above 1: words already in the text become less likely"),
    least: 0.5,
    most: 2,
    step: 0.01,
    digits: 2,
    neutral: 1,
    slider: () => powered(0.5, 2, 1, 2),
  },
  frequency_penalty: {
    label: msg("Frequency penalty"),
    hint: msg("subtracted once for each time the token has appeared"),
    least: -2,
    most: 2,
    step: 0.1,
    digits: 2,
    neutral: 0,
    slider: () => powered(-2, 2, 1, 2),
  },
  presence_penalty: {
    label: msg("Presence penalty"),
    hint: msg("subtracted once if the token has appeared at all"),
    least: -2,
    most: 2,
    step: 0.1,
    digits: 2,
    neutral: 0,
    slider: () => powered(-2, 2, 1, 2),
  },
};

/** The parameters that change nothing: the model itself. */
export function neutralParams(names = Object.keys(CONTROLS)) {
  return Object.fromEntries(names.map((name) => [name, CONTROLS[name].neutral]));
}

/** Whether a parameter changes nothing; top_k does not where it keeps the whole vocabulary. */
export function isOff(name, value, vocabulary = Infinity) {
  return value === CONTROLS[name].neutral || (name === "top_k" && value >= vocabulary);
}

/** The value a person may have meant, inside the control's range; null where it is no number. */
export function clampParam(name, value, vocabulary = Infinity) {
  const { least, most, digits } = CONTROLS[name];
  if (!Number.isFinite(value)) return null;
  return round(Math.max(least, Math.min(most === Infinity ? vocabulary : most, value)), digits);
}
