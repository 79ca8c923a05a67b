// The letter that equal answers share, in their colour. The element around it carries the hue.

import { html } from "lit";
import { t } from "../../js/base/i18n.js";

/** The template of a marker `{marker, alone}`. */
export function markerChip({ marker, alone }) {
  const name = alone ? t("answer {marker}, alone", { marker }) : t("answer {marker}", { marker });
  return html`<span class="universe-marker"><span
    translate="no" aria-hidden="true">${marker}</span><span class="visually-hidden">${name}</span></span>`;
}
