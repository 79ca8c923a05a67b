/** The same question to a model that was tuned on conversations, which runs beside whatever is loaded. */

/** @import * as contract from "contract" */

import { ExperimentRun } from "../../js/base/experiment.js";
import { t, tParts } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/made-here.js";
import { models } from "../../js/base/models.js";
import { pageData } from "../../js/base/page.js";
import { collect, tryLines, withPart } from "./results.js";

const INSTRUCTED = "smollm2-135m-instruct";
const { presets, measurement } = pageData;
const { id, request } = presets.find(({ note }) => note.role === "instructed");
const measured = {
  result: collect(measurement?.results[id] ?? []),
  source: measurement && { ...measurement, model: INSTRUCTED },
};
/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`.drawer ${selector}`);

/** The page's models as they look from the second one. */
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

/** `subjectNow() -> {question, seed, n, temperature, expected}`: what the tuned model is to be asked as well. */
export function startInstructed(subjectNow) {
  const beside = new Beside();
  const run = new ExperimentRun({ on: beside });
  const bar = part("#instructed-run");
  const views = {
    document: part("#instructed-document"),
    tries: part("#instructed-tries"),
    count: part("#instructed-count"),
    note: part(".instructed-note"),
  };
  let { result } = measured;
  let picked = 0;
  let here = null; // {result, source}: asked here, to the end

  const draw = () => {
    const side = result.instructed;
    const lines = tryLines(side);
    Object.assign(views.tries, { answers: lines, picked });
    if (side?.document) {
      const text = lines[picked]?.text ?? "";
      const written = text === "" ? [] : [{ text, token: 0, mark: false }];
      Object.assign(views.document, { pieces: side.document.pieces, written, special: true });
    }
    const known = side?.tries && side.answered !== null;
    views.count.textContent = known
      ? t("{right} of {n} tries answered", { right: side.answered, n: side.tries.length })
      : "";
  };
  const tell = () => {
    const model = models.state.models?.find(({ name }) => name === INSTRUCTED);
    const missing = model !== undefined && !model.on_disk;
    const command = document.createElement("code");
    command.textContent = `python -m app fetch ${INSTRUCTED}`;
    views.note.replaceChildren(
      ...(missing
        ? tParts(
            "{title} is not on this machine yet; what stands here was measured elsewhere. This command gets it: {command}",
            { title: model.title, command },
          )
        : []),
    );
    Object.assign(bar, { disabled: missing || subjectNow().question.trim() === "" });
  };
  const show = (next) => {
    ({ result } = next);
    picked = 0;
    bar.measurement = next.source;
    draw();
  };
  const ask = async () => {
    const { question, seed, n, temperature, expected } = subjectNow();
    result = {};
    picked = 0;
    here = null;
    const onPart = (/** @type {contract.assistant.News} */ ...news) => {
      result = withPart(result, ...news);
      draw();
    };
    const asked = { ...request, question, seed, n, temperature, expected: expected.trim() || null };
    if (await run.start("instructed", asked, { onPart })) here = { result, source: madeHere(run) };
    draw();
  };

  views.tries.addEventListener("try-picked", ({ detail }) => {
    picked = detail.index;
    draw();
  });
  bar.addEventListener("run-asked", ask);
  Object.assign(bar, { run, models: beside });
  models.addEventListener("change", tell);
  tell();
  show(measured);
  return {
    tell,
    computed: () => here,
    restore: (kept) => {
      run.reset();
      here = kept;
      show(kept ?? measured);
    },
  };
}
