// The hallucination page: one question asked sixteen times, evidence in front of it, and for experts its own mistakes.

import "../../js/elements/run-bar.js";
import "../../js/elements/status-message.js";
import { copyLink } from "../../js/base/copy-link.js";
import { clearMessage, showError } from "../../js/base/page.js";
import { rememberPage } from "../../js/base/page-memory.js";
import { isStep, showStep, stepNow } from "../../js/base/steps.js";
import * as details from "./details.js";
import * as evidence from "./evidence.js";
import * as mistake from "./mistake.js";
import * as temperatures from "./temperatures.js";
import * as tries from "./tries.js";

const parts = { tries, evidence, temperatures, mistake };

/** All of the page; a link holds what is on the stage, and says that it is one. */
function take({ link = false } = {}) {
  const each = Object.entries(parts).map(([name, part]) => [name, part.take({ link })]);
  return { page: "hallucination", link, ...Object.fromEntries(each) };
}

function open(state) {
  const whole = state.page === "hallucination" ? state : fromOlder(state);
  for (const [name, part] of Object.entries(parts)) part.open(whole[name] ?? {}, whole.link === true);
}

/** A link from before the page was told in steps: settings without results, and one prompt for all. */
function fromOlder({ universes, evidence: given, mistake: words, step }) {
  if (!isStep(step)) showStep("own");
  const own = universes?.request ? { request: universes.request, preset: universes.preset ?? null } : undefined;
  return { tries: { own }, evidence: { request: given?.request }, mistake: { request: words?.request } };
}

for (const part of [...Object.values(parts), details]) part.begin();
await rememberPage("hallucination", { take, open, fail: showError });

document.querySelector("[data-action=share]").addEventListener("click", () => copyLink(take({ link: true })));
document.querySelector("[data-action=again]").addEventListener("click", () => {
  clearMessage();
  for (const part of Object.values(parts)) part.reset();
  if (stepNow() !== null) showStep("invented");
});
