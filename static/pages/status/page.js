/** The teacher's page: what runs and waits, what every screen shows, and how a class gets in. */

import { ApiError, getJson } from "../../js/base/api.js";
import { classroom } from "../../js/base/classroom.js";
import { clearMessage, showError, showNote } from "../../js/base/page.js";
import { t } from "../../js/base/i18n.js";
import { Polling } from "../../js/base/polling.js";
import { secretIn, teacher } from "../../js/base/teacher.js";
import "./class-activity.js";
import "./class-controls.js";
import "./class-door.js";
import "./class-pause.js";

const SECONDS = 3.5; // between this and twice this: about five

const $ = (selector) => document.querySelector(selector);
const activity = $("class-activity");
const controls = $("class-controls");
const door = $("class-door");
const pause = $("class-pause");
const polling = new Polling(look, () => SECONDS);

/** The locked door, or the class behind it. */
function show() {
  const known = activity.status !== null && teacher.secret !== null;
  $("#locked").hidden = known;
  $("#class").hidden = !known;
  controls.state = classroom.state;
  pause.paused = classroom.state.curtain;
}

let lost = null; // what the last look failed with, as it was said

async function look() {
  if (teacher.secret === null) {
    show();
    return;
  }
  try {
    activity.status = await getJson("/api/status");
    door.addresses = activity.status.addresses;
    pause.present = activity.status.present;
    clearMessage(lost); // and nothing else: what was said of a wish outlasts the next look
    lost = null;
  } catch (error) {
    lost = fail(error);
  }
  show();
}

function fail(error) {
  return showError(error);
}

async function wish({ detail }) {
  try {
    await classroom.change(detail);
    showNote(t("Done. Every screen follows in a moment."));
  } catch (error) {
    fail(error);
    show();
  }
}

$("#secret-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = $("#secret").value.trim();
  $("#secret").value = "";
  clearMessage();
  if (!teacher.keep(secretIn(typed) ?? typed)) {
    // the whole link, or the secret alone
    fail(new ApiError({ code: "wrong_secret", message: "" }));
  }
});
addEventListener("hashchange", enter);
classroom.addEventListener("change", show);
$("#class").addEventListener("class-wished", wish);
$("#forget").addEventListener("click", () => teacher.keep(null));
teacher.addEventListener("change", () => {
  activity.status = null;
  polling.now();
});

function enter() {
  if (!teacher.takeFromAddress()) polling.now();
}

polling.start();
enter();
