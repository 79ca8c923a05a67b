/** Which step is on the stage when a page opens, and how one moves on by keyboard. Runs before the first paint. */

import { firstStep, go, isStep, showStep } from "../base/steps.js";

const root = document.documentElement;

function fromAddress() {
  const name = location.hash.slice(1);
  if (isStep(name)) showStep(name);
  else if (name === "") showStep(firstStep());
}

/** Where the arrow keys mean something else: in a text, on a slider, among radio buttons, in a drawer. */
const THEIRS = "input, textarea, select, [contenteditable], [popover], dialog, [role=grid], [role=tree], table";

document.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (/** @type {Element} */ (event.target).closest(THEIRS) === null) go(by);
});

document.addEventListener("click", ({ target }) => {
  const button = /** @type {Element} */ (target).closest("button");
  if (button?.matches("[data-show-all]")) {
    root.toggleAttribute("data-all");
    button.setAttribute("aria-pressed", String("all" in root.dataset));
  }
  if (button?.matches("[data-print]")) print();
});

addEventListener("hashchange", fromAddress);
fromAddress();
