// The state of the playground: the document and its history, branches and settings; what keeps its ids true.

import { postJson } from "../../js/base/api.js";
import { textToHex } from "../../js/base/bytes.js";
import { rememberBranch } from "./branches.js";
import {
  EMPTY_DOCUMENT,
  draftsOf,
  editDocument,
  entryBefore,
  idsOf,
  piecesOf,
  recutDocument,
  settleDraft,
  startToken,
  startWith,
  textOf,
} from "./document.js";
import { amend, commit, newHistory, redo, seal, undo } from "./history.js";
import { models } from "../../js/base/models.js";
import { neutralParams } from "../../js/base/sampling-params.js";
import { Store } from "../../js/base/store.js";

const SETTLE_AFTER = 150; // milliseconds of no typing before the text is cut into tokens
export const DEFAULT_PARAMS = Object.freeze({ ...neutralParams(), temperature: 0.8, top_p: 0.95 });

export class Session {
  constructor() {
    this.store = new Store({
      history: newHistory(EMPTY_DOCUMENT),
      branches: [],
      model: null, // whose tokens the ids are
      selected: -1,
      caret: 0,
      view: "surprise",
      params: DEFAULT_PARAMS,
      maxTokens: 40,
      stops: [],
      ignoreEos: false,
      startless: false, // the document begins without the model's first token
      count: 1,
      seed: null, // the seed in the box: null until one was rolled
      locked: false, // same dice again
      running: null, // {kind, controller, position, tokens, started, first}
      outcome: null, // how the last run ended: {reason, tokens, seconds, wait}
      rows: [], // several continuations: documents
      rowReasons: [],
      unusual: new Set(),
      scoring: false,
      probe: null,
    });
    this.starts = new Map(); // model -> its first token, null where it has none
  }

  get state() {
    return this.store.state;
  }

  get entries() {
    return this.state.history.present;
  }

  get loaded() {
    return models.state?.loaded ?? null;
  }

  /** Whether the model answers just now. */
  get ready() {
    return models.ready;
  }

  /** Size of the vocabulary the document's ids are from: another model may be loaded by now. */
  get vocabulary() {
    const { loaded } = this;
    const author = models.state?.models.find(({ name }) => name === this.state.model);
    return (author ?? loaded)?.vocabulary ?? 0;
  }

  get limit() {
    return models.state?.context_length ?? this.loaded?.context_length ?? 0;
  }

  /** A new document that can be undone. */
  commit(entries, kind) {
    this.store.update({ history: commit(this.state.history, entries, kind, performance.now()), probe: null });
  }

  /** The same step, further on. */
  amend(entries) {
    if (entries !== this.entries) this.store.update({ history: amend(this.state.history, entries) });
  }

  open(entries, changes = {}) {
    this.store.update({ history: newHistory(entries), selected: -1, unusual: new Set(), probe: null, ...changes });
  }

  edit({ start, end, text }) {
    this.commit(editDocument(this.entries, start, end, text), "type");
    this.settleSoon();
  }

  settleSoon() {
    clearTimeout(this.settling);
    // Where it fails, it is tried again before ids are needed.
    this.settling = setTimeout(() => this.settle().catch(() => {}), SETTLE_AFTER);
  }

  undo() {
    this.#turn(undo(this.state.history));
  }

  redo() {
    this.#turn(redo(this.state.history));
  }

  #turn(history) {
    if (history === this.state.history) return;
    this.keep(this.entries);
    this.store.update({ history, selected: -1, probe: null });
    this.settleSoon();
  }

  /** What the model wrote stays reachable as a branch, whatever happens to the document. */
  keep(entries, count = 1) {
    if (!entries.some(({ by }) => by === "model")) return;
    this.store.update({ branches: rememberBranch(this.state.branches, entries, { count }) });
  }

  /** Have every draft cut into tokens; resolves to a document of ids only, made for the loaded model. */
  async settle() {
    await this.#adoptModel();
    for (let draft = draftsOf(this.entries)[0]; draft; draft = draftsOf(this.entries)[0]) {
      const { tokens } = await cut(draft.draft);
      this.amend(settleDraft(this.entries, draft, tokens));
    }
    const { selected, caret } = this.state;
    if (!this.entries[selected]) this.store.update({ selected: entryBefore(this.pieces(), caret) });
    return this.entries;
  }

  /** The same, with the token that starts a document where the model and the person want one. */
  async prepare() {
    await this.settle();
    const { entries } = this;
    const started = entries[0]?.by === "start";
    const startless = this.state.startless && entries.length > (started ? 1 : 0); // nothing at all cannot be read
    if (started && startless) this.#startWith(null);
    if (!started && !startless) {
      const start = await this.#startOf(entries.length === 0);
      if (start) this.#startWith(start);
    }
    this.store.update({ history: seal(this.state.history) });
    return this.entries;
  }

  #startWith(start) {
    const { selected } = this.state;
    const text = textOf(this.entries);
    const moved = startWith(this.entries, start);
    const by = moved.length - this.entries.length;
    this.amend(moved);
    if (selected >= 0 && text !== "") this.store.update({ selected: Math.max(0, selected + by) });
  }

  async #startOf(empty) {
    const key = `${this.loaded?.name} ${empty}`;
    if (!this.starts.has(key)) {
      const { ids, tokens, bos } = await postJson("/api/next-token", { prompt: empty ? "" : "a", top: 1 });
      this.starts.set(key, bos || empty ? startToken({ id: ids[0], bytes: tokens[0].bytes }) : null);
    }
    return this.starts.get(key);
  }

  /** Another model is loaded: its tokens are others. The text stays, its ids are cut anew; branches too. */
  async #adoptModel() {
    const name = this.loaded?.name ?? null;
    const { model } = this.state;
    if (name === null || name === model) return;
    if (model === null || this.entries.length === 0) {
      this.store.update({ model: name });
      return;
    }
    const branches = [];
    for (const branch of this.state.branches) branches.push({ ...branch, entries: await recut(branch.entries) });
    let present = EMPTY_DOCUMENT;
    for (let before = null; before !== this.entries; ) {
      before = this.entries; // someone may type meanwhile: then once more
      present = await recut(before);
    }
    this.open(present, { branches, model: name, rows: [], outcome: { reason: "recut", model: name, from: model } });
  }

  ids() {
    return idsOf(this.entries);
  }

  pieces() {
    return piecesOf(this.entries, { hold: this.state.running !== null });
  }
}

async function recut(entries) {
  const text = textOf(entries.filter(({ by }) => by !== "start"));
  const { tokens } = await cut(text);
  return recutDocument(withoutDrafts(entries), tokens);
}

function withoutDrafts(entries) {
  return entries.map((entry) => (entry.draft === undefined ? entry : { by: "typed", bytes: textToHex(entry.draft) }));
}

export function cut(text) {
  return postJson("/api/tokenize", { text, encoding: "model", special: "text" });
}
