/** Every number a page shows is written here, the way the page's language writes it. */

import { language, t } from "./i18n.js";

const formats = new Map();

function numberFormat(options) {
  const key = language() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language(), options));
  return formats.get(key);
}

/** A number with exactly `digits` decimals. Example: 3.14159 with 2 is "3.14". */
export function formatNumber(value, digits = 0) {
  return numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** A whole number with its separators: "262,144". */
export function formatCount(n) {
  return formatNumber(n, 0);
}

/** A large number, short: 268098176 is "268M", in Chinese "2.68 亿". */
export function formatCompact(n) {
  const number = numberFormat({ notation: "compact", maximumSignificantDigits: 3 }).format(n);
  return number.replace(/(?<=\d)(?=[万亿])/u, "\u00a0");
}

/**
 * A probability as a percentage: one decimal, two under 1%. What is not zero is never written as zero,
 * and what is not certain never as 100%.
 *
 * Examples: 0.2134 is "21.3%", 0.005 is "0.50%", 0.00005 is "<0.01%", 0 is "0%", 0.99996 is ">99.9%".
 */
export function formatProbability(p) {
  if (!Number.isFinite(p)) return "–";
  if (p <= 0) return "0%";
  if (p >= 1) return "100%";
  if (p < 0.0001) return `<${formatNumber(0.01, 2)}%`;
  if (p >= 0.9995) return `>${formatNumber(99.9, 1)}%`;
  return `${formatNumber(p * 100, p < 0.00995 ? 2 : 1)}%`;
}

/** How far something has come, in whole percent: 0.419 is "41%". */
export function formatProgress(fraction) {
  return `${formatNumber(Math.floor(fraction * 100))}%`;
}

/** An amount of information: "3.1 bits". */
export function formatBits(bits, digits = 1) {
  return t("{bits} bits", { bits: formatNumber(bits, digits) });
}

/** How many equally likely choices an entropy is worth: 3.1 bits is like 8.6 choices. */
export function formatChoices(bits) {
  const choices = 2 ** bits;
  return formatNumber(choices, choices < 100 ? 1 : 0);
}

/** A roll of the dice in [0, 1): "0.6183". Cut, not rounded, so that it never shows 1. */
export function formatRoll(u) {
  return formatNumber(Math.floor(u * 10_000) / 10_000, 4);
}

/** A natural log-probability: "−2.303". */
export function formatLogprob(logprob) {
  return Number.isFinite(logprob) ? formatNumber(logprob, 3).replace("-", "−") : "−∞";
}

/** An amount of data in decimal units: 536223056 is "536 MB". */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const scaled = bytes / 1000 ** power;
  return `${formatNumber(scaled, power > 0 && scaled < 10 ? 1 : 0)}\u00a0${units[power]}`;
}

/** A duration: "180 ms", "2.4 s", "3 min 20 s", "2 h 5 min". */
export function formatSeconds(seconds) {
  if (seconds < 1) return t("{n} ms", { n: Math.round(seconds * 1000) });
  if (seconds < 60) return t("{seconds} s", { seconds: formatNumber(seconds, seconds < 10 ? 1 : 0) });
  const whole = Math.round(seconds);
  if (whole >= 3600)
    return t("{hours} h {minutes} min", { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60) });
  return t("{minutes} min {seconds} s", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}
