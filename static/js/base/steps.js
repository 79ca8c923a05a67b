/**
 * A page told in steps, one idea a screen. Each step has an address, `#reveal`; what belongs to some steps only names
 * them in `data-steps`, and everything else stays where it is. Pages without steps have none of this.
 */

const dots = /** @type {HTMLAnchorElement[]} */ ([...(globalThis.document?.querySelectorAll(".stage-steps a") ?? [])]);
const names = dots.map((dot) => dot.hash.slice(1));

/** The name of the step on the stage; null on a page without steps. */
export function stepNow() {
  return names[dots.findIndex((dot) => dot.hasAttribute("aria-current"))] ?? null;
}

/** The step that a page opens with. */
export function firstStep() {
  return names[0] ?? null;
}

/** Whether the page has such a step. */
export function isStep(name) {
  return names.includes(name);
}

/** Put a step on the stage. A `step` event on the document says so, unless it stood there already. */
export function showStep(name) {
  if (!isStep(name) || name === stepNow()) return;
  const at = names.indexOf(name);
  dots.forEach((dot, index) => {
    dot.toggleAttribute("aria-current", false);
    dot.classList.toggle("is-behind", index < at);
  });
  dots[at].setAttribute("aria-current", "step");
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-steps]"))) {
    part.toggleAttribute("data-off", !part.dataset.steps.split(" ").includes(name));
  }
  document.querySelector("main").scrollTop = 0;
  document.dispatchEvent(new CustomEvent("step", { detail: { name } }));
}

/**
 * Call `listener(name)` now and whenever another step comes onto the stage.
 *
 * @param {(name: string) => void} listener
 */
export function watchSteps(listener) {
  document.addEventListener("step", (/** @type {CustomEvent} */ { detail }) => listener(detail.name));
  const name = stepNow();
  if (name !== null) listener(name);
}

/** Go a number of steps on (or back), by the same links that a reader would press. */
export function go(by) {
  const to = names[names.indexOf(stepNow()) + by];
  if (to !== undefined) location.hash = to;
}
