// What a page computed here stays with this tab when its language changes. It is never in a link: anyone may write one.

/** Keep results beside the state that the page takes along. */
export function keep(name, state, results) {
  try {
    sessionStorage.removeItem(name);
    sessionStorage.setItem(name, JSON.stringify({ state: JSON.stringify(state), results }));
  } catch {
    return; // storage is blocked or full: the state goes alone
  }
}

/** The results that were kept beside this very state, or null. */
export function keptFor(name, state) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name));
    return kept?.state === JSON.stringify(state) ? kept.results : null;
  } catch {
    return null;
  }
}

/** Where numbers that were computed here come from: what <run-bar> says of them when they are seen again. */
export function madeHere({ model }) {
  return { model, measured_on: new Date().toISOString().slice(0, 10) };
}
