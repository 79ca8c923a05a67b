/** The frame around every page: the model's status, the change of language, the folded menu. */

import { errorMessage } from "./error-message.js";
import { models } from "./models.js";
import { encodeState, takeSnapshot } from "./share.js";
import "./elements/model-status.js";
import "./elements/status-message.js";

const status = document.querySelector("model-status");

function showModels() {
  status.state = models.state;
  status.offline = models.offline;
  status.problem = models.problem === null ? null : errorMessage(models.problem);
}

models.addEventListener("change", showModels);
status.addEventListener("model-chosen", ({ detail }) => models.load(detail.name));
status.addEventListener("models-opened", () => models.refresh());
showModels();
models.start();

/** The other language, with everything on the page taken along in the fragment. */
for (const link of document.querySelectorAll("[data-language-switch]")) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const state = takeSnapshot();
    const address = new URL(link.href);
    address.hash = state === null ? location.hash : `s=${await encodeState(state)}`;
    location.assign(address);
  });
}

/** The group of behaviours closes when attention goes elsewhere. */
const group = document.querySelector(".nav-group");
if (group !== null) {
  document.addEventListener("pointerdown", (event) => {
    if (!group.contains(event.target)) group.open = false;
  });
  group.addEventListener("focusout", (event) => {
    if (event.relatedTarget !== null && !group.contains(event.relatedTarget)) group.open = false;
  });
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !group.open) return;
    group.open = false;
    group.querySelector("summary").focus();
  });
}
