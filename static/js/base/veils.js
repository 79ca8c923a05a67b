/**
 * Which answers are covered when a page opens. A page that brings a state along, from a link or out of the history,
 * shows what it holds; one that only changed its language stays as it was. Pure.
 */

/** What a change of language hands on: the questions of this path that were still open. */
export function packOpen(path, questions) {
  return JSON.stringify({ path, questions });
}

/** The same, read back; nothing where it is another page's, or no such thing. */
export function unpackOpen(text, path) {
  try {
    const kept = JSON.parse(text);
    return kept.path === path && Array.isArray(kept.questions) ? kept.questions : [];
  } catch {
    return [];
  }
}

/** Whether a fragment holds a state of the page. */
export const bringsState = (hash) => hash.startsWith("#s=");

/** Whether the veil over a question's answer is down at first. */
export function startsCovered(question, { hash, open }) {
  return open.includes(question) || !bringsState(hash);
}
