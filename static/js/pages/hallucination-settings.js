// The settings that the three sections share: prompt, universes, temperature, rule, seed.

import "../elements/seed-box.js";
import { formatNumber } from "../format.js";

const LIMITS = { n: [4, 32], temperature: [0, 2], seed: [0, Number.MAX_SAFE_INTEGER] };
const LONGEST = 4000; // characters of a prompt
const CUTS = ["name", "clause", "word"];

/** A request with every field inside its limits; what is missing or strange is taken from `base`. */
export function settingsOf(request, base) {
  const settings = { ...base };
  if (typeof request?.prompt === "string") settings.prompt = request.prompt.slice(0, LONGEST);
  if (CUTS.includes(request?.cut)) settings.cut = request.cut;
  for (const [name, [least, most]] of Object.entries(LIMITS)) {
    const value = request?.[name];
    if (Number.isFinite(value)) settings[name] = Math.min(most, Math.max(least, name === "temperature" ? value : Math.round(value)));
  }
  return settings;
}

/** Whether what a link held can be drawn: an outcome with groups, universes and a tree, and an opening. */
export function isFigure({ opening, outcome } = {}) {
  return (
    Number.isFinite(opening?.entropy_bits) &&
    isAgreement(outcome?.agreement) &&
    Array.isArray(outcome.universes) &&
    Array.isArray(outcome.tree) &&
    outcome.tree.length > 0 &&
    outcome.tree_bytes?.length === outcome.tree.length
  );
}

/** Whether these are groups of universes. */
export function isAgreement(agreement) {
  return Array.isArray(agreement?.groups) && agreement.groups.every(({ key, sequences }) => typeof key === "string" && Array.isArray(sequences));
}

/** Where numbers that were computed here come from: what <run-bar> says of them when they are seen again. */
export function sourceOf({ model }) {
  return { model, measured_on: new Date().toISOString().slice(0, 10) };
}

/** The same as a link held it, or null. */
export function readSource(source) {
  const { model, measured_on: day } = source ?? {};
  return typeof model === "string" && /^\d{4}-\d{2}-\d{2}$/.test(day) ? { model, measured_on: day } : null;
}

/** Write a request into a section's fields; the field one types in is left alone. */
export function showSettings(section, request) {
  for (const field of section.querySelectorAll("[data-setting]")) {
    const value = String(request[field.dataset.setting]);
    if (field.value !== value && (field !== document.activeElement || field.type === "range")) field.value = value;
  }
  const outputs = { n: request.n, temperature: formatNumber(request.temperature, 2) };
  for (const output of section.querySelectorAll("[data-value]")) output.textContent = outputs[output.dataset.value];
  const seed = section.querySelector("seed-box");
  if (seed) seed.seed = request.seed;
}

/** Tell of every change: `change(request, typed)`; `typed` where the prompt itself is another. */
export function watchSettings(section, current, change) {
  section.addEventListener("input", ({ target }) => {
    const name = target.dataset?.setting;
    if (!name) return;
    const value = target.type === "range" ? target.valueAsNumber : target.value;
    change({ ...current(), [name]: value }, name === "prompt");
  });
  section.addEventListener("seed-changed", ({ detail }) => change({ ...current(), seed: detail.seed }, false));
}
