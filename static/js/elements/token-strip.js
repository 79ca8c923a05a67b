/**
 * <token-strip>: tokens as chips, whatever their number.
 *
 * Properties: `tokens` (a TokenList, or the server's `[{id, bytes, special}]`), `selected` (index, -1 for none),
 * `lit` ({first, last} or null), `marked` (an id whose every chip is marked, null for none), `whitespace` (marks for
 * blanks), `label` (its accessible name).
 * Events, all with `{index, chip}`: `token-pointed` (at once; index -1 when the pointer leaves), `token-hovered`
 * (the pointer rested, or the keyboard arrived), `token-selected` (clicked, tapped, Enter).
 */

import { noChange } from "lit";
import { bytesToHex, spokenText } from "../base/bytes.js";
import { t } from "../base/i18n.js";
import { unitsOf } from "../base/token-groups.js";
import { TokenList } from "../base/token-list.js";
import { linesOf } from "../base/virtual-window.js";
import { PageElement } from "./page-element.js";
import { VirtualFlow } from "./virtual-flow.js";

const REST_MS = 150;
const TINTS = 5;
const FALLBACK_WIDTH = 640;
const MOST_BREAKS = 3; // a token of forty line breaks says so in its mark and takes three lines

export class TokenStrip extends PageElement {
  static properties = {
    tokens: { attribute: false },
    selected: { attribute: false },
    lit: { attribute: false },
    marked: { attribute: false },
    whitespace: { attribute: false },
    label: { attribute: false },
  };

  #list = TokenList.empty();
  #flow = null;
  #surface = null;
  #chips = new Map();
  #roving = 0;
  #rest = 0;
  #listeners = null;

  constructor() {
    super();
    this.tokens = undefined;
    this.selected = -1;
    this.lit = null;
    this.marked = null;
    this.whitespace = true;
    this.label = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.addEventListener("pointerover", (event) => this.#pointed(event), { signal });
    this.addEventListener("pointermove", (event) => this.#moved(event), { signal, passive: true });
    this.addEventListener("pointerleave", () => this.#left(), { signal });
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.addEventListener("focusin", (event) => this.#focused(event), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#rest);
    this.#listeners.abort();
    this.#flow = null;
  }

  get ready() {
    return this.tokens !== undefined; // until then the server's chips stay
  }

  render() {
    return noChange; // chips are written by hand: thousands of them, a screen at a time
  }

  updated(changed) {
    if (this.#flow === null) this.#begin();
    this.#surface.ariaLabel = this.label;
    this.#surface.classList.toggle("show-whitespace", this.whitespace);
    if (changed.has("tokens")) this.#show(TokenList.from(this.tokens));
    this.#dress(changed);
  }

  #begin() {
    this.#surface = document.createElement("div");
    this.#surface.className = "token-surface";
    this.#surface.translate = false;
    this.replaceChildren(this.#surface);
    this.#flow = new VirtualFlow(this, this.#surface, {
      fill: (box, block) => this.#fill(box, block),
      estimate: (block, width) => this.#height(block, width || FALLBACK_WIDTH),
      signal: this.#listeners.signal,
    });
  }

  #show(list) {
    const unchanged = this.#list.commonPrefix(list);
    this.#list = list;
    this.#surface.role = list.length > 0 ? "listbox" : "group"; // a listbox without options is an error to axe
    this.#roving = Math.max(0, Math.min(this.#roving, list.length - 1));
    for (const index of this.#chips.keys()) if (index >= unchanged) this.#chips.delete(index);
    this.#flow.show(list, { unchanged, hold: [this.#roving] });
  }

  #height(block, width) {
    const size = Number.parseFloat(getComputedStyle(this).fontSize);
    return linesOf(this.#list, block, width / (0.6 * size)) * size * 1.9;
  }

  #fill(box, { first, last }) {
    const content = document.createDocumentFragment();
    for (const unit of unitsOf(this.#list, first, last)) {
      const chips = unit.chips.map((pieces, at) => this.#chip(unit.first + at, pieces));
      content.append(unit.first === unit.last ? chips[0] : group(chips, unit.glyph));
      const breaks = unit.chips.flat().reduce((sum, piece) => sum + piece.breaks, 0);
      for (let n = Math.min(breaks, MOST_BREAKS); n > 0; n -= 1) content.append(document.createElement("br"));
    }
    box.replaceChildren(content);
  }

  #chip(index, pieces) {
    const { id, bytes, special } = this.#list.at(index);
    const chip = document.createElement("bdi");
    chip.className = `token tint-${index % TINTS}`;
    chip.classList.toggle("special", special);
    chip.dataset.index = index;
    chip.dataset.id = String(id);
    chip.role = "option";
    chip.tabIndex = index === this.#roving ? 0 : -1;
    chip.ariaLabel = t("token {position}: {text}, id {id}", {
      position: index + 1,
      text: spokenText(bytesToHex(bytes)),
      id: String(id),
    });
    chip.append(...pieces.map(pieceNode));
    this.#chips.set(index, chip);
    this.#dressChip(chip, index);
    return chip;
  }

  #dressChip(chip, index) {
    const { lit } = this;
    chip.ariaSelected = index === this.selected ? "true" : "false";
    chip.classList.toggle("chosen", index === this.selected);
    chip.classList.toggle("lit", lit !== null && lit.first <= index && index <= lit.last);
    chip.classList.toggle("same", this.marked !== null && this.#list.ids[index] === this.marked);
  }

  #dress(changed) {
    if (!changed.has("selected") && !changed.has("lit") && !changed.has("marked")) return;
    for (const [index, chip] of this.#chips) {
      if (chip.isConnected) this.#dressChip(chip, index);
      else this.#chips.delete(index);
    }
  }

  #tell(name, index) {
    const detail = { index, chip: this.#chips.get(index) ?? null };
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #indexOf(event) {
    const chip = event.target.closest?.(".token");
    return chip ? Number(chip.dataset.index) : -1;
  }

  #pointed(event) {
    if (event.pointerType === "touch") return;
    this.#tell("token-pointed", this.#indexOf(event));
    this.#moved(event);
  }

  /** A pointer on its way elsewhere never rests, so it can cross other chips and keep the card it came for. */
  #moved(event) {
    if (event.pointerType === "touch") return;
    clearTimeout(this.#rest);
    const index = this.#indexOf(event);
    if (index >= 0) this.#rest = setTimeout(() => this.#tell("token-hovered", index), REST_MS);
  }

  #left() {
    clearTimeout(this.#rest);
    this.#tell("token-pointed", -1);
  }

  #clicked(event) {
    const index = this.#indexOf(event);
    if (index < 0) return;
    clearTimeout(this.#rest);
    this.#rove(index);
    this.#tell("token-selected", index);
  }

  #focused(event) {
    const index = this.#indexOf(event);
    if (index < 0) return;
    this.#rove(index);
    const chip = event.target.closest(".token");
    chip.setAttribute("aria-posinset", index + 1);
    chip.setAttribute("aria-setsize", this.#list.length);
    if (chip.matches(":focus-visible")) this.#tell("token-hovered", index);
  }

  #rove(index) {
    const before = this.#chips.get(this.#roving);
    if (before) before.tabIndex = -1;
    this.#roving = index;
    this.#chips.get(index).tabIndex = 0;
    this.#flow.hold([index]);
  }

