// What the status line says: how the writing goes, and why it ended.

import { formatNumber, formatSeconds } from "../../js/base/format.js";
import { msg, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";

const REASONS = {
  "end-of-text": msg("The model ended its text."),
  "stop-string": msg("Stopped at a stop string."),
  length: msg("Done."),
  "context-full": msg("The context window is full: nothing more fits."),
  timeout: msg("This took too long and was stopped. The text so far is kept."),
  cancelled: msg("Stopped. The text so far is kept."),
  sentence: msg("The sentence ended."),
  error: msg("Broke off. The text so far is kept."),
};

export function reasonText(reason) {
  return reason in REASONS ? t(REASONS[reason]) : "";
}

/** A sentence, or null where nothing has happened yet. */
export function outcomeText(session) {
  const { running, outcome } = session.state;
  if (running) return runningText(running);
  if (!outcome) return session.state.history.past.length > 0 || session.state.history.kind !== "open" ? "" : null;
  if (outcome.reason === "recut") return t("Cut again for {model}; the numbers from {from} no longer apply.", outcome);
  const parts = [reasonText(outcome.reason)];
  if (outcome.rate !== null)
    parts.push(t("{rate} tokens/s", { rate: formatNumber(outcome.rate, outcome.rate < 10 ? 1 : 0) }));
  if (outcome.wait !== null) parts.push(t("first after {time}", { time: formatSeconds(outcome.wait) }));
  return parts.join(" · ");
}

function runningText({ line, tokens, first }) {
  if (!models.ready) return t("Waiting for the model to load …");
  if (first === null) return line.text ?? t("Reading …");
  const seconds = (performance.now() - first) / 1000;
  const rate = tokens > 1 && seconds > 0.2 ? formatNumber((tokens - 1) / seconds, 0) : "–";
  return t("{n} tokens, {rate} per second", { n: tokens, rate });
}

const LEGENDS = {
  surprise: { steps: ["<1", "1+", "3+", "5+", "8+"], unit: msg("bits of surprise") },
  rank: { steps: ["1", "2+", "11+", "101+", "1001+"], unit: msg("rank among all tokens") },
  kept: { steps: ["1", "2+", "11+", "101+", "1001+"], unit: msg("choices left to the dice") },
};

export function drawLegend(legend, view) {
  const steps = (LEGENDS[view]?.steps ?? []).map((text, level) => {
    const step = document.createElement("span");
    step.className = "legend-step";
    step.dataset.level = level;
    step.textContent = text;
    return step;
  });
  if (view === "plain") {
    const step = document.createElement("span");
    step.className = "legend-step by-model";
    step.textContent = t("by the model");
    legend.replaceChildren(step);
  } else {
    legend.replaceChildren(...steps, ` ${t(LEGENDS[view].unit)}`);
  }
}
