// The drawer's figures of the question on the stage: how its answers group, where they part, and every try in full.

import "./answer-groups.js";
import "./universe-list.js";
import "./universe-tree.js";
import { watchSteps } from "../../js/base/steps.js";
import { agreementOf } from "./figure.js";
import { asks } from "./tries.js";
import { languageOf } from "./view.js";
import { storyOf } from "./words.js";

const place = document.getElementById("figures");
const part = (selector) => place.querySelector(selector);

let step = "invented";

function show() {
  const figure = asks[step].figure;
  const done = figure?.state === "done";
  part("[data-nothing]").hidden = figure !== null;
  part("[data-figures]").hidden = figure === null;
  if (figure === null) return;
  part("[data-prompt]").textContent = `${figure.request.prompt} …`;
  part("[data-prompt]").lang = languageOf(figure.request.prompt);
  const agreement = agreementOf(figure.tries);
  part("answer-groups").figure = figure;
  const named = storyOf(figure.preset) === "after";
  const lines = figure.tries.map((one) => (named ? { ...one, text: one.answer } : one));
  Object.assign(part("universe-list"), { tries: lines, keys: figure.keys, agreement });
  part("[data-parting]").hidden = !(done && figure.tree);
  if (done && figure.tree) Object.assign(part("universe-tree"), { ...figure.tree, agreement });
}

export function begin() {
  watchSteps((name) => {
    if (!(name in asks)) return;
    step = name;
    show();
  });
  for (const [name, ask] of Object.entries(asks)) ask.store.watch(() => name === step && show());
}
