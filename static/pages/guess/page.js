// One text at a time: guess its next token, say how sure you are, then see the model's odds and both costs in bits.

import { ApiError, postJson } from "../../js/base/api.js";
import { spokenText, visibleText } from "../../js/base/bytes.js";
import { formatNumber, formatProbability, formatProgress } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { announce, clearMessage, messageNow, pageData, showError } from "../../js/base/page.js";
import "../../js/elements/probability-bars.js";
import "../../js/elements/status-message.js";
import { bitsOf, firstAfter, guessCost, joined, totals } from "./bits.js";

const ROWS = 8;
const texts = pageData.example[language()];

const find = (id) => document.getElementById(id);
const form = /** @type {HTMLFormElement} */ (find("guess"));
const word = /** @type {HTMLInputElement} */ (find("guess-word"));
const sure = /** @type {HTMLInputElement} */ (find("guess-sure"));
const go = /** @type {HTMLButtonElement} */ (find("guess-go"));
const next = /** @type {HTMLButtonElement} */ (find("guess-next"));
const bars = /** @type {any} */ (document.querySelector("#guess-answer probability-bars"));

let at = 0;
let results = [];

async function scoresOf(prompt) {
  return (await postJson("/api/score", { prompt, top: ROWS })).scores;
}

async function guess(event) {
  event.preventDefault();
  const { text, next: after } = texts[at];
  const written = joined(word.value, after);
  if (written === "") return word.focus();
  go.disabled = true;
  const said = messageNow();
  try {
    const [whole, guessed, { ids, vocabulary }] = await Promise.all([
      scoresOf(text + after),
      scoresOf(text + written),
      postJson("/api/next-token", { prompt: text, top: 1 }),
    ]);
    clearMessage(said);
    reveal(firstAfter(whole, ids), firstAfter(guessed, ids), vocabulary);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showError(error);
    go.disabled = false;
  }
}

function reveal(came, mine, vocabulary) {
  const right = came.id === mine.id;
  const certainty = Number(sure.value) / 100;
  const you = guessCost(right, certainty, vocabulary);
  results = [...results, { you, model: bitsOf(came.raw_logprob) }];
  showBars(came, mine, vocabulary);
  const verdict = sentence(right, came, mine, you);
  find("guess-verdict").textContent = verdict(visibleText);
  announce(verdict(spokenText));
  showTotals(vocabulary);
  find("guess-text").querySelector("mark").textContent = texts[at].next.trim();
  find("guess-answer").hidden = false;
  next.textContent = at + 1 < texts.length ? t("Next text") : t("From the beginning");
  for (const control of [word, sure, go]) control.disabled = true;
  next.focus();
}

function sentence(right, came, mine, you) {
  const values = {
    p: formatProbability(Math.exp(came.raw_logprob)),
    bits: formatNumber(bitsOf(came.raw_logprob), 1),
    n: came.rank,
    mine: formatProbability(Math.exp(mine.raw_logprob)),
    sure: formatProgress(Number(sure.value) / 100),
    cost: formatNumber(you, 1),
  };
  const key = right
    ? t(
        "The text continues with “{token}”. The model gave it {p}: {bits} bits. You had it, {sure} sure: {cost} bits.",
        {
          ...values,
          token: "\u0000",
        },
      )
    : t(
        "The text continues with “{token}”. The model gave it {p}: {bits} bits. Your “{guess}” had {mine}; {sure} sure and wrong costs {cost} bits.",
        { ...values, token: "\u0000", guess: "\u0001" },
      );
  return (shown) => key.replace("\u0000", shown(came.bytes)).replace("\u0001", shown(mine.bytes));
}

function showBars(came, mine, vocabulary) {
  const named = new Map(came.top.map((one, index) => [one.id, { ...one, rank: index + 1 }]));
  for (const one of [mine, came]) named.set(one.id, one);
  const rows = [...named.values()].sort((a, b) => a.rank - b.rank);
  bars.rows = rows.map(({ id, bytes, rank, raw_logprob: logprob }) => {
    const p = Math.exp(logprob);
    return { id, bytes, rank, raw: p, processed: p, kept: true };
  });
  const rest = Math.max(0, 1 - bars.rows.reduce((sum, { raw }) => sum + raw, 0));
  bars.remainder = { count: vocabulary - rows.length, raw: rest, processed: rest };
  bars.picked = came.id;
}

function showTotals(vocabulary) {
  const { texts: count, ...bits } = totals(results, vocabulary);
  for (const [who, value] of Object.entries(bits)) find(`guess-${who}`).textContent = formatNumber(value, 1);
  find("guess-count").textContent = t("bits per token, over {n} texts", { n: count });
}

function turn() {
  at = (at + 1) % texts.length;
  if (at === 0) results = [];
  const [before, blank] = find("guess-text").children;
  before.textContent = texts[at].text;
  blank.textContent = "";
  find("guess-place").textContent = t("Text {n} of {all}", { n: at + 1, all: texts.length });
  find("guess-answer").hidden = true;
  for (const control of [word, sure, go]) control.disabled = false;
  word.value = "";
  word.focus();
}

form.addEventListener("submit", guess);
next.addEventListener("click", turn);
sure.addEventListener("input", () => {
  /** @type {HTMLOutputElement} */ (find("guess-sure-shown")).value = formatProgress(Number(sure.value) / 100);
});
