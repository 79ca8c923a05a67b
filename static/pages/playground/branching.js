// Forks: another token in the place of one, another line in the place of this.

import { postBytes } from "../../js/base/api.js";
import { mergeIdentical } from "./branches.js";
import { idsOf, modelToken, swapToken, textOf } from "./document.js";
import { t } from "../../js/base/i18n.js";
import { showError, showNote } from "../../js/base/page.js";
import { cut } from "./session.js";
import { reasonText } from "./words.js";

export class Brancher {
  constructor(session, writer) {
    this.session = session;
    this.writer = writer;
  }

  /** Another token at `index`. What stood there stays as a branch; `keep` keeps the text after it, `go` writes on. */
  async fork({ index, token, go, keep }) {
    const { session, writer } = this;
    writer.stop();
    try {
      index = await this.#place(index);
      if (index === -1) return;
      const { entries } = session;
      session.keep(entries);
      session.commit(swapToken(entries, index, chosen(entries[index], token), { keep }), "fork");
      session.store.update({ selected: index, rows: [], outcome: null });
      if (!keep) session.keep(session.entries);
      if (go && !keep) await writer.write({ tokens: session.state.maxTokens, n: 1, joined: true });
    } catch (error) {
      showError(error);
    }
  }

  /** How likely the first token of someone's own text is at `index`: over the whole vocabulary, so it is exact. */
  async probe({ index, text }) {
    const { session } = this;
    index = await this.#place(index);
    const { entries } = session;
    const { tokens } = await cut(text);
    if (index < 1 || tokens.length === 0) return;
    const { buffer } = await postBytes("/api/next-token", { ids: idsOf(entries).slice(0, index) });
    const same = entries.slice(0, index).every(({ id }, i) => session.entries[i]?.id === id);
    if (!same || session.state.selected !== index) return; // the card is another token's by now
    const logprobs = new Float32Array(buffer);
    const { id, bytes } = tokens[0];
    const mine = logprobs[id];
    let rank = 1;
    for (let other = 0; other < logprobs.length; other += 1) {
      if (logprobs[other] > mine || (logprobs[other] === mine && other < id)) rank += 1;
    }
    session.store.update({
      probe: { token: { id, bytes, raw_logprob: mine, rank }, raw_logprob: mine, rank, more: tokens.length - 1 },
    });
  }

  /** Where the token at `index` stands once every token has its id; -1 where these ids were another model's. */
  async #place(index) {
    const { session } = this;
    const { entries, state } = session;
    const ready = await session.prepare();
    if (state.model !== null && state.model !== session.state.model) {
      showNote(
        t("These alternatives are from {made}. The text is now cut for {loaded}: choose again.", {
          made: state.model,
          loaded: session.state.model,
        }),
      );
      return -1;
    }
    const same = ready.indexOf(entries[index]);
    return same === -1 ? index + ready.length - entries.length : same;
  }

  open(key) {
    const { session, writer } = this;
    writer.stop();
    session.keep(session.entries);
    const branch = session.state.branches.find((one) => one.key === key);
    if (!branch) return;
    session.commit(branch.entries, "branch");
    session.store.update({ selected: branch.entries.length - 1, outcome: null });
  }

  takeRow(index) {
    const { session } = this;
    const { rows } = this.continuations(session.entries);
    session.commit(rows[index].entries, "row");
    session.store.update({ selected: rows[index].entries.length - 1 });
  }

  /** The lines of the last run as rows; while they are written none are merged, so that nothing jumps. */
  continuations(current) {
    const { rows, rowReasons, running } = this.session.state;
    const merged = running ? rows.map((entries) => ({ entries, count: 1 })) : mergeIdentical(rows);
    const start = commonStart(rows);
    return {
      total: rows.length,
      rows: merged.map(({ entries, count }) => ({
        entries,
        count,
        text: textOf(entries.slice(start)),
        tokens: entries.length - start,
        finish: running ? "" : reasonText(rowReasons[rows.indexOf(entries)]),
        current: entries.length === current.length && entries.at(-1) === current.at(-1),
      })),
    };
  }
}

// Rows share the very objects of their prompt.
function commonStart(rows) {
  const shortest = Math.min(...rows.map((row) => row.length));
  let start = 0;
  while (start < shortest && rows.every((row) => row[start] === rows[0][start])) start += 1;
  return start;
}

/** A token a person picked from what the model offered: its numbers are the model's, the choice is not. */
function chosen(entry, token) {
  const { id, bytes } = token;
  if (id === entry.id) return entry; // the same again: only what follows is new
  const numbers = entry.step ?? entry.score ?? { top: [] };
  const place = numbers.top.findIndex((one) => one.id === id);
  const rank = token.rank ?? (place === -1 ? null : place + 1);
  const base = {
    id,
    bytes,
    raw_logprob: token.raw_logprob ?? null,
    rank,
    entropy_bits: numbers.entropy_bits ?? null,
    top: numbers.top,
  };
  if (!entry.step)
    return Object.freeze({ id, bytes, special: false, by: "model", chosen: true, score: Object.freeze(base) });
  const step = { ...base, processed_logprob: token.processed_logprob ?? null, u: null, kept: entry.step.kept };
  return Object.freeze({ ...modelToken(step, null), chosen: true });
}
