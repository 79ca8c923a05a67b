// One word of the opening is broken, in the text itself: which, how, and what is left of the recitation.

import { ExperimentRun } from "../../js/base/experiment.js";
import { formatBits, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/made-here.js";
import { models } from "../../js/base/models.js";
import { announce } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";
import { isOpening, isRecital } from "./book.js";
import { HOWS, replacement, wordsOf } from "./changes.js";
import { play } from "./play.js";
import { pieces, scoreOf, textOf } from "./recital.js";
import { requestOf } from "./state.js";

const LENGTH = 48;
const LONGEST_WORD = 60; // characters
/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);

/**
 * `store` is the page's; this step has a small one of its own. `known(request)` is what the page knows of a text,
 * `sourceOf(request)` where that comes from, `measured` the book of what was measured, `recite()` runs the text above.
 */
export function startBreaking({ store, known, sourceOf, presets, measured, measurement, recite }) {
  const [recited, runBar, other, sentence, costs, examples] = [
    "main-recital",
    "word-run",
    "other",
    "word-sentence",
    "word-costs",
    "word-examples",
  ].map(byId);
  /** @type {NodeListOf<HTMLInputElement>} */
  const hows = document.querySelectorAll("[name=how]");
  const run = new ExperimentRun();
  // `results` holds {parts, made} by question, computed here. `played`: how many tokens of a known recital are shown.
  const local = new Store({ word: null, how: "typo", other: "", results: new Map(), played: null });
  const measuredHere = new Map(
    presets
      .filter(({ experiment }) => experiment === "perturb")
      .map((preset) => [keyOf(preset.request), measurement?.results[preset.id]]),
  );
  let stop = () => {};

  const mainText = () => requestOf(store.state, "main", presets);
  const language = () => presets.find(({ id }) => id === store.state.passage).note.lang;

  /** The opening, its words, and the request that the step's settings make; null without a known text. */
  function question() {
    const main = mainText();
    const { passage } = known(main);
    if (!passage) return null;
    const { prefix } = store.state;
    const opening = textOf(passage.bytes.slice(0, prefix));
    const words = wordsOf(opening, language());
    const word = words[local.state.word ?? -1];
    if (!word) return { words, opening, request: null };
    const changed = replacement(word.word, local.state.how, local.state.other);
    const request = { text: main.text, prefix, start: word.start, end: word.end, replacement: changed, length: LENGTH };
    const isChange = changed !== word.word && changed.trim() !== "";
    return { words, opening, word, request: isChange ? request : null };
  }

  function resultOf(request) {
    if (request === null) return null;
    const here = local.state.results.get(keyOf(request));
    const parts = here?.parts ?? measuredHere.get(keyOf(request));
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

  /** What the text on the stage shows in this step: its opening in words, and what was written after it. */
  function shown() {
    const asked = question();
    if (asked === null) return null;
    const { opening, words, word } = asked;
    const result = resultOf(asked.request);
    const now = word && replacement(word.word, local.state.how, local.state.other);
    return {
      opening: segments(opening, words, local.state.word, now),
      pieces: word ? broken(asked, result) : null,
      writing: run.state === "running" || local.state.played !== null,
      score: word ? scoreNow(result) : undefined,
    };
  }

  function scoreNow(result) {
    if (!result?.after) return null;
    const { recital, after, written } = result;
    const { played } = local.state;
    if (played !== null || !recital)
      return { equal: Math.min(after.run, played ?? written.length), total: after.total, whole: false };
    return { equal: recital.equal, total: recital.total, whole: true };
  }

  function broken({ request }, result) {
    const { prefix } = store.state;
    const main = known(mainText()).passage.bytes;
    if (!result?.after) return pieces({ passage: { bytes: main } }, prefix, LENGTH);
    const { passage, after, recital, written } = result;
    const bytes = [...after.bytes, ...passage.bytes.slice(request.prefix, request.prefix + LENGTH)];
    const { played } = local.state;
    const underway =
      recital && played !== null ? recital.bytes.slice(0, played) : written.map(({ token }) => token.bytes);
    const isDone = recital && played === null;
    const record = {
      passage: { bytes },
      recitals: isDone ? { [after.bytes.length]: recital } : {},
      writing: { prefix: after.bytes.length, bytes: underway },
    };
    return pieces(record, after.bytes.length, after.total);
  }

  /** The step's own controls. */
  function draw() {
    const asked = question();
    const { how, other: typed } = local.state;
    for (const input of hows) {
      input.checked = input.value === how;
      input.disabled = input.value === "capitals" && asked?.word !== undefined && !hasCase(asked.word.word);
    }
    if (other.value !== typed) other.value = typed;
    other.hidden = how !== "other";
    const result = resultOf(asked?.request ?? null);
    runBar.measurement = result?.source ?? null;
    runBar.disabled = !asked?.request;
    sentence.textContent = sentenceFor(asked, result);
    costs.textContent = costSentence(result);
    drawExamples();
  }

  function sentenceFor(asked, result) {
    if (asked === null) return "";
    if (!asked.word) return t("Click a word of the opening.");
    if (!asked.request)
      return local.state.how === "other" ? t("Type another word.") : t("This change leaves the word as it is.");
    if (!result?.after) return run.state === "running" ? "" : t("Not recited yet: press Recite.");
    const unbroken = scoreOf(known(mainText()), store.state.prefix, LENGTH);
    return unbroken?.whole && unbroken.total === result.after.total
      ? t("Unbroken: {equal} of {total}.", { equal: formatNumber(unbroken.equal), total: formatNumber(unbroken.total) })
      : t("Unbroken, the next {run} follow without a slip.", { run: formatNumber(result.before.run) });
  }

  function drawExamples() {
    const { passage } = store.state;
    if (examples.dataset.of === passage) return;
    examples.dataset.of = passage;
    const of = presets.filter(({ note }) => note.role === "word" && note.passage === passage);
    examples.replaceChildren(...of.map(exampleButton));
    examples.closest("section").hidden = of.length === 0;
  }

  function exampleButton(preset) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small";
    const change = `${preset.note.word} → ${preset.request.replacement.replace("\n", "↵ ")}`;
    button.textContent = t("{change} ({n} shown)", { change, n: preset.request.prefix });
    button.addEventListener("click", () => take(preset));
    return button;
  }

  /** A measured example: its opening, its word, its change. */
  function take({ request, note }) {
    rest();
    store.update({ prefix: request.prefix });
    const word = wordsOf(request.text, note.lang).findIndex(({ start }) => start === request.start);
    local.update({ word, how: note.how, other: note.how === "other" ? request.replacement : local.state.other });
  }

  function rest() {
    run.reset();
    stop();
    stop = () => {};
    local.update({ played: null });
  }

  /** What the change gives: played where it is known, else asked of the model, as soon as there is one. */
  async function tell() {
    rest();
    const result = resultOf(question()?.request ?? null);
    if (result?.recital) {
      const { length } = result.recital.bytes;
      stop = play(length, (played) => local.update({ played: played < length ? played : null }));
      return;
    }
    if (models.ready) await ask();
  }

  async function ask() {
    if (!question()?.request) return;
    if (!isCounted()) await recite(); // the loaded model cuts the text into tokens of its own
    const asked = question();
    if (!asked?.request || !isCounted()) return;
    const key = keyOf(asked.request);
    const parts = [];
    const done = await run.start("perturb", asked.request, {
      onPart: (kind, data) => {
        parts.push({ ...data, kind });
        local.update({ results: new Map(local.state.results).set(key, { parts, made: madeHere(run) }) });
      },
    });
    local.update({ results: new Map(local.state.results) });
    if (done) announce(sentence.textContent);
  }

  runBar.run = run;
  runBar.addEventListener("run-asked", ask);
  run.addEventListener("change", () => local.update({ results: new Map(local.state.results) }));
  recited.addEventListener("word-picked", ({ detail }) => {
    local.update({ word: detail.word === local.state.word ? null : detail.word });
    if (local.state.word === null) rest();
    else tell();
  });
  for (const input of hows)
    input.addEventListener("change", () => {
      local.update({ how: input.value });
      if (input.value === "other") other.focus();
      tell();
    });
  other.addEventListener("input", () => {
    local.update({ other: other.value });
    rest();
  });
  other.addEventListener("change", tell);
  models.addEventListener("change", draw);
  local.watch(() => {
    draw();
    store.update({ news: store.state.news + 1 });
  });
  store.watch((state, before) => {
    if (state.passage !== before.passage) local.update({ word: null });
    if (state.prefix !== before.prefix || state.passage !== before.passage) rest();
    draw();
  });
  return {
    shown,
    /** Everything of this step; with `one`, only the result that stands there. */
    kept({ one = false } = {}) {
      const { word, how, other: typed, results } = local.state;
      const now = keyOf(question()?.request ?? {});
      const entries = [...results].filter(([key]) => !one || key === now);
      return {
        word,
        how,
        other: typed,
        results: entries.map(([key, { parts, made }]) => [key, { parts: shortened(parts), made }]),
      };
    },
    /** Put back what `kept` gave; a link of before has no results. */
    open(kept) {
      rest();
      const { word = null, how, other: typed, results } = kept && typeof kept === "object" ? kept : {};
      const read = Array.isArray(results) ? results.filter(isResult) : [];
      local.update({
        word: Number.isInteger(word) && word >= 0 ? word : null,
        how: HOWS.includes(how) ? how : "typo",
        other: typeof typed === "string" ? typed.slice(0, LONGEST_WORD) : "",
        results: new Map(read),
      });
    },
  };
}

