// A space at the end of a prompt is a trap: words carry their space in front. Said, shown, never trimmed.

import { html, render } from "lit";
import "../../js/elements/probability-bars.js";
import { postJson } from "../../js/base/api.js";
import { editDocument, idsOf, textOf } from "./document.js";
import { t } from "../../js/base/i18n.js";
import { showError } from "../../js/base/page.js";
import { cut } from "./session.js";

const SHOWN = 8;

export class SpaceHint {
  constructor(session, place) {
    this.session = session;
    this.place = place;
    this.result = null;
    this.seen = null;
  }

  look() {
    const { entries, state } = this.session;
    if (entries === this.seen && !state.running) return;
    const ids = entries.map(({ id, draft }) => draft ?? id).join();
    if (ids !== this.ids) this.result = null;
    this.ids = ids;
    this.seen = entries;
    const text = entries.length > 0 && !state.running ? textOf(entries.slice(-4)) : "";
    const trap = /[^\s] +$/.test(text);
    this.place.hidden = !trap;
    if (trap) this.#draw();
  }

  async compare() {
    try {
      const entries = await this.session.prepare();
      const { ids: asked } = this;
      const text = textOf(entries);
      const without = text.replace(/ +$/, "");
      const edited = editDocument(entries, without.length, text.length, "");
      const shorter = await this.#idsOf(edited);
      const ask = (ids) => postJson("/api/next-token", { ids, top: SHOWN });
      const result = await Promise.all([ask(idsOf(entries)), ask(shorter)]);
      if (this.ids !== asked) return; // typed on meanwhile
      this.result = result;
      this.#draw();
    } catch (error) {
      showError(error);
    }
  }

  async #idsOf(entries) {
    const cuts = await Promise.all(
      entries.map(async (entry) =>
        entry.draft === undefined ? [entry.id] : (await cut(entry.draft)).tokens.map(({ id }) => id),
      ),
    );
    return cuts.flat();
  }

  #draw() {
    render(
      html`
        <p>${t(
          "The text ends in a space. Words bring their own space in front, so after a separate space the model expects something unusual.",
        )}
          <button type="button" class="button button-small"
            @click=${() => this.compare()}>${t("Compare both")}</button></p>
        ${this.result ? this.#pair(this.result) : ""}
      `,
      this.place,
    );
  }

  #pair([withSpace, without]) {
    const bars = [this.#bars(withSpace, t("with the space")), this.#bars(without, t("without it"))];
    return html`<div class="space-pair">${bars}</div>`;
  }

  #bars({ top, vocabulary, remainder }, label) {
    const rows = top.map(({ id, bytes, raw_logprob }, i) => ({
      id,
      bytes,
      rank: i + 1,
      raw: Math.exp(raw_logprob),
      processed: 0,
      kept: true,
    }));
    const rest = { count: vocabulary - rows.length, raw: remainder, processed: 0 };
    return html`<section><h3>${label}</h3>
      <probability-bars single .rows=${rows} .remainder=${rest} .label=${label}></probability-bars></section>`;
  }
}
