/** Several tries of one question, in the costume and bare, with the same dice: how many are answered. */

/** @import * as contract from "contract" */

import { ExperimentRun } from "../../js/base/experiment.js";
import { holdRoom } from "../../js/base/hold-room.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/made-here.js";
import { pageData } from "../../js/base/page.js";
import { isComplete, keyOf, measuredTries, triesKey, triesRequest, tryLines, withPart } from "./results.js";
import { costumeName } from "./view.js";

/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`.drawer ${selector}`);
const shown = {
  title: part("#tries-title"),
  dressed: { list: part("#dressed-tries"), count: part("#dressed-count") },
  bare: { list: part("#bare-tries"), count: part("#bare-count") },
  bar: part("#tries-run"),
};

/** `subjectNow() -> subject`: whose tries are shown, and asked for. `take(answer)` gets the one that is picked. */
export function startTries(subjectNow, take) {
  const run = new ExperimentRun();
  let here = null; // {key, result, source, whole}: asked here
  holdRoom(run, shown.dressed.list, shown.bare.list);

  const resultOf = (subject) => (here?.key === triesKey(subject) ? here.result : measuredTries(subject, pageData));
  const showSide = ({ list, count }, side, stop) => {
    list.answers = tryLines(side, stop);
    const known = side?.tries && side.answered !== null;
    count.textContent = known ? t("{right} of {n} tries answered", { right: side.answered, n: side.tries.length }) : "";
  };
  const draw = () => {
    const subject = subjectNow();
    const result = resultOf(subject) ?? {};
    const own = here?.key === triesKey(subject);
    shown.title.textContent = t("“{question}” in “{costume}” and bare", {
      question: subject.question,
      costume: costumeName(subject.costume ?? "own"),
    });
    shown.title.hidden = subject.question === "";
    showSide(shown.dressed, result.dressed, subject.stop);
    showSide(shown.bare, result.bare, "");
    Object.assign(shown.bar, {
      run,
      measurement: own ? here.source : result.dressed ? pageData.measurement : null,
      stale: !own && run.state !== "idle",
      disabled: !isComplete(subject),
    });
  };
  shown.bar.addEventListener("run-asked", async () => {
    const subject = subjectNow();
    here = { key: triesKey(subject), result: {}, source: null, whole: false };
    const onPart = (/** @type {contract.assistant.News} */ ...news) => {
      here = { ...here, result: withPart(here.result, ...news) };
      draw();
    };
    const whole = await run.start("dressed", triesRequest(subject), { onPart });
    here = { ...here, source: madeHere(run), whole };
    draw();
  });
  shown.dressed.list.addEventListener("try-picked", ({ detail: { index } }) => {
    const subject = { ...subjectNow(), dressed: true };
    const { document, tries } = resultOf(subject).dressed;
    if (tries === null) return; // still on their way
    const source = here?.key === triesKey(subject) ? here.source : pageData.measurement;
    const { model, measured_on } = source;
    const made = { seed: subject.seed, place: [index + 1, tries.length], source: { model, measured_on } };
    take({ key: keyOf(subject), ...document, ...tries[index], ...made });
  });
  run.addEventListener("change", draw);
  return {
    draw,
    computed: () => (here?.whole ? { key: here.key, result: here.result, source: here.source } : null),
    restore: (kept) => {
      run.reset();
      here = kept && { ...kept, whole: true };
      draw();
    },
  };
}
