// The random tokens, twice: the lower part of the few-shot page.

import { visibleText } from "../../js/base/bytes.js";
import { ExperimentRun } from "../../js/base/experiment.js";
import { formatBits, formatCount, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { madeHere } from "../../js/base/kept.js";
import { pageData } from "../../js/base/page.js";
import { Store } from "../../js/base/store.js";

const preset = pageData.presets.find(({ experiment }) => experiment === "repeated-tokens");
const find = (selector) => document.querySelector(selector);
const bar = find("#few-repeat-run");
const curve = find("#few-repeat-curve");
const length = find("[data-length]");

const measured = Object.fromEntries((pageData.measurement?.results[preset.id] ?? []).map((part) => [part.kind, part]));
export const repeat = new Store({
  request: preset.request,
  drawn: measured.drawn ?? null,
  copies: measured.copies ?? null,
  stale: false,
  source: pageData.measurement,
});
const run = new ExperimentRun();

function show({ request, drawn, copies, stale, source }) {
  length.value = request.length;
  bar.stale = stale && copies !== null;
  bar.measurement = copies ? source : null;
  find("[data-drawn]").textContent = drawn ? drawn.tokens.map(({ bytes }) => visibleText(bytes)).join(" ") : "";
  if (!copies) return;
  const points = (bits) => bits.map((y, i) => ({ x: i + 1, y }));
  Object.assign(curve, {
    series: [
      { name: t("second copy"), style: "main", points: points(copies.second) },
      { name: t("first copy"), style: "control", points: points(copies.first) },
      { name: t("other tokens"), style: "control-2", points: points(copies.others) },
    ],
    xLabel: t("place in the copy"),
    yLabel: t("surprise (bits)"),
    xFormat: formatCount,
    yFormat: (bits) => formatBits(bits),
    label: t("Surprise of each random token in the first copy, in the second, and of other tokens in its place"),
  });
  find("[data-repeat-sentence]").textContent = t(
    "First copy: {first} bits a token. Second copy: {second}. Other random tokens in its place: {others}.",
    {
      first: formatNumber(copies.first_mean, 1),
      second: formatNumber(copies.second_mean, 1),
      others: formatNumber(copies.others_mean, 1),
    },
  );
}

async function start() {
  const { request } = repeat.state;
  await run.start("repeated-tokens", request, {
    onPart: (kind, part) => {
      if (kind === "drawn") repeat.update({ drawn: part, stale: false });
      if (kind === "copies") repeat.update({ copies: part });
    },
  });
}

function change(request) {
  repeat.update({ request: { ...repeat.state.request, ...request }, stale: true });
}

const LENGTHS = [...length.options].map(({ value }) => Number(value));

/** What was read here, or null. */
export function computedRepeat() {
  const { drawn, copies, stale, source } = repeat.state;
  const made = run.state === "done" ? madeHere(run) : source;
  return made === pageData.measurement || stale ? null : { drawn, copies, source: made };
}

/** The tokens of a link: which ones; what came of them only where this tab kept it. */
export function restoreRepeat(shared, kept) {
  const { request } = repeat.state;
  if (!LENGTHS.includes(shared?.length) || !Number.isSafeInteger(shared.seed) || shared.seed < 0) return;
  if (shared.length !== request.length || shared.seed !== request.seed)
    change({ length: shared.length, seed: shared.seed });
  if (kept) repeat.update({ ...kept, stale: false });
}

export function startRepeat() {
  bar.run = run;
  bar.addEventListener("run-asked", start);
  length.addEventListener("change", () => change({ length: Number(length.value) }));
  find('[data-action="other-tokens"]').addEventListener("click", () => {
    change({ seed: crypto.getRandomValues(new Uint32Array(1))[0] });
    start();
  });
  repeat.watch(show);
  show(repeat.state);
}
