// What the model recited, looked up in the library of texts, beside what it wrote for the control.

import "../../js/elements/traced-text.js";
import { t } from "../../js/base/i18n.js";
import { textOf } from "./recital.js";
import { requestOf } from "./recital-requests.js";
import { showTrace } from "../../js/base/trace-show.js";

const byId = (id) => document.getElementById(id);
const figures = { main: byId("main-trace"), control: byId("control-trace") };

/** Follow the page: whenever a recitation is finished, its words are looked up. */
export function startTrace({ store, known, presets }) {
  store.watch((state) => {
    byId("trace-main-title").textContent = byId("main-title").textContent;
    for (const [side, figure] of Object.entries(figures)) {
      const recital = known(requestOf(state, side, presets)).recitals[state.prefix];
      figure.lang = byId(`${side}-recital`).lang;
      const note = t("Press Recite: what it writes from this opening is looked up here.");
      showTrace(figure, recital ? textOf(recital.bytes).trim() : "", note);
    }
  });
}
