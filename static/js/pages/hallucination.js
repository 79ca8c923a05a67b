// The hallucination page: parallel universes of one prompt, evidence in front of it, and its own mistakes.

import "../elements/predict-reveal.js";
import "../elements/run-bar.js";
import "../elements/status-message.js";
import { t } from "../i18n.js";
import { showError, showNote } from "../page.js";
import { provideSnapshot, restoreFromFragment, shareLink } from "../share.js";
import * as evidence from "./hallucination-evidence.js";
import * as mistake from "./hallucination-mistake.js";
import * as temperatures from "./hallucination-temperatures.js";
import * as universes from "./hallucination-universes.js";

const sections = { universes, temperatures, evidence, mistake };

function snapshot() {
  return Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, section.snapshot()]));
}

for (const section of Object.values(sections)) section.begin();
provideSnapshot(snapshot);
await restoreFromFragment((state) => {
  for (const [name, section] of Object.entries(sections)) if (state[name]) section.restore(state[name]);
}, showError);

document.querySelector("[data-action=share]").addEventListener("click", async () => {
  const link = await shareLink(snapshot());
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(link);
    showNote(t("The link is copied. Opening it shows this again and runs nothing."));
  } catch {
    showNote(t("The link stands in the address bar. Opening it shows this again and runs nothing."));
  }
});
