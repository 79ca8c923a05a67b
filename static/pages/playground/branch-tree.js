// Every line that was written, as one tree: a list to work with, and blocks whose heights are probabilities.

import { html, nothing } from "lit";
import { blocksOf, runsThrough } from "./branches.js";
import { spokenText, visibleText } from "../../js/base/bytes.js";
import { textOf } from "./document.js";
import { formatProbability } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

const LONGEST_TEXT = 90;
const THINNEST_LABEL = 0.035; // share of the height below which a block has no room for words
const MOST_LEVELS = 6;

function snippet(entries) {
  const text = textOf(entries).replaceAll("\n", "↵");
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 24)} … ${text.slice(-20)}` : text;
}

export class BranchTree extends PageElement {
  static properties = {
    root: { attribute: false }, // treeOf(branches), null where there is none
    current: { attribute: false }, // the document's tokens
    view: { type: String }, // "list" | "blocks"
    zoom: { state: true }, // key of the node the blocks begin with
    folded: { state: true },
    renaming: { state: true }, // key of the branch whose name is being typed
  };

  constructor() {
    super();
    this.root = null;
    this.current = [];
    this.view = "list";
    this.zoom = null;
    this.folded = new Set();
    this.renaming = null;
  }

  render() {
    if (!this.root) return html`<p class="quiet small">${t("Every path you leave is kept here.")}</p>`;
    return this.view === "blocks" ? this.#blocks() : html`<ul class="branch-list">${this.#node(this.root)}</ul>`;
  }

  #node(node) {
    const open = !this.folded.has(node.key);
    return html`
      <li class="branch-node" ?data-current=${runsThrough(node, this.current)}>
        <div class="branch-row">
          ${
            node.children.length > 0
              ? html`<button type="button" class="branch-fold" aria-expanded=${open ? "true" : "false"}
                aria-label=${t("Branches from here")} @click=${() => this.#fold(node.key)}></button>`
              : html`<span class="branch-leaf" aria-hidden="true"></span>`
          }
          <button type="button" class="branch-open" @click=${() => this.#open(node)}>
            <span class="branch-text token-text" translate="no">${snippet(node.entries) || t("(start)")}</span>
          </button>
          <span class="branch-numbers number">
            ${
              node.probability === null || node === this.root
                ? nothing
                : html`<span title=${t("probability of its first token there")}
                  >${formatProbability(node.probability)}</span>`
            }
            ${node.count > 1 ? html`<span title=${t("branches through here")}>×${node.count}</span>` : nothing}
          </span>
          ${node.ends ? this.#tools(node.ends) : nothing}
        </div>
        ${
          node.children.length > 0 && open ? html`<ul>${node.children.map((child) => this.#node(child))}</ul>` : nothing
        }
      </li>
    `;
  }

  #tools(branch) {
    if (this.renaming === branch.key) {
      return html`<form class="branch-rename" @submit=${(event) => this.#rename(event, branch)}>
        <input class="field" name="name" aria-label=${t("Name of this branch")} maxlength="60" .value=${branch.name} />
        <button type="submit" class="button button-small">${t("Save")}</button>
      </form>`;
    }
    return html`<span class="branch-tools">
      ${branch.name ? html`<b class="branch-name">${branch.name}</b>` : nothing}
      <button type="button" class="button button-quiet button-small" aria-pressed=${branch.pinned ? "true" : "false"}
        @click=${() => this.#change(branch.key, { pinned: !branch.pinned })}
        >${branch.pinned ? t("Pinned") : t("Pin")}</button>
      <button type="button" class="button button-quiet button-small"
        @click=${() => this.#startRenaming(branch.key)}>${t("Name")}</button>
      <button type="button" class="button button-quiet button-small" ?disabled=${branch.pinned}
        @click=${() => this.#tell("branches-deleted", { keys: [branch.key] })}>${t("Delete")}</button>
    </span>`;
  }

  #blocks() {
    const path = this.#pathTo(this.root) ?? [this.root];
    const top = path.at(-1);
    return html`
      <nav class="branch-path row small" aria-label=${t("Zoom")}>
        ${path.map((node, i) => this.#stop(node, i, path.length - 1))}
      </nav>
      <div class="branch-blocks">
        ${blocksOf(top)
          .slice(0, MOST_LEVELS)
          .map((level) => html`<div class="branch-level">${level.map((block) => this.#block(block, top))}</div>`)}
      </div>
      ${this.#thin(top)}
      <p class="quiet small">${t(
        "Heights are the model's own probabilities of each branch's first token. Grey is everything else it could have written there.",
      )}</p>
    `;
  }

  /** A node on the way from the root to what is looked at, which is the last one. */
  #stop(node, i, last) {
    const name = i === 0 ? t("Whole tree") : snippet(node.entries).slice(0, 24);
    if (i === last) return html`<b class="token-text" translate="no">${name}</b>`;
    return html`<button type="button" class="button button-quiet button-small"
      @click=${() => (this.zoom = node.key)}>${name}</button> ›`;
  }

  /** Ways too unlikely for a block one could see or press. */
  #thin(top) {
    const thin = top.children.filter(({ probability }) => probability !== null && probability < THINNEST_LABEL);
    if (thin.length === 0) return nothing;
    return html`<p class="row small">${t("Too thin to draw:")}
      ${thin.map(
        (node) => html`<button type="button" class="button button-small branch-thin" @click=${() => this.#enter(node)}>
        <span class="token-text" translate="no">${visibleText(node.entries[0].bytes)}</span>
        <span class="number">${formatProbability(node.probability)}</span></button>`,
      )}
    </p>`;
  }

  /** What leads on is looked at more closely, an end is opened. */
  #enter(node) {
    if (node.children.length > 0) this.zoom = node.key;
    else this.#open(node);
  }

  #block({ node, ended, from, to, share }, top) {
    const high = to - from >= THINNEST_LABEL;
    if (node === null) {
      const rest = t("everything else {p}", { p: formatProbability(share) });
      return html`<span class="branch-block ${ended ? "is-ended" : "is-rest"}" data-from=${from} data-to=${to}
        >${ended || !high ? nothing : rest}</span>`;
    }
    const p = node.probability === null || node === this.root ? "" : formatProbability(node.probability);
    const inside = node === top && node.children.length > 0;
    const spoken = node.entries.slice(0, 6).map(({ bytes }) => spokenText(bytes));
    return html`<button type="button" class="branch-block" data-from=${from} data-to=${to}
      ?data-current=${runsThrough(node, this.current)} aria-label=${`${spoken.join(" ")} ${p}`}
      title=${node.entries.length > 0 ? `${visibleText(node.entries[0].bytes)} ${p}` : nothing}
      @click=${() => (inside ? this.#open(node) : this.#enter(node))}>
      ${
        high
          ? html`<span class="token-text" translate="no">${snippet(node.entries) || t("(start)")}</span> <span
            class="number">${p}</span>`
          : nothing
      }
    </button>`;
  }

  updated() {
    /** @type {NodeListOf<HTMLElement>} */
    const blocks = this.querySelectorAll(".branch-block");
    for (const { style, dataset } of blocks) {
      style.setProperty("--from", Number(dataset.from).toFixed(6));
      style.setProperty("--share", (Number(dataset.to) - Number(dataset.from)).toFixed(6));
    }
  }

  #pathTo(node) {
    if (node.key === this.zoom && this.zoom !== null) return [node];
    for (const child of node.children) {
      const path = this.#pathTo(child);
      if (path) return [node, ...path];
    }
    return null;
  }

  #fold(key) {
    const folded = new Set(this.folded);
    if (!folded.delete(key)) folded.add(key);
    this.folded = folded;
  }

  /** The line through this node: the one that ends here, else the latest. */
  #open(node) {
    const branch = node.ends ?? node.branches.at(-1);
    this.#tell("branch-opened", { key: branch.key });
  }

  #startRenaming(key) {
    this.renaming = key;
    this.updateComplete.then(() => this.querySelector("input")?.focus());
  }

  #rename(event, branch) {
    event.preventDefault();
    this.renaming = null;
    this.#change(branch.key, { name: String(new FormData(event.target).get("name")).trim() });
  }

  #change(key, changes) {
    this.#tell("branch-changed", { key, changes });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

customElements.define("branch-tree", BranchTree);
