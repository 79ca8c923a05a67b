// One document to read and to type in, with every token marked. A text area holds the text, so that carets,
// selections, input methods and assistive technology work as everywhere; a mirror of the same text beneath it
// carries the tints and underlines. While the model writes, both only grow: selection and scroll stay.

import { html } from "lit";
import { changedRange } from "./document.js";
import { t } from "../../js/base/i18n.js";
import { levelIn } from "../../js/base/token-look.js";
import { PageElement } from "../../js/elements/page-element.js";

const REST = 150; // milliseconds the pointer must rest on a token: passing over others means nothing
const AT_END = 24; // pixels from the bottom that still count as reading along

export class DocumentEditor extends PageElement {
  static properties = {
    entries: { attribute: false }, // the document's tokens
    pieces: { attribute: false }, // piecesOf(entries): which text they make
    view: { type: String }, // "plain" | "surprise" | "rank" | "kept"
    selected: { attribute: false }, // index of the entry whose card is open
    unusual: { attribute: false }, // indexes of entries that tokenising would cut otherwise
    busy: { type: Boolean }, // the model is writing
  };

  constructor() {
    super();
    this.entries = null;
    this.pieces = null;
    this.view = "surprise";
    this.selected = -1;
    this.unusual = new Set();
    this.busy = false;
    this.drawn = []; // what each span of the mirror shows: {entry, text, look}
    this.composing = false;
    this.touched = false; // the last press came from a finger or a pen
  }

  get ready() {
    return this.pieces !== null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    document.addEventListener("selectionchange", () => this.#caretMoved(), { signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
    clearTimeout(this.resting);
  }

  get textArea() {
    return this.querySelector("textarea");
  }

  get caret() {
    return this.textArea?.selectionEnd ?? 0;
  }

  /** Where the selected token is drawn, null where it is not. */
  get selectedBox() {
    return this.querySelector("[data-selected]")?.getBoundingClientRect() ?? null;
  }

  placeCaret(offset) {
    this.textArea.setSelectionRange(offset, offset);
  }

  render() {
    return html`
      <div class="document-scroller">
        <div class="document-sheet">
          <div class="document-mirror" translate="no" aria-hidden="true"></div>
          <textarea class="document-text" aria-label=${t("Document")}
            aria-describedby="document-keys" aria-busy=${this.busy} rows="1"
            spellcheck="false" autocomplete="off" autocapitalize="off"
            @beforeinput=${this.#beforeInput} @input=${this.#edited}
            @compositionstart=${() => (this.composing = true)} @compositionend=${this.#composed}
            @pointermove=${this.#pointed} @pointerleave=${() => clearTimeout(this.resting)}
            @pointerdown=${(event) => (this.touched = event.pointerType !== "mouse")}
            @mousedown=${this.#pressed} @click=${this.#tapped}></textarea>
        </div>
      </div>
    `;
  }

  updated() {
    const scroller = this.firstElementChild;
    const reading = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END;
    this.#drawText();
    this.#drawMirror();
    if (this.busy && reading) scroller.scrollTop = scroller.scrollHeight;
  }

  /** Writes only what differs, and never into the middle of an input method's composition. */
  #drawText() {
    const { textArea } = this;
    const wanted = this.pieces.map(({ shown }) => shown).join("");
    if (this.composing || textArea.value === wanted) return;
    const { start, end, text } = changedRange(textArea.value, wanted);
    textArea.setRangeText(text, start, end, "preserve");
  }

  #drawMirror() {
    const mirror = this.querySelector(".document-mirror");
    this.pieces.forEach((piece, i) => this.#drawPiece(mirror, piece, i));
    while (mirror.children.length > this.pieces.length) mirror.lastElementChild.remove();
    this.drawn.length = this.pieces.length;
    mirror.toggleAttribute("data-open-line", this.pieces.at(-1)?.shown.endsWith("\n") ?? false);
  }

  #drawPiece(mirror, piece, i) {
    const entry = this.entries[piece.from];
    const selected = this.selected >= piece.from && this.selected < piece.to;
    const marks = `${this.view}${selected}${this.unusual.has(piece.from)}`;
    const before = this.drawn[i];
    if (before?.entry === entry && before.text === piece.shown && before.marks === marks && before.from === piece.from)
      return;
    const span = mirror.children[i] ?? mirror.appendChild(document.createElement("span"));
    if (span.textContent !== piece.shown) span.textContent = piece.shown;
    span.className = `document-token by-${entry.by}`;
    span.dataset.index = piece.from;
    span.dataset.level = levelIn(this.view, entry);
    span.toggleAttribute("data-selected", selected);
    span.toggleAttribute("data-unusual", this.unusual.has(piece.from));
    span.toggleAttribute("data-opaque", piece.opaque);
    this.drawn[i] = { entry, text: piece.shown, marks, from: piece.from };
  }

  /** The browser's own undo knows nothing of the model's words: the page has one history for both. */
  #beforeInput(event) {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
    event.preventDefault();
    this.#tell(event.inputType === "historyUndo" ? "undo-asked" : "redo-asked");
  }

  #edited() {
    const shown = this.pieces.map((piece) => piece.shown).join("");
    const { textArea } = this;
    if (textArea.value === shown) return;
    this.#tell("text-edited", {
      ...changedRange(shown, textArea.value, textArea.selectionEnd),
      caret: textArea.selectionEnd,
    });
  }

  #composed() {
    this.composing = false;
    this.#edited();
    this.requestUpdate();
  }

  #caretMoved() {
    const { textArea } = this;
    if (document.activeElement !== textArea || textArea === null) return;
    const { selectionStart, selectionEnd } = textArea;
    this.#tell("caret-moved", { start: selectionStart, offset: selectionEnd });
  }

  #pointed(event) {
    if (event.pointerType !== "mouse" || event.buttons) return;
    clearTimeout(this.resting);
    const { clientX, clientY } = event;
    this.resting = setTimeout(() => {
      const index = this.#tokenAt(clientX, clientY);
      if (index !== null) this.#tell("token-rested", { index });
    }, REST);
  }

  /** A first tap on a word opens its card; a second one, or one beside the words, is for typing (and its keyboard). */
  #pressed(event) {
    if (!this.touched || document.activeElement === this.textArea) return;
    const index = this.#tokenAt(event.clientX, event.clientY);
    if (index !== null && index !== this.selected) event.preventDefault();
  }

  #tapped(event) {
    clearTimeout(this.resting);
    const index = this.#tokenAt(event.clientX, event.clientY);
    if (index !== null) this.#tell("token-tapped", { index, touch: this.touched });
  }

  #tokenAt(x, y) {
    const span = document.elementsFromPoint(x, y).find((element) => element.classList.contains("document-token"));
    return span ? Number(span.getAttribute("data-index")) : null;
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

customElements.define("document-editor", DocumentEditor);
