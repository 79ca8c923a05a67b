/** The button that copies a link to what the page shows. */

import { t } from "./i18n.js";
import { showNote } from "./page.js";
import { shareLink } from "./share.js";

/**
 * Put the link into the address bar and, where the browser lets us, on the clipboard; say which.
 *
 * @param {object} state what the link restores
 * @param {string} [copied] what to say of a copied one
 */
export async function copyLink(
  state,
  copied = t("The link is copied. Opening it restores this page and runs nothing."),
) {
  const link = await shareLink(state);
  history.replaceState(history.state, "", link);
  try {
    await navigator.clipboard.writeText(link);
    showNote(copied);
  } catch {
    showNote(t("The link is in the address bar now: copy it from there."));
  }
}
