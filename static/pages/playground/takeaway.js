// The fold "Share, replay, download": what its buttons do, and what is said afterwards.

import { t } from "../../js/base/i18n.js";
import { models } from "../../js/base/models.js";
import { showError } from "../../js/base/page.js";
import { copyAs, download } from "./sharing.js";

export function bindTakeaway(session, writer) {
  const said = document.querySelector("#share-said");
  const shown = /** @type {HTMLTextAreaElement} */ (document.querySelector("#share-text"));
  const show = (text) => {
    shown.hidden = text === "";
    shown.value = text;
  };
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy]"))) {
    button.addEventListener("click", async () => {
      try {
        const { text, copied, note } = await copyAs(session, button.dataset.copy);
        show(text);
        said.textContent = `${copied ? t("Copied.") : t("Copy it from here.")} ${note}`;
        if (!copied) shown.select();
      } catch (error) {
        showError(error);
      }
    });
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-download]"))) {
    button.addEventListener("click", () => download(session, button.dataset.download).catch(showError));
  }
  const replay = /** @type {HTMLButtonElement} */ (document.querySelector("#replay"));
  replay.addEventListener("click", async () => {
    replay.disabled = true;
    said.textContent = t("Rolling the same dice again …");
    try {
      said.textContent = replayText(await writer.replay());
    } catch (error) {
      said.textContent = "";
      showError(error);
    } finally {
      replay.disabled = false;
    }
  });
}

function replayText({ known, same, at, count, seed }) {
  if (!known)
    return t("There is no run to replay: its seed and settings are not known, or the text has changed since.");
  if (same) return t("Replayed with seed {seed}: all {n} tokens are the same.", { seed: String(seed), n: count });
  const values = { seed: String(seed), n: at + 1 };
  return models.state.engine?.numerics === "same"
    ? t(
        "Replayed with seed {seed}: the replay differs from token {n} on. This text was written elsewhere: on another machine, with another precision or by another version. The document keeps its own tokens.",
        values,
      )
    : t(
        "Replayed with seed {seed}: the replay differs from token {n} on. On this machine that can happen when others write at the same time. The document keeps its own tokens.",
        values,
      );
}