const keyOf = (request) =>
  JSON.stringify(["text", "prefix", "start", "end", "replacement", "length"].map((name) => request[name]));

/** What the words that follow cost the model, told the original up to each. */
function costSentence(result) {
  if (!result?.after) return "";
  const bits = { before: formatBits(result.before.mean_bits, 2), after: formatBits(result.after.mean_bits, 2) };
  return t("The rest costs {after} per token instead of {before}.", bits);
}

const hasCase = (word) => word.toUpperCase() !== word.toLowerCase();

/** The opening cut at its words: `[{text, word?, now?}]`, where `now` stands in the word's place. */
function segments(opening, words, chosen, now) {
  const characters = [...opening];
  const cut = (from, to) => characters.slice(from, to).join("");
  let at = 0;
  const parts = words.flatMap(({ word, start, end }, index) => {
    const between = cut(at, start);
    at = end;
    return [{ text: between }, { text: word, word: index, ...(index === chosen && now !== word ? { now } : {}) }];
  });
  return [...parts, { text: cut(at) }].filter(({ text }) => text !== "");
}

/** A result as a link keeps it: without what the page does not show. */
function shortened(parts) {
  return parts
    .filter(({ kind }) => kind !== "written" || !parts.some((part) => part.kind === "recital"))
    .map(({ ids: _, bits: __, ...part }) => part);
}

function isResult(entry) {
  const [key, result] = Array.isArray(entry) ? entry : [];
  if (typeof key !== "string" || typeof result?.made?.model !== "string" || !Array.isArray(result.parts)) return false;
  return result.parts.every((part) => {
    if (part?.kind === "opening") return isOpening(part);
    if (part?.kind === "recital") return isRecital(part);
    return part?.kind === "written" && /^([0-9a-f]{2})*$/.test(part.token?.bytes);
  });
}
