/** The way in, on the projector: a code, an address, and in a teacher's browser how many are here. */

import { getJson, ApiError } from "../../js/base/api.js";
import { t } from "../../js/base/i18n.js";
import { Polling } from "../../js/base/polling.js";
import { teacher } from "../../js/base/teacher.js";
import "../../js/elements/qr-code.js";

const SECONDS = 2; // between this and twice this

/** @type {HTMLElement | null} */
const address = document.querySelector(".join-address");
const present = document.querySelector(".join-present");

async function count() {
  if (teacher.secret === null) {
    present.textContent = "";
    return;
  }
  try {
    const status = await getJson("/api/status");
    present.textContent = t("{n} are here", { n: status.present });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    present.textContent = ""; // no number is better than an old one
  }
}

if (address !== null) {
  document.querySelector("qr-code").text = address.textContent;
  const name = address.querySelector("b");
  name.style.setProperty("--letters", String(name.textContent.length)); // as large as fits in one line
  const polling = new Polling(count, () => SECONDS);
  teacher.addEventListener("change", () => polling.now());
  polling.start();
  polling.now();
}
