/** What every page has: the data it came with, and the places where it speaks to its reader. */

import { errorMessage } from "./error-message.js";

/** The page's own data: `{example}`. */
export const pageData = JSON.parse(document.getElementById("page-data").textContent);

function place() {
  return document.querySelector("main")?.querySelector("status-message") ?? document.querySelector("status-message");
}

/**
 * Say what went wrong; an aborted request went right. Gives what was said, for `clearMessage`.
 *
 * @param {Error} error
 */
export function showError(error) {
  if (error.name === "AbortError") return null;
  const message = { kind: "error", text: errorMessage(error) };
  place().message = message;
  return message;
}

/**
 * Say something worth knowing.
 *
 * @param {string} text
 */
export function showNote(text) {
  place().message = { kind: "note", text };
}

/** What is said at the moment: when a question is asked, for its answer to clear. */
export function messageNow() {
  return place().message;
}

/** What was said no longer holds; what has been said since does. */
export function clearMessage(said = messageNow()) {
  if (messageNow() === said) place().message = null;
}

/**
 * Tell those who listen to the page instead of looking at it; say sentences, not tokens.
 *
 * @param {string} text
 */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
