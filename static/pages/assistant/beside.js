// The lower half of the assistant page: what the costume changed, and the instruction-tuned model.

/** @import * as contract from "contract" */

import { ExperimentRun } from "../../js/base/experiment.js";
import { formatNumber } from "../../js/base/format.js";
import { t, tParts } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { models } from "../../js/base/models.js";
import { pageData } from "../../js/base/page.js";
import { collect, tryLines, withPart } from "./results.js";

const INSTRUCTED = "smollm2-135m-instruct";
const MOST_FORCED = 400; // characters
const { presets, measurement } = pageData;
const results = measurement?.results ?? {};
const presetOf = (id) => presets.find((preset) => preset.id === id);
/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`main ${selector}`);

/** The page's models as they look from the second one, which runs beside whatever is loaded. */
class Beside extends EventTarget {
  constructor() {
    super();
    models.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  get state() {
    return { ...models.state, loaded: { name: INSTRUCTED } };
  }

  get ready() {
    return models.ready;
  }
}

const strips = [0, 1].map((index) => part(`#shift-${index}`));
const rows = strips.map((strip) => strip.closest(".shift-row"));
const movers = part("costume-movers");
const costumeName = (id) => part(`[data-costume="${CSS.escape(id)}"]`)?.textContent.trim() ?? t("your own costume");

function sumOf([first, ...others]) {
  if (!first) return "";
  const rest = others.reduce((sum, { kl_bits: bits }) => sum + bits, 0);
  return t("{first} bits before the first token, {rest} bits before the {n} others together.", {
    first: formatNumber(first.kl_bits, 1),
    rest: formatNumber(rest, 1),
    n: others.length,
  });
}

/** `chosenAnswer() -> {question, template, costume, answer}`: what is to be forced. */
export function startShift(chosenAnswer) {
  const run = new ExperimentRun();
  const bar = part("#shift-run");
  let { costumes } = presetOf("shift").note;
  let shifts = results.shift ?? [];
  let here = null; // {costumes, shifts, source}: measured here, to the end

  const select = (costume, index) => {
    strips.forEach((strip, i) => Object.assign(strip, { selected: i === costume ? index : -1 }));
    const shift = shifts.find((one) => one.costume === costume && one.index === index);
    if (shift) Object.assign(movers, { shift, costume: costumeName(costumes[costume]) });
  };
  const draw = () => {
    strips.forEach((strip, costume) => {
      const name = costume < costumes.length ? costumeName(costumes[costume]) : "";
      rows[costume].hidden = costume >= costumes.length;
      rows[costume].querySelector("h3").textContent = name;
      const own = shifts.filter((shift) => shift.costume === costume);
      rows[costume].querySelector(".shift-sum").textContent = sumOf(own);
      Object.assign(strip, {
        tokens: own.map(({ token, kl_bits: bits }) => ({ bytes: token.bytes, bits, by: "typed" })),
        label: name,
      });
    });
  };
  const selectFarthest = () => {
    const far = shifts.reduce((best, shift) => (best === null || shift.kl_bits > best.kl_bits ? shift : best), null);
    if (far) select(far.costume, far.index);
  };
  const ask = async () => {
    const { question, template, costume, answer } = chosenAnswer();
    costumes = [costume];
    shifts = [];
    draw();
    const onPart = (_, data) => {
      shifts = [...shifts, data];
      draw();
    };
    here = null;
    const done = await run.start(
      "costume-shift",
      { question, answer: answer.slice(0, MOST_FORCED), templates: [template] },
      { onPart },
    );
    if (done) here = { costumes, shifts, source: madeHere(run) };
    selectFarthest();
  };

  strips.forEach((strip, costume) =>
    strip.addEventListener("token-selected", ({ detail }) => select(costume, detail.index)),
  );
  bar.addEventListener("run-asked", ask);
  Object.assign(bar, { run, measurement });
  draw();
  selectFarthest();
  return {
    offer: (possible) => Object.assign(bar, { disabled: !possible }),
    computed: () => here,
    restore: (kept) => {
      run.reset();
      here = kept;
      ({ costumes, shifts } = kept);
      bar.measurement = kept.source;
      draw();
      selectFarthest();
    },
  };
}

/** `chosenQuestion() -> {question, seed, n, temperature, expected}`: what the tuned model is to be asked as well. */
export function startInstructed(chosenQuestion) {
  const beside = new Beside();
  const run = new ExperimentRun({ on: beside });
  const bar = part("#instructed-run");
  const { request } = presetOf("instructed");
  const shown = {
    document: part("#instructed-document"),
    tries: part("#instructed-tries"),
    count: part("#instructed-count"),
    note: part(".instructed-note"),
  };
  let result = collect(results.instructed ?? []);
  let picked = 0;
  let here = null; // {result, source}: asked here, to the end

  const draw = () => {
    const side = result.instructed;
    const lines = tryLines(side);
    Object.assign(shown.tries, { answers: lines, picked });
    if (side?.document)
      Object.assign(shown.document, {
        pieces: side.document.pieces,
        written: lines[picked]?.text ?? "",
        special: true,
      });
    const known = side?.answers && side.answered !== null;
    shown.count.textContent = known
      ? t("{right} of {n} tries answered", { right: side.answered, n: side.answers.length })
      : "";
  };
  const tell = () => {
    const model = models.state.models?.find(({ name }) => name === INSTRUCTED);
    const missing = model !== undefined && !model.on_disk;
    const command = document.createElement("code");
    command.textContent = `python -m app fetch ${INSTRUCTED}`;
    shown.note.replaceChildren(
      ...(missing
        ? tParts(
            "{title} is not on this machine yet; what stands here was measured elsewhere. This command gets it: {command}",
            { title: model.title, command },
          )
        : []),
    );
    Object.assign(bar, { disabled: missing });
  };
  const ask = async () => {
    const { question, seed, n, temperature, expected } = chosenQuestion();
    result = {};
    picked = 0;
    const onPart = (/** @type {contract.assistant.News} */ ...news) => {
      result = withPart(result, ...news);
      draw();
    };
    here = null;
    const done = await run.start(
      "instructed",
      { ...request, question, seed, n, temperature, expected: expected.trim() || null },
      { onPart },
    );
    if (done) here = { result, source: madeHere(run) };
    draw();
  };

  shown.tries.addEventListener("try-picked", ({ detail }) => {
    picked = detail.index;
    draw();
  });
  bar.addEventListener("run-asked", ask);
  Object.assign(bar, { run, models: beside, measurement: measurement && { ...measurement, model: INSTRUCTED } });
  models.addEventListener("change", tell);
  tell();
  draw();
  return {
    computed: () => here,
    restore: (kept) => {
      run.reset();
      here = kept;
      ({ result } = kept);
      bar.measurement = kept.source;
      draw();
    },
  };
}
