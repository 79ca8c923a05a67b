// Fills <traced-text> elements: asks where a text's words stand, and says what the library is.

import { errorMessage } from "./error-message.js";
import { formatCompact, formatCount } from "./format.js";
import { t } from "./i18n.js";
import { traceOf } from "./trace.js";

/** Show where the words of `text` stand; `note` is what is said where there is no text. */
export async function showTrace(figure, text, note) {
  if (text !== "" && figure.text === text && figure.note === "") return;
  Object.assign(figure, { text, trace: null, note: text ? "" : note });
  if (text === "") return;
  try {
    const trace = await traceOf(text);
    if (figure.text === text) figure.trace = trace;
    showLibrary(trace.library);
  } catch (error) {
    if (figure.text === text) figure.note = errorMessage(error);
  }
}

function showLibrary({ texts, words, missing: names }) {
  const missing = document.getElementById("trace-missing");
  document.getElementById("trace-library").textContent = t(
    "Found in our library of {texts} texts, {words} words. What the model itself read was never published: a match shows where words stand, not where it learned them.",
    { texts: formatCount(texts), words: formatCompact(words) },
  );
  missing.hidden = names.length === 0;
  missing.textContent = t(
    "Not all of the library is here: {names}. Where there is a network, “python -m app.assets” in the project's folder fetches it; then start again.",
    {
      names: names.map((name) => t(name)).join(", "),
    },
  );
}
