// The settings that the three sections share: prompt, universes, temperature, rule, seed.

import "../../js/elements/seed-box.js";
import { formatNumber } from "../../js/base/format.js";
import { pageData } from "../../js/base/page.js";

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
    if (Number.isFinite(value))
      settings[name] = Math.min(most, Math.max(least, name === "temperature" ? value : Math.round(value)));
  }
  return settings;
}

/** Whether numbers with this source were computed here, to their end. */
export function isOwn(source) {
  return source !== null && source !== pageData.measurement;
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
