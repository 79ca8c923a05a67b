// One line of undo over everything that happens to a document: typing, generating, forking, opening.

const MOST_STEPS = 500;
const TYPING_PAUSE = 1200; // milliseconds after which typing starts a new step

export function newHistory(present) {
  return Object.freeze({ past: [], present, future: [], kind: "open", at: 0 });
}

/** A new present; what it replaces can be undone to. Typing without a pause is one step. */
export function commit(history, present, kind, at = 0) {
  if (present === history.present) return history;
  if (kind === "type" && history.kind === "type" && at - history.at < TYPING_PAUSE && history.future.length === 0) {
    return Object.freeze({ ...history, present, at });
  }
  const past = [...history.past, history.present].slice(-MOST_STEPS);
  return Object.freeze({ past, present, future: [], kind, at });
}

/** The same step, further on: a streamed token, a draft that got its ids, scores that arrived. */
export function amend(history, present) {
  return Object.freeze({ ...history, present });
}

/** No more typing joins the present step. */
export function seal(history) {
  return Object.freeze({ ...history, kind: "sealed" });
}

export const canUndo = (history) => history.past.length > 0;
export const canRedo = (history) => history.future.length > 0;

export function undo(history) {
  if (!canUndo(history)) return history;
  const future = [history.present, ...history.future];
  return Object.freeze({ past: history.past.slice(0, -1), present: history.past.at(-1), future, kind: "undo", at: 0 });
}

export function redo(history) {
  if (!canRedo(history)) return history;
  const past = [...history.past, history.present];
  return Object.freeze({ past, present: history.future[0], future: history.future.slice(1), kind: "redo", at: 0 });
}
