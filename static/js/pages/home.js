/** Half a sentence, and the odds of every way on. */

import { ApiError, postJson, stream } from "../api.js";
import { decodeUtf8, hexToBytes, spokenText, visibleText } from "../bytes.js";
import { formatDay } from "../dates.js";
import "../elements/probability-bars.js";
import { formatChoices, formatNumber, formatProbability, formatRoll } from "../format.js";
import { language, t } from "../i18n.js";
import { models } from "../models.js";
import { announce, clearMessage, pageData, showError } from "../page.js";
import { provideSnapshot, restoreFromFragment } from "../share.js";
import { Store } from "../store.js";

const ROWS = 12;
const QUIET_MS = 140; // how long typing has to rest before the model is asked

const prompt = document.getElementById("prompt");
const bars = document.querySelector("probability-bars");
const state = document.getElementById("figure-state");
const rolled = document.getElementById("rolled");
const rollButton = document.getElementById("roll");
const example = pageData.example[language()];

/**
 * `ids` stand for the text as long as tokens were only chosen, not typed: what was typed is tokenised,
 * what was chosen is not tokenised again. `shown` is the distribution on screen, `asked` the model it is of.
 */
const store = new Store({ text: prompt.value, ids: null, shown: null, asked: null, waiting: false });

let question = new AbortController();
let rest = 0;

/** The prompt as the server takes it. */
function asPrompt({ ids, text }) {
  return ids === null ? { prompt: text } : { ids };
}

async function ask() {
  question.abort();
  question = new AbortController();
  const { signal } = question;
  if (!models.ready) {
    store.update({ waiting: true });
    return;
  }
  store.update({ waiting: true });
  try {
    const shown = await postJson("/api/next-token", { ...asPrompt(store.state), top: ROWS }, { signal });
    if (signal.aborted) return;
    clearMessage();
    store.update({ shown, asked: models.state.loaded.name, waiting: false });
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    store.update({ waiting: error.code === "model_not_ready" });
    if (error.code !== "model_not_ready") showError(error);
  }
}

function type(text) {
  store.update({ text, ids: null, waiting: true });
  clearTimeout(rest);
  question.abort();
  rest = setTimeout(ask, QUIET_MS);
}

/** Go on with one more token: by its id where the ids before it are known, else as text. */
function take({ id, bytes, special = false }) {
  const { shown, ids, text, waiting } = store.state;
  const before = ids ?? (shown !== null && !waiting ? shown.ids : null);
  const longer = text + (special ? "" : (decodeUtf8(hexToBytes(bytes)) ?? ""));
  store.update({ text: longer, ids: before === null ? null : [...before, id], waiting: true });
  prompt.value = longer;
  ask();
}

async function roll() {
  rollButton.disabled = true;
  clearTimeout(rest);
  try {
    const body = { ...asPrompt(store.state), max_tokens: 1, logprobs: 1, ignore_eos: true };
    let ids = null;
    for await (const { event, data } of stream("/api/completions", body)) {
      if (event === "queued") ids = data.ids;
      if (event !== "token") continue;
      if (ids !== null) store.update({ ids });
      tellRoll(data);
      take(data);
    }
    clearMessage();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showError(error);
  } finally {
    rollButton.disabled = false;
  }
}

function tellRoll({ bytes, u, rank, raw_logprob: logprob, top }) {
  const values = { u: formatRoll(u), rank, p: formatProbability(Math.exp(logprob)) };
  const [likeliest] = top;
  const sentence = (token, first) =>
    rank === 1 || likeliest === undefined
      ? t("Rolled {u}: “{token}”, {p}. The likeliest, this time.", { ...values, token })
      : t("Rolled {u}: “{token}”, {p}, rank {rank}. The likeliest was “{first}”: chance, not an error.", {
          ...values,
          token,
          first,
        });
  rolled.textContent = sentence(visibleText(bytes), likeliest && visibleText(likeliest.bytes));
  announce(sentence(spokenText(bytes), likeliest && spokenText(likeliest.bytes)));
}

function showDistribution({ top, remainder, vocabulary, entropy_bits: entropy }) {
  bars.rows = top.map(({ id, bytes, raw_logprob: logprob, p = Math.exp(logprob) }, index) => ({
    id, bytes, rank: index + 1, raw: p, processed: p, kept: true,
  }));
  bars.remainder = { count: vocabulary - top.length, raw: remainder, processed: remainder };
  document.getElementById("entropy").textContent = formatNumber(entropy, 1);
  document.getElementById("choices").textContent = formatChoices(entropy);
}

function stateSentence({ asked, waiting }) {
  const { model, measured: day } = pageData.example;
  if (models.offline) {
    return t("The server does not answer just now. Your text stays here; the page tries again by itself.");
  }
  if (!models.ready && models.state.state === "failed") {
    return t(
      "The model could not be loaded. Press its name at the top of the page to see why, or to load another.",
    );
  }
  if (!models.ready && waiting) {
    return t(
      "The model is still getting ready; it answers as soon as it can. Its progress stands at the top of the page.",
    );
  }
  if (!models.ready) {
    return t("Measured earlier with {model}. The model on this server is still getting ready.", { model });
  }
  if (asked === null && waiting) return t("The model has been asked; its answer is on the way.");
  if (asked === null) {
    return t("Measured with {model} on {day}. Type, and the model on this server answers.", { model, day: formatDay(day) });
  }
  return t("The next token by {model}, now: the model's own odds, over its whole vocabulary.", { model: asked });
}

store.watch(({ shown, asked, waiting }, previous) => {
  if (shown !== previous.shown) showDistribution(shown);
  bars.setAttribute("aria-busy", String(waiting));
  state.textContent = stateSentence({ asked, waiting });
});
models.addEventListener("change", () => {
  const { asked, waiting, shown } = store.state;
  state.textContent = stateSentence({ asked, waiting });
  rollButton.disabled = !models.ready;
  if (!models.ready) return;
  const other = shown !== null && asked !== models.state.loaded.name;
  if (other) store.update({ ids: null, shown: { ...shown, ids: null } });
  if (waiting || other) ask();
});

rollButton.disabled = !models.ready;
rollButton.addEventListener("click", roll);
prompt.addEventListener("input", () => type(prompt.value));
bars.addEventListener("row-picked", ({ detail }) => take(bars.rows.find(({ id }) => id === detail.id)));
for (const button of document.querySelectorAll("[data-prompt]")) {
  button.addEventListener("click", () => {
    prompt.value = button.dataset.prompt;
    type(prompt.value);
    prompt.focus();
  });
}

showDistribution(example);
provideSnapshot(() => ({ page: "home", text: prompt.value }));
await restoreFromFragment(({ text }) => {
  prompt.value = String(text ?? "");
  store.update({ text: prompt.value, ids: null });
}, showError);
// What was typed before this script came is not lost.
if (prompt.value !== example.prompt && location.hash === "") type(prompt.value);
