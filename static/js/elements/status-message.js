import { html, nothing } from "lit";
import { t } from "../base/i18n.js";
import { PageElement } from "./page-element.js";

/**
 * One sentence to the reader: `.message = {kind: "error" | "note", text}`, or null for silence. Read aloud
 * when it comes; a person can send it away, which is told by `message-dismissed`.
 */
export class StatusMessage extends PageElement {
  static properties = { message: { attribute: false } };

  constructor() {
    super();
    this.message = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
  }

  #dismiss() {
    this.message = null;
    this.dispatchEvent(new CustomEvent("message-dismissed", { bubbles: true }));
  }

  render() {
    if (this.message === null) return nothing;
    const { kind, text } = this.message;
    return html`<div class="status-message" data-kind=${kind}>
      <p>${text}</p>
      <button class="button button-quiet button-small" type="button" @click=${this.#dismiss}>${t("Close")}</button>
    </div>`;
  }
}

customElements.define("status-message", StatusMessage);