  #pressed(event) {
    const index = this.#indexOf(event);
    if (index < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") this.#tell("token-selected", index);
    else if (!this.#go(event.key, index)) return;
    event.preventDefault();
  }

  #go(key, index) {
    const last = this.#list.length - 1;
    const target = {
      ArrowLeft: () => index - 1,
      ArrowRight: () => index + 1,
      ArrowUp: () => this.#inNextLine(index, -1),
      ArrowDown: () => this.#inNextLine(index, 1),
      Home: () => 0,
      End: () => last,
    }[key]?.();
    if (target === undefined) return false;
    this.focusToken(Math.max(0, Math.min(last, target)));
    return true;
  }

  /** Move the keyboard's place to a token. */
  focusToken(index) {
    this.#flow.reveal(index);
    const chip = this.#chips.get(index);
    chip.focus({ preventScroll: true });
    chip.scrollIntoView({ block: "nearest" });
  }

  /** The token in the line above or below whose middle is nearest. */
  #inNextLine(index, step) {
    const here = this.#chips.get(index).getBoundingClientRect();
    const middle = here.left + here.width / 2;
    let line = null;
    let best = index;
    let least = Number.POSITIVE_INFINITY;
    for (let other = index + step; other >= 0 && other < this.#list.length; other += step) {
      this.#flow.reveal(other);
      const box = this.#chips.get(other).getBoundingClientRect();
      if (Math.min(box.bottom, here.bottom) - Math.max(box.top, here.top) > here.height / 3) continue;
      line ??= box;
      if (Math.min(box.bottom, line.bottom) - Math.max(box.top, line.top) < line.height / 3) break;
      const distance = Math.abs(box.left + box.width / 2 - middle);
      if (distance < least) [best, least] = [other, distance];
    }
    return best;
  }
}

function pieceNode({ kind, text, mark }) {
  if (kind === "text") return document.createTextNode(text);
  const node = document.createElement("span");
  node.className = `piece ${kind}`;
  if (mark) node.dataset.mark = mark;
  if (kind === "name" || kind === "newline") node.textContent = mark;
  else node.textContent = text;
  return node;
}

function group(chips, glyph) {
  const box = document.createElement("span");
  box.className = "token-group";
  box.role = "group";
  box.ariaLabel = (glyph ?? []).map(({ text, mark }) => text.trim() || mark).join("");
  const character = document.createElement("bdi");
  character.className = "glyph";
  character.ariaHidden = "true";
  character.append(...(glyph ?? []).map(pieceNode));
  const row = document.createElement("span");
  row.className = "group-chips";
  row.append(...chips);
  box.append(character, row);
  return box;
}

customElements.define("token-strip", TokenStrip);
