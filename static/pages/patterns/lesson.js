/** The lesson's elements in every state, for the patterns page. */

import { ApiError } from "../../js/base/api.js";
import { textToHex } from "../../js/base/bytes.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { models } from "../../js/base/models.js";

const COUNTS = [1, 2, 4, 8, 16, 32, 64];
const curve = (at) => COUNTS.map((x, index) => ({ x, y: at(index), low: at(index) * 0.8, high: at(index) * 1.2 }));
const series = [
  { name: "Lorem ipsum", style: "main", points: curve((index) => 9 * 0.5 ** index) },
  { name: "A passage written for this project", style: "control", points: curve((index) => 8 - index * 0.3) },
  {
    name: "Lorem ipsum, words changed",
    style: "control-2",
    note: "every fourth word",
    points: curve((index) => 7.5 - index * 0.4),
  },
  { name: "Random words", style: "control-3", points: COUNTS.map((x, index) => ({ x, y: index === 3 ? null : 9.5 })) },
];
const axes = {
  xLabel: "tokens given",
  yLabel: "bits per token",
  xScale: "log",
  label: "Bits per token against the tokens given",
};
const surprises = Array.from({ length: 120 }, (_, x) => ({ x, y: 6 * Math.exp(-x / 12) + (x % 9 === 0 ? 4 : 0.3) }));

const WORDS = [
  "Lorem",
  " ipsum",
  " dolor",
  " sit",
  " amet",
  ",",
  " consectetur",
  " adipiscing",
  " elit",
  ".\n",
  "Sed",
  " do",
  " eiusmod",
  "🙂",
  " tempor",
];
const BITS = [null, 0.2, 0.9, 1.5, 2.9, 3.3, 4.8, 5.1, 7.9, 8.4, 12, 0.1, 2.2, 6, 0.4];
const tokens = WORDS.map((word, index) => ({ bytes: textToHex(word), bits: BITS[index] }));
const written = tokens.map((token, index) => ({
  ...token,
  by: "model",
  mark: index === 5 ? "diverged" : index === 8 ? "realigned" : "equal",
}));
const pairs = tokens.map((token, index) => {
  if (index === 4) return { original: token, model: { bytes: textToHex(" et") }, mark: "diverged" };
  if (index === 5) return { original: token, model: null, mark: "diverged" };
  return { original: token, model: { bytes: token.bytes }, mark: index > 5 && index < 9 ? "realigned" : "equal" };
});

const measurement = { model: "gemma-3-270m", measured_on: "2026-11-22" };

/** A run that stopped where its script did. */
function scripted(script, { cancelled = false } = {}) {
  const run = new ExperimentRun({ ask: (_name, _request, listeners) => script(listeners) });
  run.start("recite", { text: "" });
  if (cancelled) run.cancel();
  return run;
}

function failing() {
  throw new ApiError({ code: "overloaded", message: "all places are taken", retryAfter: 5 });
}

function underWay({ onProgress }) {
  onProgress({ done: 12, total: 64 });
  return new Promise(() => {});
}

/** A run that anyone can start: 64 steps of 30 ms. */
async function slowly(_name, _request, { signal, onProgress }) {
  for (let done = 0; done <= 64; done += 1) {
    onProgress({ done, total: 64 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    signal.throwIfAborted();
  }
}

const loaded = models.state.loaded;
const same = { measurement: { ...measurement, model: loaded?.name ?? "fake" } };

/** @type {[string, string, object][]} */
export const LESSON_SPECIMENS = [
  [
    "line-figure",
    "four lines, pickable",
    { series, ...axes, at: 8, pickable: true, rules: [{ y: 5, label: "chance" }] },
  ],
  ["line-figure", "logarithmic", { series: series.slice(0, 2), ...axes, yScale: "log" }],
  [
    "line-figure",
    "surprise along a text",
    {
      series: [{ name: "this text", style: "surprise", points: surprises }],
      xLabel: "token",
      yLabel: "bits",
      label: "Bits of every token",
    },
  ],
  [
    "line-figure",
    "one point",
    { series: [{ name: "alone", style: "main", points: [{ x: 3, y: 0.5 }] }], ...axes, xScale: "linear" },
  ],
  ["line-figure", "nothing yet", { series: [], ...axes, xScale: "linear" }],
  ["heat-strip", "one row", { tokens, legend: true, label: "Tokens by their bits", at: 6 }],
  ["heat-strip", "written by the model", { tokens: written, legend: true, label: "What the model wrote" }],
  [
    "heat-strip",
    "aligned",
    { pairs, names: ["original", "model"], legend: true, label: "The original and what the model wrote", selected: 2 },
  ],
  ["run-bar", "measured on the loaded model", { run: new ExperimentRun(), ...same }],
  ["run-bar", "measured on another", { run: new ExperimentRun({ ask: slowly }), measurement }],
  ["run-bar", "inputs changed", { run: new ExperimentRun(), ...same, stale: true }],
  ["run-bar", "under way", { run: scripted(underWay), measurement }],
  ["run-bar", "cancelled", { run: scripted(underWay, { cancelled: true }), measurement }],
  ["run-bar", "failed", { run: scripted(async () => failing()), measurement }],
  ["run-bar", "done", { run: scripted(async () => {}), measurement: null }],
];
