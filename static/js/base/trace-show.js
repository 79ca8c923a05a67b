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
    "Searched: our library of {texts} texts, {words} words. What the model itself read was never published. A match shows where the words appear, not where it learned them.",
    { texts: formatCount(texts), words: formatCompact(words) },
  );
  missing.hidden = names.length === 0;
  missing.textContent = t(
    "Part of the library is missing: {names}. Run “python -m app.assets” in the project's folder, with a network, and start again.",
    {
      names: names.map((name) => t(name)).join(", "),
    },
  );
}
