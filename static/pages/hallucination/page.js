// The hallucination page: parallel universes of one prompt, evidence in front of it, and its own mistakes.

import "../../js/elements/predict-reveal.js";
import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import { keep, keptFor } from "../../js/base/kept.js";
import { showError } from "../../js/base/page.js";
import { copyLink } from "../../js/base/copy-link.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import * as evidence from "./evidence.js";
import * as mistake from "./mistake.js";
import * as temperatures from "./temperatures.js";
import * as universes from "./universes.js";

const sections = { universes, temperatures, evidence, mistake };

const KEPT = "hallucination-results";
const ofEach = (told) => Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, told(section)]));
const sharedState = () => ofEach((section) => section.snapshot());

for (const section of Object.values(sections)) section.begin();
provideSnapshot(() => {
  const state = sharedState();
  keep(
    KEPT,
    state,
    ofEach((section) => section.computed()),
  );
  return state;
});
await restoreFromFragment((state) => {
  const own = keptFor(KEPT, state);
  for (const [name, section] of Object.entries(sections)) if (state[name]) section.restore(state[name], own?.[name]);
}, showError);

document.querySelector("[data-action=share]").addEventListener("click", () => copyLink(sharedState()));
