/**
 * <id-list>: the ids of a TokenList, in order; as many as there are, a screen of them in the page.
 * Properties: `tokens`, `selected`, `lit`, `label`. Events: `token-pointed`, `token-selected`, both `{index}`.
 */

import { noChange } from "lit";
import { TokenList } from "../../js/base/token-list.js";
import { PageElement } from "../../js/elements/page-element.js";
import { VirtualFlow } from "../../js/elements/virtual-flow.js";

const FALLBACK_WIDTH = 640;
const LINE = 1.7; // its line height, in em
const ID_WIDTH = 4.4; // an id and its gap, in em

export class IdList extends PageElement {
  static properties = {
    tokens: { attribute: false },
    selected: { attribute: false },
    lit: { attribute: false },
    label: { attribute: false },
  };

  #list = TokenList.empty();
  #flow = null;
  #surface = null;
  #listeners = null;

  constructor() {
    super();
    this.tokens = undefined;
    this.selected = -1;
    this.lit = null;
    this.label = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.addEventListener("pointerover", (event) => this.#tell("token-pointed", event), { signal });
    this.addEventListener("pointerleave", () => this.#tell("token-pointed", null), { signal });
    this.addEventListener("click", (event) => this.#tell("token-selected", event), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#listeners.abort();
    this.#flow = null;
  }

  get ready() {
    return this.tokens !== undefined;
  }

  render() {
    return noChange;
  }

  updated(changed) {
    if (this.#flow === null) this.#begin();
    this.ariaLabel = this.label;
    if (changed.has("tokens")) this.#show(TokenList.from(this.tokens));
    if (changed.has("selected") || changed.has("lit")) {
      /** @type {NodeListOf<HTMLElement>} */
      const nodes = this.querySelectorAll("[data-index]");
      for (const node of nodes) this.#dress(node, Number(node.dataset.index));
    }
  }

  #begin() {
    this.#surface = document.createElement("div");
    this.replaceChildren(this.#surface);
    this.#flow = new VirtualFlow(this, this.#surface, {
      fill: (box, block) => this.#fill(box, block),
      estimate: ({ first, last }, width) => {
        const size = Number.parseFloat(getComputedStyle(this).fontSize);
        const inLine = Math.max(1, Math.floor((width || FALLBACK_WIDTH) / (size * ID_WIDTH)));
        return Math.ceil((last - first + 1) / inLine) * size * LINE;
      },
      signal: this.#listeners.signal,
    });
  }

  #show(list) {
    const unchanged = this.#list.commonPrefix(list);
    this.#list = list;
    this.#flow.show(list, { unchanged });
  }

  #fill(box, { first, last }) {
    const nodes = [];
    for (let index = first; index <= last; index += 1) {
      const node = document.createElement("span");
      node.className = "token-id";
      node.dataset.index = String(index);
      node.textContent = String(this.#list.ids[index]);
      this.#dress(node, index);
      nodes.push(node, " ");
    }
    box.replaceChildren(...nodes);
  }

  #dress(node, index) {
    node.classList.toggle("selected", index === this.selected);
    node.classList.toggle("lit", this.lit !== null && this.lit.first <= index && index <= this.lit.last);
  }

  #tell(name, event) {
    const node = event?.target.closest?.("[data-index]");
    const index = node ? Number(node.dataset.index) : -1;
    if (name === "token-selected" && index < 0) return;
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: { index } }));
  }
}

customElements.define("id-list", IdList);
