/** What every page has: the data it came with, and the places where it speaks to its reader. */

import { errorMessage } from "./error-message.js";

const NOTHING = { example: {}, presets: [], measurement: null };

/** What the page works with: `{example, presets, measurement}`; see app/routes/page_data.py. */
export const pageData = await read(document.querySelector("link#page-data"));

/** A page without its data could do nothing, so a network that hiccups is asked a second time. */
async function read(link) {
  if (link === null) return NOTHING;
  const get = async () => {
    const response = await fetch(link.href);
    if (!response.ok) throw new Error(`${link.href}: ${response.status}`);
    return response.json();
  };
  return get().catch(get);
}

/** Where the reader looks: an open drawer lies over the page. */
function place() {
  const around = [document.querySelector(".drawer:popover-open"), document.querySelector("main"), document.body];
  return around.map((each) => each?.querySelector("status-message")).find((each) => each);
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
  for (const each of document.querySelectorAll("status-message")) if (each.message === said) each.message = null;
}

/**
 * Tell those who listen to the page instead of looking at it; say sentences, not tokens.
 *
 * @param {string} text
 * @param {boolean} [written] by the model: in what language, nobody knows
 */
export function announce(text, written = false) {
  Object.assign(document.getElementById("announcer"), { translate: !written, textContent: text });
}
