// The settings that a question has: prompt, tries, temperature, rule, seed; and the example it begins with.

import "../../js/elements/seed-box.js";
import { formatNumber } from "../../js/base/format.js";
import { language } from "../../js/base/i18n.js";
import { pageData } from "../../js/base/page.js";
import { sameRequest } from "./figure.js";

const LIMITS = { n: [4, 32], temperature: [0, 2], seed: [0, Number.MAX_SAFE_INTEGER] };
const LONGEST = 4000; // characters of a prompt
const CUTS = ["name", "clause", "word"];
const presets = new Map(pageData.presets.map((preset) => [preset.id, preset]));

/** The worked example of this name in the page's language: a preset. */
export function exampleOf(name) {
  return (language() === "zh-CN" && presets.get(`${name}-zh`)) || presets.get(name);
}

/** Whether a request is that example, in either language. */
export function isExample(request, name) {
  return [name, `${name}-zh`].some((id) => presets.has(id) && sameRequest(presets.get(id).request, request));
}

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
  if (Number.isInteger(request?.max_tokens)) settings.max_tokens = Math.min(64, Math.max(1, request.max_tokens));
  return settings;
}

/** Write a request into the fields inside `section`; the field one types in is left alone. */
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
