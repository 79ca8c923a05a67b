import { encodeQR } from "qr";
import { html, nothing, svg } from "lit";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

const QUIET = 4; // squares of white around it, as ISO 18004 wants

/** `.text` as a QR code, drawn dark on white in every theme: cameras want it so. */
export class QrCode extends PageElement {
  static properties = { text: { attribute: false } };

  constructor() {
    super();
    this.text = "";
  }

  render() {
    if (this.text === "") return nothing;
    const squares = encodeQR(this.text, "raw", { ecc: "medium", border: QUIET });
    const path = squares.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
    return html`<svg class="qr-code" viewBox="0 0 ${squares.length} ${squares.length}" shape-rendering="crispEdges"
      role="img" aria-label=${t("QR code of {address}", { address: this.text })}>${svg`<path d=${path} />`}</svg>`;
  }
}

customElements.define("qr-code", QrCode);
