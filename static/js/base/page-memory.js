/**
 * A page remembers itself: what was typed, computed and chosen stays with this tab over a reload, a change of language,
 * a trip to another page and back, and a restart of the server. Whoever opens its link sees the same.
 */

import { openFragment, provideSnapshot } from "./share.js";
import { isStep, showStep, stepNow } from "./steps.js";

/** The link that the address holds, if it holds one. */
const linked = () => (location.hash.startsWith("#s=") ? location.hash : "");

/**
 * Restore the page, from this tab or else from its address, and keep it from now on.
 * `open(state, linked)` gets what `take()` gave, `linked` where it came in a link; `fail(error)` a ShareError. Resolves
 * to true where there was something.
 *
 * @param {string} name of the page
 * @param {{ take: () => object, open: (state: any, linked: boolean) => void, fail: (error: Error) => void }} page
 */
export async function rememberPage(name, { take, open, fail }) {
  const openLink = () => openFragment((state) => open(state, true), fail);
  let from = linked(); // what the page goes on from: another link begins anew, even where this tab remembers
  provideSnapshot(take, { lasts: true });
  addEventListener("hashchange", () => {
    from = linked() || from;
    openLink();
  });
  addEventListener("pagehide", () => keep(name, { from, step: stepNow(), state: take() }));
  const kept = read(name);
  if (kept === null || (from !== "" && kept.from !== from)) return openLink();
  if (!isStep(location.hash.slice(1))) showStep(kept.step);
  open(kept.state, false);
  return true;
}

function keep(name, value) {
  try {
    sessionStorage.setItem(`page:${name}`, JSON.stringify(value));
  } catch {
    return; // storage is blocked or full: the page then lasts as long as it is open
  }
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`page:${name}`));
  } catch {
    return null;
  }
}
