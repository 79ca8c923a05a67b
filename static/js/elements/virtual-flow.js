/** Keeps only the blocks of a long token list in the page that can be seen, plus a margin. Knows boxes, not tokens. */

import { blockOf, blocksInView, cutBlocks } from "../base/virtual-window.js";

const MARGIN = 600; // px above and below the view
const VIEW = 720; // px, before the box has been measured

export class VirtualFlow {
  #scroller;
  #surface;
  #fill;
  #estimate;
  #blocks = [];
  #boxes = [];
  #heights = [];
  #filled = new Set();
  #held = new Set();
  #frame = 0;
  #width = 0;

  /**
   * `fill(box, block)` puts a block's content into its box, `estimate(block, width)` guesses its height in px.
   * Ends with `signal`.
   */
  constructor(scroller, surface, { fill, estimate, signal }) {
    this.#scroller = scroller;
    this.#surface = surface;
    this.#fill = fill;
    this.#estimate = estimate;
    scroller.addEventListener("scroll", () => this.#later(), { passive: true, signal });
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(scroller);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Show `list`; its first `unchanged` tokens are those of the list before. Tokens in `hold` stay in the page. */
  show(list, { unchanged = 0, hold = [] } = {}) {
    const top = this.#boxes.length > 0 ? this.#scroller.scrollTop : 0;
    const previous = this.#blocks;
    this.#blocks = cutBlocks(list);
    const kept = this.#blocks.findIndex(
      (block, index) => block.last >= unchanged || previous[index]?.last !== block.last,
    );
    const from = kept === -1 ? this.#blocks.length : kept;
    this.#resize(from);
    this.hold(hold);
    this.#paint(top);
  }

  /** Keep the blocks of these tokens in the page wherever the view is. */
  hold(indexes) {
    this.#held = new Set(indexes.map((index) => blockOf(this.#blocks, index)).filter((block) => block >= 0));
  }

  /** Put token `index` into the page now. */
  reveal(index) {
    const block = blockOf(this.#blocks, index);
    if (block >= 0) this.#fillBox(block);
  }

  /** Boxes from block `from` on are emptied; there are as many as blocks afterwards. */
  #resize(from) {
    const count = this.#blocks.length;
    while (this.#boxes.length > count) {
      this.#filled.delete(this.#boxes.length - 1);
      this.#boxes.pop().remove();
    }
    for (let index = from; index < this.#boxes.length; index += 1) this.#filled.delete(index);
    const added = document.createDocumentFragment();
    while (this.#boxes.length < count) {
      const box = document.createElement("div");
      box.className = "token-block";
      this.#boxes.push(box);
      added.append(box);
    }
    this.#surface.append(added);
    this.#heights.length = from;
    for (let index = from; index < count; index += 1) {
      this.#heights.push(this.#estimate(this.#blocks[index], this.#width));
      if (!this.#filled.has(index)) this.#mark(index);
    }
  }

  #mark(index) {
    this.#boxes[index].style.setProperty("--block-height", `${this.#heights[index]}px`);
  }

  #paint(top) {
    const view = this.#scroller.clientHeight || VIEW;
    const { first, last } = blocksInView(this.#heights, top, view, MARGIN);
    const wanted = new Set(this.#held);
    for (let index = first; index <= last && index >= 0; index += 1) wanted.add(index);
    for (const [index, box] of this.#boxes.entries()) {
      if (wanted.has(index)) this.#fillBox(index);
      else if (box.firstChild !== null) this.#empty(index);
    }
  }

  #fillBox(index) {
    if (this.#filled.has(index)) return;
    this.#filled.add(index);
    this.#boxes[index].classList.add("filled");
    this.#fill(this.#boxes[index], this.#blocks[index]);
  }

  #empty(index) {
    this.#filled.delete(index);
    this.#boxes[index].classList.remove("filled");
    this.#boxes[index].replaceChildren();
    this.#mark(index);
  }

  /** The true height of what is in the page replaces the guess. */
  #measure() {
    for (const index of this.#filled) this.#heights[index] = this.#boxes[index].offsetHeight;
  }

  #later() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#measure();
      this.#paint(this.#scroller.scrollTop);
    });
  }

  #resized() {
    const width = this.#scroller.clientWidth;
    if (width !== this.#width) {
      this.#width = width;
      this.#blocks.forEach((block, index) => {
        if (this.#filled.has(index)) return;
        this.#heights[index] = this.#estimate(block, width);
        this.#mark(index);
      });
    }
    this.#later();
  }
}
