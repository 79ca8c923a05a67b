// One word of the opening changed: which, how, and what is left of the recitation.

import { ExperimentRun } from "../../js/base/experiment.js";
import { formatBits } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { models } from "../../js/base/models.js";
import { announce } from "../../js/base/page.js";
import { pieces, replacement, textOf, wordsOf } from "./recital.js";
import { requestOf } from "./recital-requests.js";
import { Store } from "../../js/base/store.js";

const LENGTH = 48;
/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);

/**
 * The panel under the figures. `store` is the page's; this panel has a small one of its own. `known(request)` is what
 * the page knows of a text, `sourceOf(request)` where that comes from, `measured` the book of what was measured.
 */
export function startWords({ store, known, sourceOf, presets, measured, measurement }) {
  /** @type {HTMLElement} */
  const panel = document.querySelector(".one-word");
  const list = panel.querySelector(".one-word-list");
  /** @type {HTMLElement} */
  const examples = panel.querySelector(".one-word-examples");
  /** @type {HTMLElement} */
  const otherLabel = panel.querySelector(".one-word-other");
  const [how, other, runBar, first, sentence, recited] = [
    "how",
    "other",
    "word-run",
    "word-first",
    "word-sentence",
    "word-recital",
  ].map(byId);
  const run = new ExperimentRun();
  // `results` holds {parts, made} by question, computed here.
  const local = new Store({ word: 0, how: "typo", other: "", results: new Map() });
  const examplesByQuestion = new Map(
    presets
      .filter(({ experiment }) => experiment === "perturb")
      .map((preset) => [keyOf(preset.request), measurement?.results[preset.id]]),
  );
  let listed = null;
  let counting = models.state.loaded?.name;

  const mainText = () => requestOf(store.state, "main", presets);

  /** The text, its opening's words, and the request that the panel's settings make; null without a known text. */
  function question() {
    const main = mainText();
    const { passage } = known(main);
    if (!passage) return null;
    const { prefix } = store.state;
    const opening = textOf(passage.bytes.slice(0, prefix));
    const words = wordsOf(opening);
    const word = words[Math.min(local.state.word, words.length - 1)];
    if (!word) return { words, opening, request: null };
    const changed = replacement(word.word, local.state.how, local.state.other);
    const request = { text: main.text, prefix, start: word.start, end: word.end, replacement: changed, length: LENGTH };
    return { words, opening, word, request: changed === word.word ? null : request };
  }

  function resultOf(request) {
    if (request === null) return null;
    const here = local.state.results.get(keyOf(request));
    const parts = here?.parts ?? examplesByQuestion.get(keyOf(request));
    if (!parts) return null;
    const openings = parts.filter(({ kind }) => kind === "opening");
    return {
      source: here?.made ?? measurement,
      // In the tokens of the model that told the rest.
      passage: (here ? known(mainText()) : measured.of(mainText())).passage,
      before: openings[0],
      after: openings[1],
      recital: parts.find(({ kind }) => kind === "recital"),
      written: parts.filter(({ kind }) => kind === "written"),
    };
  }

  /** An opening is so many tokens long: they must be the loaded model's, or it would change a word elsewhere. */
  function isCounted() {
    return sourceOf(mainText())?.model === models.state.loaded?.name;
  }

  function draw() {
    const asked = question();
    panel.hidden = asked === null;
    if (asked === null) return;
    drawExamples();
    drawWords(asked);
    how.value = local.state.how;
    otherLabel.hidden = local.state.how !== "other";
    const result = resultOf(asked.request);
    first.hidden = !models.ready || isCounted();
    runBar.measurement = result?.source ?? null;
    runBar.disabled =
      asked.request === null || (local.state.how === "other" && local.state.other.trim() === "") || !isCounted();
    drawResult(asked, result);
  }

  function drawExamples() {
    const of = presets.filter(({ note }) => note.role === "word" && note.passage === store.state.passage);
    examples.hidden = of.length === 0;
    if (examples.dataset.of === store.state.passage) return;
    examples.dataset.of = store.state.passage;
    examples.replaceChildren(
      ...of.map((preset) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button button-small";
        const change = `${preset.note.word} → ${preset.request.replacement.replace("\n", "↵ ")}`;
        button.textContent = t("{change} ({n} given)", { change, n: preset.request.prefix });
        button.addEventListener("click", () => take(preset));
        return button;
      }),
    );
  }

  /** A measured example: its opening, its word, its change. */
  function take({ request, note }) {
    run.reset();
    store.update({ prefix: request.prefix });
    const word = wordsOf(request.text).findIndex(({ start }) => start === request.start);
    if (note.how === "other") other.value = request.replacement;
    local.update({ word, how: note.how, other: note.how === "other" ? request.replacement : local.state.other });
  }

  function drawWords({ words, opening }) {
    const key = opening;
    if (listed !== key) {
      listed = key;
      list.replaceChildren(...words.map(({ word }, index) => wordChoice(word, index)));
    }
    const chosen = Math.min(local.state.word, words.length - 1);
    list.querySelectorAll("input").forEach((input, index) => (input.checked = index === chosen));
  }

  function wordChoice(word, index) {
    const label = document.createElement("label");
    label.className = "one-word-choice";
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "word", value: String(index) });
    input.addEventListener("change", () => {
      run.reset();
      local.update({ word: index });
    });
    const text = document.createElement("span");
    text.lang = "en";
    text.textContent = word;
    label.append(input, text);
    return label;
  }

  function drawResult({ request }, result) {
    if (!result?.after) {
      sentence.textContent =
        request === null && local.state.how !== "other" ? t("This change leaves the word as it is.") : "";
      recited.pieces = [];
      return;
    }
    const { passage, before, after, recital } = result;
    sentence.textContent = t(
      "Before: {before} of {total} tokens follow exactly, {bitsBefore} a token. After: {after} of {total}, {bitsAfter}.",
      {
        before: before.run,
        after: after.run,
        total: before.total,
        bitsBefore: formatBits(before.mean_bits, 2),
        bitsAfter: formatBits(after.mean_bits, 2),
      },
    );
    recited.pieces = pieces(
      {
        passage: { bytes: [...after.bytes, ...passage.bytes.slice(request.prefix, request.prefix + LENGTH)] },
        recitals: recital ? { [after.bytes.length]: recital } : {},
        writing: { prefix: after.bytes.length, bytes: result.written.map(({ token }) => token.bytes) },
      },
      after.bytes.length,
      before.total,
    );
    recited.writing = run.state === "running";
    recited.lang = presets.find(({ id }) => id === store.state.passage)?.note.lang ?? "";
  }

  function forget() {
    run.reset();
    local.update({ results: new Map() });
  }

  runBar.run = run;
  runBar.addEventListener("run-asked", async () => {
    const asked = question();
    if (!asked?.request) return;
    const key = keyOf(asked.request);
    const parts = [];
    const done = await run.start("perturb", asked.request, {
      onPart: (kind, data) => {
        parts.push({ ...data, kind });
        local.update({ results: new Map(local.state.results).set(key, { parts, made: madeHere(run) }) });
      },
    });
    draw();
    if (done) announce(sentence.textContent);
  });
  how.addEventListener("change", () => {
    run.reset();
    local.update({ how: how.value });
  });
  other.addEventListener("input", () => {
    run.reset();
    local.update({ other: other.value });
  });
  models.addEventListener("change", () => {
    const { loaded } = models.state;
    if (loaded && loaded.name !== counting) forget();
    counting = loaded?.name ?? counting;
    draw();
  });
  local.watch(draw);
  store.watch((state, before) => {
    if (state.passage !== before.passage) forget();
    if (state.prefix !== before.prefix || state.own !== before.own) run.reset();
    draw();
  });
  return {
    snapshot: () => ({ word: local.state.word, how: local.state.how, other: local.state.other }),
    computed: () => [...local.state.results],
    restore: (shared, kept) => {
      if (!shared || typeof shared !== "object") return;
      run.reset();
      const { word } = shared;
      other.value = typeof shared.other === "string" ? shared.other.slice(0, 60) : "";
      local.update({
        word: Number.isInteger(word) && word >= 0 ? word : 0,
        how: ["typo", "capitals", "newline", "other"].includes(shared.how) ? shared.how : "typo",
        other: other.value,
        results: new Map(kept),
      });
    },
  };
}

const keyOf = (request) =>
  JSON.stringify(["text", "prefix", "start", "end", "replacement", "length"].map((name) => request[name]));
