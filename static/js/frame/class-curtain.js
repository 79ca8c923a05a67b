import { createRef, html, ref } from "lit";
import { t } from "../base/i18n.js";
import { PageElement } from "../elements/page-element.js";

/**
 * Covers the whole page while `.drawn`: nothing beneath can be seen, pressed or typed into, and nothing is lost.
 * No key opens it.
 */
export class ClassCurtain extends PageElement {
  static properties = { drawn: { attribute: false } };

  /** @type {{ value?: HTMLDialogElement }} */
  #dialog = createRef();

  constructor() {
    super();
    this.drawn = false;
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("keydown", this, { capture: true });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("keydown", this, { capture: true });
  }

  /** A page's own keys, such as Control and Enter, rest too: wherever the focus is, they are heard here first. */
  handleEvent(event) {
    if (this.drawn) event.stopImmediatePropagation();
  }

  render() {
    return html`<dialog class="curtain" closedby="none" aria-labelledby="curtain-sentence" ${ref(this.#dialog)}
      @cancel=${(event) => event.preventDefault()} @close=${this.#draw}>
      <p id="curtain-sentence">${t("Eyes to the front, please. Your work is saved.")}</p>
    </dialog>`;
  }

  updated() {
    this.#draw();
  }

  #draw() {
    const dialog = this.#dialog.value;
    if (this.drawn === dialog.open) return;
    if (this.drawn) dialog.showModal();
    else dialog.close();
  }
}

customElements.define("class-curtain", ClassCurtain);
