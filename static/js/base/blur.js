/**
 * Words a teacher wants blurred, wherever a page shows them. Only how they look: the text stays as it is, can be
 * selected and copied, and no element changes (CSS Custom Highlight API). What is typed into a field stays sharp.
 */

const NAME = "blurred";
const UNSEEN = "script, style, textarea, input, select, [hidden]";
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/**
 * The words of a list as a person types it: by lines or commas, each once.
 *
 * @param {string} text
 */
export function wordsIn(text) {
  return [
    ...new Set(
      text
        .split(/[\n,，、;；]/)
        .map((word) => word.trim())
        .filter((word) => word !== ""),
    ),
  ];
}

/**
 * An expression that finds each of these words, whole, in upper or lower case; null where there are none.
 *
 * @param {string[]} words
 */
export function wordPattern(words) {
  const each = words
    .filter((word) => word.trim() !== "")
    .map((word) => {
      const literal = word.trim().replace(SPECIAL, "\\$&").replace(/\s+/g, "\\s+");
      return SPACELESS.test(word) ? literal : `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`;
    });
  return each.length > 0 ? new RegExp(each.join("|"), "giu") : null;
}

/** Keeps the words of `.words` blurred while the page changes. */
export class Blur {
  #pattern = null;
  #observer = new MutationObserver(() => this.#draw());
  #inline = new WeakMap(); // element -> whether it stands within a line of text

  set words(words) {
    this.#pattern = CSS.highlights ? wordPattern(words) : null;
    document.documentElement.toggleAttribute("data-blur", this.#pattern !== null);
    this.#observer.disconnect();
    if (this.#pattern !== null) {
      this.#observer.observe(document.body, { childList: true, characterData: true, subtree: true });
    }
    this.#draw();
  }

  #draw() {
    if (this.#pattern === null) CSS.highlights?.delete(NAME);
    else CSS.highlights.set(NAME, new Highlight(...this.#paragraphs().flatMap((nodes) => this.#ranges(nodes))));
  }

  /** Text nodes that are read in one go: a word may be several tokens, each an element of its own. */
  #paragraphs() {
    const paragraphs = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
      node instanceof Element && node.matches(UNSEEN) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
    );
    let block = null;
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === Node.ELEMENT_NODE) continue;
      const around = this.#blockAround(node.parentElement);
      if (around !== block) paragraphs.push([]);
      block = around;
      paragraphs.at(-1).push(node);
    }
    return paragraphs;
  }

  #blockAround(element) {
    while (this.#isInline(element)) element = element.parentElement;
    return element;
  }

  #isInline(element) {
    if (!this.#inline.has(element)) {
      const { display } = getComputedStyle(element);
      this.#inline.set(element, display.startsWith("inline") || display === "contents");
    }
    return this.#inline.get(element);
  }

  #ranges(nodes) {
    const text = nodes.map(({ data }) => data).join("");
    return Array.from(
      text.matchAll(this.#pattern),
      ({ 0: found, index }) => new StaticRange(between(nodes, index, index + found.length)),
    );
  }
}

/** Where characters `from` to `to` of the joined text lie. */
function between(nodes, from, to) {
  const place = (offset, atEnd) => {
    for (const node of nodes) {
      if (offset < node.length || (atEnd && offset === node.length)) return [node, offset];
      offset -= node.length;
    }
  };
  const [startContainer, startOffset] = place(from, false);
  const [endContainer, endOffset] = place(to, true);
  return { startContainer, startOffset, endContainer, endOffset };
}
