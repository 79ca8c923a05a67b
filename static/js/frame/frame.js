/** The frame around every page: the model's status, the class, the line to the server, language and menu. */

import { line } from "../base/api.js";
import { Blur } from "../base/blur.js";
import { classroom } from "../base/classroom.js";
import { errorMessage } from "../base/error-message.js";
import { formatCount } from "../base/format.js";
import { t } from "../base/i18n.js";
import { models } from "../base/models.js";
import { encodeState, isRemembered, takeSnapshot } from "../base/share.js";
import { teacher } from "../base/teacher.js";
import "./class-curtain.js";
import "./class-note.js";
import "./model-status.js";
import "./stage.js";
import "../elements/glossary-term.js";
import "../elements/status-message.js";

const status = document.querySelector("model-status");
/** @type {NodeListOf<HTMLElement>} */
const promises = document.querySelectorAll("[data-numerics]"); // what a seed promises, by the engine's numerics

function showModels() {
  status.state = models.state;
  status.offline = models.offline;
  status.problem = models.problem === null ? null : errorMessage(models.problem);
  for (const sentence of promises) sentence.hidden = sentence.dataset.numerics !== models.state.engine?.numerics;
}

models.addEventListener("change", showModels);
status.addEventListener("model-chosen", ({ detail }) => models.load(detail.name));
status.addEventListener("models-opened", () => models.refresh());
showModels();
models.start();

const curtain = document.querySelector("class-curtain");
const note = document.querySelector("class-note");
const blur = new Blur();

/** What the teacher chose for every screen. Their own stays open, and so does the page where one becomes theirs. */
function showClass() {
  const { secret } = teacher;
  if (curtain !== null) curtain.drawn = classroom.state.curtain && secret === null;
  note.teacher = secret !== null && curtain !== null;
  note.state = classroom.state;
  blur.words = classroom.state.blur;
}

classroom.addEventListener("change", showClass);
teacher.addEventListener("change", showClass);
showClass();
classroom.start();

/**
 * A server that is full, or a text held back on its way: said once, and taken back when it is over.
 *
 * @type {HTMLElementTagNameMap["status-message"]}
 */
const place = document.querySelector(".page-status");
let said = null;

function say(text) {
  said = { kind: "note", text };
  place.message = said;
}

line.addEventListener("full", (/** @type {CustomEvent} */ { detail }) => {
  say(
    t("Every place is taken just now. This page asks again in {n} seconds.", {
      n: formatCount(Math.ceil(detail.seconds)),
    }),
  );
});
line.addEventListener("held", () => {
  say(
    t(
      "Nothing has come for 5 seconds. The server may be busy. Or a filter on this network holds the text back until it is complete; then it comes all at once.",
    ),
  );
});
line.addEventListener("flowing", () => {
  if (place.message === said) place.message = null;
});
line.addEventListener("lost", () => models.refresh());

/**
 * The other language, with everything on the page taken along in the fragment.
 *
 * @type {NodeListOf<HTMLAnchorElement>}
 */
const switches = document.querySelectorAll("[data-language-switch]");
for (const link of switches) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const state = isRemembered() ? null : takeSnapshot();
    const address = new URL(link.href);
    address.hash = state === null ? location.hash : `s=${await encodeState(state)}`;
    location.assign(address);
  });
}

/**
 * The menu of chapters closes when attention goes elsewhere.
 *
 * @type {HTMLDetailsElement | null}
 */
const group = document.querySelector(".nav-group");
if (group !== null) {
  document.addEventListener("pointerdown", (event) => {
    if (!group.contains(/** @type {Node} */ (event.target))) group.open = false;
  });
  group.addEventListener("focusout", (event) => {
    if (event.relatedTarget !== null && !group.contains(/** @type {Node} */ (event.relatedTarget))) group.open = false;
  });
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !group.open) return;
    group.open = false;
    group.querySelector("summary").focus();
  });
}
