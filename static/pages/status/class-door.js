import { html, nothing } from "lit";
import { t, tParts } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/qr-code.js";

/** How a class gets in: `.addresses` of this server, the one to use first. */
export class ClassDoor extends PageElement {
  static properties = {
    addresses: { attribute: false },
    link: { type: String }, // the Join view
    news: { state: true }, // what became of the wish to copy
  };

  constructor() {
    super();
    this.addresses = null;
    this.link = "";
    this.news = "";
  }

  get ready() {
    return this.addresses !== null;
  }

  render() {
    const [first, ...others] = this.addresses.filter((address) => !isLocal(address));
    if (first === undefined) return this.#closed();
    return html`
      <qr-code .text=${first}></qr-code>
      <div class="class-address">
        <p class="class-link">${first}</p>
        <p><a class="button" href=${this.link} target="_blank" rel="noopener">${t("Open the Join view")}</a></p>
        <p class="small quiet">${t("For the projector: the code, large, and nothing of this page.")}</p>
        <div class="row"><button type="button" class="button button-small"
          @click=${() => this.#copy(first)}>${t("Copy the address")}</button>
          <span class="small quiet" role="status">${this.news}</span></div>
        ${others.length > 0 ? this.#others(others) : nothing}
        <p class="small quiet">${t("Same network, any browser, no account. Scan the code, or type the address.")}</p>
      </div>
    `;
  }

  #others(addresses) {
    const codes = addresses.map((address) => html`<code>${address}</code> `);
    return html`<p class="small quiet">${t("If that does not open:")} ${codes}</p>`;
  }

  #closed() {
    return html`<p>${tParts(
      "The door is closed: this server listens on this machine only. To let a class on the same network in, start it with {command}.",
      {
        command: html`<code>python -m app --lan</code>`,
      },
    )}</p>`;
  }

  async #copy(address) {
    try {
      await navigator.clipboard.writeText(address);
      this.news = t("Copied.");
    } catch {
      this.news = t("The browser does not let this page copy; select the address above.");
    }
  }
}

function isLocal(address) {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(address).hostname);
}

customElements.define("class-door", ClassDoor);
