// Where tries split: a tree over tokens in which the width of a branch is the probability of its path.

import { html, nothing, svg } from "lit";
import { formatProbability } from "../../js/base/format.js";
import { languageOf, markersOf, treeLayout } from "./view.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";
import "../../js/elements/save-picture.js";

const LABEL = 7; // rem: the room of a token's name
const FLOW = 3.5; // rem: where branches bend
const FULL = 11; // rem: the width of probability one
const LINE = 1.6; // rem: the least height of a row
const ROOMY = 1.2; // rem: a band that its name fits into
const ABOVE = 1; // rem: room for the name of the first band
const THINNEST = 0.001; // probability below which a rest is not drawn
const LONGEST = 11; // characters of a token's name

export class UniverseTree extends PageElement {
  static properties = {
    branches: { attribute: false }, // null: keep what the server wrote
    bytes: { attribute: false }, // hex of each branch's token
    agreement: { attribute: false },
  };

  constructor() {
    super();
    this.branches = null;
    this.bytes = [];
    this.agreement = null;
  }

  get ready() {
    return this.branches !== null;
  }

  render() {
    const layout = treeLayout(this.branches, this.bytes, { scale: FULL, line: LINE, thinnest: THINNEST });
    const width = 1.5 + (layout.depth + 1) * (LABEL + FLOW);
    const height = layout.height + ABOVE;
    return html`
      <div class="tree-scroll" tabindex="0" role="group"
        aria-label=${t("Where the tries split; the list below holds the same numbers")}>
        <svg class="universe-tree" viewBox=${`0 ${-ABOVE} ${width} ${height}`}
          data-width=${width} data-height=${height} aria-hidden="true">
          ${this.#flows(layout.root)}
          ${layout.placed.map((item) => this.#label(item))}
        </svg>
      </div>
      <save-picture data-no-print .figure=${this}></save-picture>
      <details class="tree-list fold">
        <summary>${t("The tree as a list")}</summary>
        <ul>${layout.root.children?.map((item) => this.#item(item)) ?? nothing}${this.#restItem(layout.root)}</ul>
      </details>
    `;
  }

  updated() {
    /** @type {SVGSVGElement | null} */
    const picture = this.querySelector(".universe-tree");
    picture?.style.setProperty("--tree-width", `${picture.dataset.width}rem`);
    picture?.style.setProperty("--tree-height", `${picture.dataset.height}rem`);
  }

  /** The bands from a branch to what grows from it, widest first, and its own band. */
  #flows(item) {
    const x = this.#left(item.depth);
    const half = (item.width * FULL) / 2;
    const own = svg`<rect class="tree-band ${item.kind === "rest" ? "is-rest" : ""}" x=${x} y=${item.centre - half}
      width=${item.depth === 0 ? 1.5 : LABEL} height=${Math.max(0.08, item.width * FULL)}></rect>`;
    const right = x + (item.depth === 0 ? 1.5 : LABEL);
    let top = item.centre - half;
    const grown = [...(item.children ?? []), ...(item.rest ? [item.rest] : [])].map((child) => {
      const height = child.width * FULL;
      const way = ribbon(right, top, this.#left(child.depth), child.centre - height / 2, Math.max(0.08, height));
      const flow = svg`<path class="tree-band ${child.kind === "rest" ? "is-rest" : ""}" d=${way}></path>`;
      top += height;
      return svg`${flow}${this.#flows(child)}`;
    });
    return svg`${own}${grown}`;
  }

  #left(depth) {
    return depth === 0 ? 0 : 1.5 + FLOW + (depth - 1) * (LABEL + FLOW);
  }

  #label(item) {
    if (item.depth === 0) return nothing;
    const x = this.#left(item.depth) + 0.25;
    const height = item.width * FULL;
    const y = height > ROOMY ? item.centre : item.centre - height / 2 - 0.5; // on a wide band, above a thin one
    if (item.kind === "rest") {
      const rest = t("everything else {p}", { p: written(item.width) });
      return svg`<text class="tree-label is-rest" x=${x} y=${y}>${rest}</text>`;
    }
    const name = item.label.length > LONGEST ? `${item.label.slice(0, LONGEST - 1)}…` : item.label;
    return svg`<text class="tree-label" lang=${languageOf(item.label)} x=${x} y=${y}>${name} <tspan
      class="tree-number">${written(item.width)}</tspan> ${this.#ends(item)}</text>`;
  }

  /** The letters of the answers that end here. */
  #ends(item) {
    if (item.children) return nothing;
    const count = item.branch.sequences.length;
    const marker = this.#marker(item.branch.sequences[0]);
    return svg`<tspan class="tree-end">${marker}${count > 1 ? ` ×${count}` : ""}</tspan>`;
  }

  #marker(sequence) {
    return this.agreement ? (markersOf(this.agreement).get(sequence)?.marker ?? "") : "";
  }

  #item(item) {
    const { branch } = item;
    const numbers = { p: written(branch.probability), path: written(branch.width), n: branch.sequences.length };
    return html`<li>
      <span class="token-text" lang=${languageOf(item.label)}>${item.label}</span>
      <span class="number">${t("{p} here, {path} for the path, {n} tries", numbers)}</span>
      ${
        item.children
          ? html`<ul>${item.children.map((child) => this.#item(child))}${this.#restItem(item)}</ul>`
          : nothing
      }
    </li>`;
  }

  /** @param {import("./view.js").TreeItem} item */
  #restItem({ rest }) {
    return rest ? html`<li class="quiet">${t("everything else {p}", { p: written(rest.width) })}</li>` : nothing;
  }
}

/** A probability that is told in millionths: what was written was possible, however small it is. */
function written(probability) {
  return formatProbability(Math.max(probability, 1e-7));
}

/** A band of even height from one place to another. */
function ribbon(x0, y0, x1, y1, height) {
  const middle = (x0 + x1) / 2;
  const there = `M${x0},${y0} C${middle},${y0} ${middle},${y1} ${x1},${y1}`;
  const [under0, under1] = [y0 + height, y1 + height];
  return `${there} L${x1},${under1} C${middle},${under1} ${middle},${under0} ${x0},${under0} Z`;
}

customElements.define("universe-tree", UniverseTree);
