// The letter that equal answers share: filled where several universes agree, an outline where one stands alone.

import { html } from "lit";
import { t } from "../../js/base/i18n.js";

/** The template of a marker `{marker, index, alone}`. */
export function markerChip({ marker, index, alone }) {
  const name = alone ? t("answer {marker}, alone", { marker }) : t("answer {marker}", { marker });
  return html`<span class="universe-marker" data-tint=${alone ? "none" : (index % 5) + 1}><span
    translate="no" aria-hidden="true">${marker}</span><span class="visually-hidden">${name}</span></span>`;
}
