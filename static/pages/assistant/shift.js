/** Which tokens of an answer a costume changed: how far the odds before each of them moved. */

import { ExperimentRun } from "../../js/base/experiment.js";
import { formatNumber } from "../../js/base/format.js";
import { language, t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/made-here.js";
import { pageData } from "../../js/base/page.js";
import { costumeName } from "./view.js";

const MOST_FORCED = 400; // characters
const { presets, measurement } = pageData;
const preset = presets.find(({ note }) => note.role === "shift" && note.language === language());
const measured = { costumes: preset.note.costumes, shifts: measurement?.results[preset.id] ?? [], source: measurement };

/** @type {(selector: string) => any} */
const part = (selector) => document.querySelector(`.drawer ${selector}`);
const strips = [0, 1].map((index) => part(`#shift-${index}`));
const rows = strips.map((strip) => strip.closest(".shift-row"));
const movers = part("costume-movers");
const bar = part("#shift-run");

function sumOf([first, ...others]) {
  if (!first) return "";
  const rest = others.reduce((sum, { kl_bits: bits }) => sum + bits, 0);
  return t("The first token's odds moved by {first} bits, the other {n} together by {rest}.", {
    first: formatNumber(first.kl_bits, 1),
    rest: formatNumber(rest, 1),
    n: others.length,
  });
}

/** `chosenAnswer() -> {question, template, costume, answer}`: what is to be forced. */
export function startShift(chosenAnswer) {
  const run = new ExperimentRun();
  let shown = measured;
  let here = null; // what of it was measured here, to the end

  const select = (costume, index) => {
    strips.forEach((strip, i) => Object.assign(strip, { selected: i === costume ? index : -1 }));
    const shift = shown.shifts.find((one) => one.costume === costume && one.index === index);
    if (shift) Object.assign(movers, { shift, costume: costumeName(shown.costumes[costume]) });
  };
  const draw = () => {
    strips.forEach((strip, costume) => {
      const name = costume < shown.costumes.length ? costumeName(shown.costumes[costume]) : "";
      const own = shown.shifts.filter((shift) => shift.costume === costume);
      rows[costume].hidden = costume >= shown.costumes.length;
      rows[costume].querySelector("h4").textContent = name;
      rows[costume].querySelector(".shift-sum").textContent = sumOf(own);
      const tokens = own.map(({ token, kl_bits: bits }) => ({ bytes: token.bytes, bits, by: "typed" }));
      Object.assign(strip, { tokens, label: name });
    });
    bar.measurement = shown.source;
  };
  const show = (next) => {
    shown = next;
    draw();
    const far = shown.shifts.reduce((best, shift) => (best?.kl_bits >= shift.kl_bits ? best : shift), null);
    if (far !== null) select(far.costume, far.index);
  };
  const ask = async () => {
    const { question, template, costume, answer } = chosenAnswer();
    shown = { costumes: [costume ?? "own"], shifts: [], source: null };
    here = null;
    draw();
    const onPart = (_, data) => {
      shown = { ...shown, shifts: [...shown.shifts, data] };
      draw();
    };
    const forced = { question, answer: answer.slice(0, MOST_FORCED), templates: [template] };
    if (await run.start("costume-shift", forced, { onPart })) here = { ...shown, source: madeHere(run) };
    show(here ?? shown);
  };

  strips.forEach((strip, costume) =>
    strip.addEventListener("token-selected", ({ detail }) => select(costume, detail.index)),
  );
  bar.addEventListener("run-asked", ask);
  Object.assign(bar, { run });
  show(measured);
  return {
    offer: (possible) => Object.assign(bar, { disabled: !possible || chosenAnswer().answer.trim() === "" }),
    computed: () => here,
    restore: (kept) => {
      run.reset();
      here = kept;
      show(kept ?? measured);
    },
  };
}
