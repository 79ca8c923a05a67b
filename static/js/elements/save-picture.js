/**
 * <save-picture>: two buttons that save the figure around it, the element given by `figure`, as SVG or as PNG.
 * The file says at its foot which page and which day it is from, and that a model's words are in it.
 */

import { html } from "lit";
import { formatDay } from "../base/dates.js";
import { t } from "../base/i18n.js";
import { pictureOf, pngOf } from "../base/picture.js";
import { PageElement } from "./page-element.js";

export class SavePicture extends PageElement {
  static properties = {
    figure: { attribute: false },
  };

  constructor() {
    super();
    this.figure = null;
  }

  render() {
    const button = (kind, save) =>
      html`<button type="button" class="button button-quiet button-small"
        aria-label=${t("Save this figure as {kind}", { kind })} @click=${save}><span translate="no">${kind}</span></button>`;
    return html`${button("SVG", () => this.#save("svg"))}${button("PNG", () => this.#save("png"))}`;
  }

  async #save(kind) {
    const day = formatDay(new Date().toISOString().slice(0, 10));
    const foot = `${document.title} · ${day} · ${t("computed and written by a language model, not checked")}`;
    const text = pictureOf(this.figure, foot);
    const file = kind === "svg" ? new Blob([text], { type: "image/svg+xml" }) : await pngOf(text);
    const link = Object.assign(document.createElement("a"), {
      href: URL.createObjectURL(file),
      download: `${document.getElementById("main").dataset.page}-figure.${kind}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

customElements.define("save-picture", SavePicture);
