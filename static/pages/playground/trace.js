// The fold "Where is this from?": the words the model wrote last, looked up in the library of texts.

import "../../js/elements/traced-text.js";
import { t } from "../../js/base/i18n.js";
import { textOf } from "./document.js";
import { showTrace } from "../../js/base/trace-show.js";

export function bindTrace(session) {
  const fold = /** @type {HTMLDetailsElement} */ (document.getElementById("trace"));
  const figure = fold.querySelector("traced-text");
  const look = () => {
    if (!fold.open || session.store.state.running) return;
    const note = t("Nothing in this document was written by the model yet.");
    showTrace(figure, textOf(lastWritten(session.entries)).trim(), note);
  };
  fold.addEventListener("toggle", look);
  session.store.watch(look);
}

/** The last stretch of tokens that the model wrote without a word of anyone else's between them. */
function lastWritten(entries) {
  const end = entries.findLastIndex(({ by }) => by === "model") + 1;
  const before = entries.slice(0, end).findLastIndex(({ by }) => by !== "model");
  return entries.slice(before + 1, end);
}
