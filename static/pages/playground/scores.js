// The model's opinion of text it did not write, asked only when someone looks; and which tokens are cut unusually.

import { postJson } from "../../js/base/api.js";
import { idsOf, textOf, unusualCuts, withScores } from "./document.js";
import { decodeUtf8, hexToBytes } from "../../js/base/bytes.js";
import { cut } from "./session.js";

const PAUSE = 400; // milliseconds of calm before asking
const MOST_ALTERNATIVES = 10;
const LONGEST_CHECKED = 20_000; // characters; longer texts are not searched for an unusual cut

const unscored = (entry) => entry.draft !== undefined || (!entry.step && !entry.score);
const unlisted = (entry) =>
  ![entry.step, entry.score].some((numbers) => numbers?.top.length > 0) && entry.by !== "start";

export class Scorer {
  constructor(session) {
    this.session = session;
    this.idle = true; // until a person does something: opening a page or a link runs nothing
    this.asked = null; // the text a question was put for: never twice for the same one, however long the answer takes
  }

  /** Whether a colour or an open card wants numbers that are not there. */
  get wanted() {
    const { entries, state, limit } = this.session;
    if (this.idle || state.running || entries.length === 0 || (limit && entries.length > limit)) return false;
    const looked = entries[state.selected];
    const coloured = state.view === "surprise" || state.view === "rank";
    return (coloured && entries.some(unscored)) || (looked !== undefined && unlisted(looked));
  }

  /** Ask soon, if anything changed that needs an answer; without a model there is none. */
  look() {
    const { entries } = this.session;
    clearTimeout(this.timer);
    clearTimeout(this.checking);
    if (!this.session.ready) return;
    if (this.wanted && entries !== this.asked) this.timer = setTimeout(() => this.#ask(), PAUSE);
    if (entries !== this.checked) this.checking = setTimeout(() => this.#check(), 2 * PAUSE);
  }

  async #ask() {
    const { session } = this;
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    this.asked = session.entries;
    session.store.update({ scoring: true });
    try {
      const entries = await session.prepare();
      if (controller.signal.aborted) return;
      const ready = !session.state.running && entries.length > 0;
      this.asked = ready ? entries : null;
      if (!ready) return;
      const { scores } = await postJson("/api/score", { ids: idsOf(entries), top: MOST_ALTERNATIVES }, controller);
      // Only what is still the same token in the same place may have these numbers.
      const same = scores.slice(0, firstDifference(entries, session.entries));
      session.amend(withScores(session.entries, same));
    } catch {
      // colours are a help: without them the text stands
    } finally {
      if (this.controller === controller) session.store.update({ scoring: false });
    }
  }

  async #check() {
    const { session } = this;
    const { entries, state } = session;
    this.checked = entries;
    const mine = state.model === session.loaded?.name; // ids of another model have no cut to be compared with
    const plain =
      mine && entries.every(({ by, special, draft }) => draft === undefined && (by === "start" || !special));
    const written = entries.some(({ by }) => by === "model");
    const text = plain && written && !state.running ? textOf(entries) : "";
    const bytes = entries
      .filter(({ by }) => by !== "start")
      .map((entry) => entry.bytes)
      .join("");
    if (text === "" || text.length > LONGEST_CHECKED || !plain || decodeUtf8(hexToBytes(bytes)) === null) {
      if (state.unusual.size > 0) session.store.update({ unusual: new Set() });
      return;
    }
    try {
      const { tokens } = await cut(text);
      if (session.entries.length === entries.length) session.store.update({ unusual: unusualCuts(entries, tokens) });
    } catch {
      this.checked = null;
    }
  }
}

function firstDifference(a, b) {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a[at].id === b[at].id) at += 1;
  return at;
}
