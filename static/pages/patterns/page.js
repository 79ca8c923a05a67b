/** Every shared element in every state. Development only. */

import { textToHex } from "../../js/base/bytes.js";
import "../status/class-activity.js";
import "../status/class-controls.js";
import "../status/class-door.js";
import "../playground/context-meter.js";
import "../../js/elements/dice-strip.js";
import "../../js/elements/heat-strip.js";
import "../../js/elements/line-figure.js";
import "../../js/frame/model-status.js";
import "../../js/elements/predict-reveal.js";
import "../../js/elements/probability-bars.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/sampling-controls.js";
import "../../js/elements/status-message.js";
import "../../js/elements/token-strip.js";
import { models } from "../../js/base/models.js";
import { LESSON_SPECIMENS } from "./lesson.js";

const WORDS = [
  " blue",
  " red",
  " the",
  "\n\n",
  " purple",
  "🙂",
  " a",
  "<b>x</b>",
  "\u200b",
  " extraordinarily long token text",
];

function rows(count, { kept = count, observed = false } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const raw = 0.3 * 0.72 ** index;
    const processed = index < kept ? raw * 1.15 : 0;
    const seen = {
      count: Math.round(processed * 1000),
      share: processed * (index % 3 ? 1.02 : 1.3),
      low: processed * 0.9,
      high: processed * 1.1,
    };
    return {
      id: 1000 + index,
      bytes: textToHex(WORDS[index % WORDS.length]),
      rank: index + 1,
      raw,
      processed,
      kept: index < kept,
      ...(observed && { observed: seen }),
    };
  });
}

function tokens(count) {
  let end = 0;
  return Array.from({ length: count }, (_, index) => {
    const bytes = index % 17 === 16 ? "f09f" : textToHex(WORDS[index % WORDS.length]);
    const start = end;
    end += bytes.length / 2;
    return { id: 1000 + index, bytes, start, end, special: index % 23 === 22 };
  });
}

function intervals(count) {
  return Array.from({ length: count }, (_, index) => ({
    id: 1000 + index,
    bytes: textToHex(WORDS[index % WORDS.length]),
    start: index / count,
    end: (index + 1) / count,
    count: 1,
  }));
}

function askers(count) {
  return Array.from({ length: count }, (_, index) => ({
    client: index ? (0xa3f200 + index).toString(16) : "teacher",
    kind: index % 3 ? "continue" : "score",
    position: index + 1,
    tokens: 7 * index,
    seconds: index / 2,
  }));
}

const machine = {
  slots: 32,
  queue: 200,
  tokens_per_second: 87.4,
  memory_bytes: 1.2e9,
  addresses: [],
  uptime_seconds: 4503,
};
const task = { name: "gpt2", title: "GPT-2", stage: "fetch", fraction: 0.41, message: "part 2 of 4" };
const state = models.state;
/** @type {[string, string, object][]} */
const SPECIMENS = [
  ["status-message", "note", { message: { kind: "note", text: "Copied." } }],
  [
    "status-message",
    "error",
    { message: { kind: "error", text: "The answer broke off before its end. What came is kept." } },
  ],
  ["model-status", "ready", { state }],
  ["model-status", "switching", { state: { ...state, task } }],
  [
    "model-status",
    "first start",
    {
      state: {
        ...state,
        loaded: null,
        engine: null,
        state: "loading",
        task: { ...task, stage: "convert", fraction: null },
      },
    },
  ],
  [
    "model-status",
    "failed",
    {
      state: {
        ...state,
        loaded: null,
        engine: null,
        state: "failed",
        error: { code: "model_unavailable", message: "the disk is full" },
      },
    },
  ],
  ["model-status", "no answer", { state, offline: true }],
  ["probability-bars", "no rows", { rows: [], remainder: null }],
  ["probability-bars", "one row", { rows: rows(1), remainder: null, single: true }],
  [
    "probability-bars",
    "cut and picked",
    {
      rows: rows(8, { kept: 5 }),
      remainder: { count: 262136, raw: 0.08, processed: 0 },
      total: 262144,
      picked: 1003,
      pickable: true,
    },
  ],
  [
    "probability-bars",
    "logarithmic, drawn 1,000",
    { rows: rows(8, { observed: true }), remainder: null, scale: "log" },
  ],
  [
    "sampling-controls",
    "four",
    {
      params: { temperature: 0.8, top_k: 0, top_p: 0.9, min_p: 0 },
      vocabulary: 262144,
      shown: ["temperature", "top_k", "top_p", "min_p"],
    },
  ],
  ["dice-strip", "five tokens", { intervals: intervals(5), u: 0.6183, picked: 1003 }],
  ["dice-strip", "two hundred", { intervals: intervals(200), u: null, picked: null }],
  ["token-strip", "none", { tokens: [], label: "No tokens" }],
  ["token-strip", "one", { tokens: tokens(1), label: "One token" }],
  ["token-strip", "two hundred", { tokens: tokens(200), selected: 3, whitespace: true, label: "Two hundred tokens" }],
  ["context-meter", "some", { used: 612, limit: 8192, asked: 64 }],
  ["context-meter", "full", { used: 8192, limit: 8192, asked: 64 }],
  ["class-door", "open", { addresses: ["http://192.168.1.23:8000", "http://10.0.0.23:8000"] }],
  ["class-door", "closed", { addresses: ["http://127.0.0.1:8000"] }],
  ["class-controls", "some words blurred", { state: { curtain: true, note: true, blur: ["one", "two"] } }],
  ["class-pause", "a lesson", { paused: false, present: 28 }],
  ["class-pause", "paused", { paused: true, present: 1 }],
  ["class-activity", "nobody", { status: { ...machine, running: [], waiting: [] } }],
  [
    "class-activity",
    "other programs are busy",
    { status: { ...machine, cores: { count: 2, others: 1.04, threads: 1, crowded: true }, running: [], waiting: [] } },
  ],
  ["class-activity", "a full class", { status: { ...machine, running: askers(32), waiting: askers(60) } }],
  ...LESSON_SPECIMENS,
];

document.getElementById("gallery").append(
  ...SPECIMENS.map(([tag, name, properties]) => {
    const specimen = document.createElement("div");
    const title = document.createElement("h3");
    specimen.className = "specimen";
    title.className = "specimen-name";
    title.textContent = `${tag}: ${name}`;
    specimen.append(title, Object.assign(document.createElement(tag), properties));
    return specimen;
  }),
);
for (const swatch of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-role]"))) {
  swatch.style.setProperty("--swatch", `var(--color-${swatch.dataset.role})`);
}
