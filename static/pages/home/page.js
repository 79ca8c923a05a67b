/** Half a sentence, and the odds of every way on. */

/** @import * as contract from "contract" */

import { ApiError, postJson, stream } from "../../js/base/api.js";
import { decodeUtf8, hexToBytes, spokenText, visibleText } from "../../js/base/bytes.js";
import { formatDay } from "../../js/base/dates.js";
import "../../js/elements/probability-bars.js";
import { formatChoices, formatNumber, formatProbability, formatRoll } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { announce, clearMessage, messageNow, pageData, showError } from "../../js/base/page.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { Store } from "../../js/base/store.js";

const ROWS = 12;
const QUIET_MS = 140; // how long typing has to rest before the model is asked

const prompt = /** @type {HTMLTextAreaElement} */ (document.getElementById("prompt"));
const bars = document.querySelector("probability-bars");
const state = document.getElementById("figure-state");
const rolled = document.getElementById("rolled");
const rollButton = /** @type {HTMLButtonElement} */ (document.getElementById("roll"));
const { en, "zh-CN": zh } = pageData.example;
const example = pageData.example[language()];

/**
 * `ids` stand for the text as long as tokens were only chosen, not typed: what was typed is tokenised,
 * what was chosen is not tokenised again. `shown` is the distribution on screen, null for none; `asked` the model
 * on this server it is of, null for an example's. `opened` from a link: nothing runs until a person does something.
 */
const store = new Store({ text: prompt.value, ids: null, shown: example, asked: null, waiting: false, opened: false });

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
  const said = messageNow();
  store.update({ waiting: true });
  if (!models.ready || store.state.opened) return;
  try {
    const shown = await postJson("/api/next-token", { ...asPrompt(store.state), top: ROWS }, { signal });
    if (signal.aborted) return;
    clearMessage(said);
    store.update({ shown, asked: models.state.loaded.name, waiting: false });
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "model_not_ready") return; // asked again as soon as it is
    store.update({ shown: null, asked: null, waiting: false });
    showError(error);
  }
}

function type(text) {
  store.update({ text, ids: null, waiting: true, opened: false });
  clearTimeout(rest);
  question.abort();
  rest = setTimeout(ask, QUIET_MS);
}

/** Go on with one more token: by its id where the ids before it are known, else as text. */
function take({ id, bytes, special = false }) {
  const { shown, asked, ids, text, waiting } = store.state;
  const before = ids ?? (asked !== null && !waiting ? shown.ids : null);
  const longer = text + (special ? "" : (decodeUtf8(hexToBytes(bytes)) ?? ""));
  store.update({ text: longer, ids: before === null ? null : [...before, id], waiting: true, opened: false });
  prompt.value = longer;
  ask();
}

async function roll() {
  rollButton.disabled = true;
  clearTimeout(rest);
  const { text, ids } = store.state;
  const said = messageNow();
  try {
    /** @type {contract.CompletionRequest} */
    const body = { ...asPrompt({ text, ids }), max_tokens: 1, logprobs: 1, ignore_eos: true };
    let before = ids;
    for await (const { event, data } of stream("/api/completions", body)) {
      if (event === "queued") before = data.ids;
      if (event !== "token") continue;
      if (store.state.text !== text || store.state.ids !== ids) return; // rolled for a text that is gone
      store.update({ ids: before });
      tellRoll(data);
      take(data);
    }
    clearMessage(said);
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

function showDistribution(shown) {
  if (shown === null) return showNothing();
  const { top, remainder, vocabulary, entropy_bits: entropy } = shown;
  bars.rows = top.map(({ id, bytes, raw_logprob: logprob, p = Math.exp(logprob) }, index) => ({
    id,
    bytes,
    rank: index + 1,
    raw: p,
    processed: p,
    kept: true,
  }));
  bars.remainder = { count: vocabulary - top.length, raw: remainder, processed: remainder };
  document.getElementById("entropy").textContent = formatNumber(entropy, 1);
  document.getElementById("choices").textContent = formatChoices(entropy);
}

function showNothing() {
  bars.rows = [];
  bars.remainder = null;
  for (const id of ["entropy", "choices"]) document.getElementById(id).textContent = "–";
}

function stateSentence({ shown, asked, waiting, opened }) {
  const { model, measured: day } = pageData.example;
  if (models.offline) {
    return t("The server does not answer just now. Your text stays here; the page tries again by itself.");
  }
  if (!models.ready && models.state.state === "failed") {
    return t("The model could not be loaded. Press its name at the top of the page to see why, or to load another.");
  }
  if (opened) {
    return t("Opened from a link: nothing has run yet. Press anywhere on this page, and the model answers.");
  }
  if (shown === null && !waiting) return ""; // what went wrong is said below
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
    return t("Measured with {model} on {day}. Type, and the model on this server answers.", {
      model,
      day: formatDay(day),
    });
  }
  return t("The next token by {model}, now: the model's own odds, over its whole vocabulary.", { model: asked });
}

store.watch((now, previous) => {
  if (now.shown !== previous.shown) showDistribution(now.shown);
  bars.setAttribute("aria-busy", String(now.waiting));
  bars.hidden = now.opened;
  state.textContent = stateSentence(now);
});
models.addEventListener("change", () => {
  const { asked, waiting, shown } = store.state;
  state.textContent = stateSentence(store.state);
  rollButton.disabled = !models.ready;
  if (!models.ready) return;
  const other = asked !== null && asked !== models.state.loaded.name;
  if (other) store.update({ ids: null, shown: { ...shown, ids: null } });
  if (waiting || other || shown === null) ask();
});

rollButton.disabled = !models.ready;
rollButton.addEventListener("click", roll);
prompt.addEventListener("input", () => type(prompt.value));
bars.addEventListener("row-picked", ({ detail }) => take(bars.rows.find(({ id }) => id === detail.id)));
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-prompt]"))) {
  button.addEventListener("click", () => {
    prompt.value = button.dataset.prompt;
    type(prompt.value);
    prompt.focus();
  });
}
for (const kind of ["pointerdown", "keydown"]) {
  document.querySelector("main").addEventListener(kind, () => {
    if (!store.state.opened) return;
    store.update({ opened: false });
    ask();
  });
}

/** What the address holds: a change of language goes on where the page was, any other link runs nothing by itself. */
function open({ text, live }) {
  clearTimeout(rest);
  question.abort();
  prompt.value = String(text ?? "");
  const shown = [en, zh].find((measured) => measured.prompt === prompt.value) ?? null;
  const opened = live !== true && shown === null;
  store.update({ text: prompt.value, ids: null, shown, asked: null, waiting: false, opened });
  if (shown === null) ask();
}

showDistribution(example);
// Another language is no new page.
provideSnapshot(() => ({ page: "home", text: prompt.value, live: !store.state.opened }));
const restored = await restoreFromFragment(open, showError);
// What was typed before this script came is not lost.
if (!restored && prompt.value !== example.prompt) type(prompt.value);
