// What the model recited, looked up in the library of texts: on the stage for one's own text, in the drawer beside what
// it wrote for the control. Looked up only where it is seen.

import "../../js/elements/traced-text.js";
import { t } from "../../js/base/i18n.js";
import { showTrace } from "../../js/base/trace-show.js";
import { recitalFrom, textOf } from "./recital.js";
import { prefixOf, requestOf } from "./state.js";

const byId = (id) => document.getElementById(id);
const drawer = byId("details");

/** Follow the page: whenever a recitation is finished, its words are looked up. */
export function startTrace({ store, known, presets }) {
  const draw = () => {
    const { state } = store;
    const isOpen = drawer.matches(":popover-open") || document.documentElement.hasAttribute("data-all");
    if (state.step === "own" && state.played === null) showSide("own-trace", "main", byId("main-recital"));
    if (!isOpen) return;
    showSide("main-trace", "main", byId("main-recital"));
    showSide("control-trace", "control", byId("control-recital"));
  };
  const showSide = (figure, side, recited) => {
    const { state } = store;
    const recital = recitalFrom(known(requestOf(state, side, presets)), prefixOf(state));
    byId(figure).lang = recited.lang;
    const note = t("Press Recite: what it writes from this opening is looked up here.");
    showTrace(byId(figure), recital ? textOf(recital.bytes).trim() : "", note);
  };
  drawer.addEventListener("toggle", draw);
  store.watch(draw);
}
