/**
 * <token-card>: everything about one token, one card for all tokens of a page.
 *
 * Properties: `token` (facts of token-facts.js, null for none), `details` ({merges, spellings} of the server, null
 * until they come, "failed" where they did not; a spelling has an `id`, or `ids` where it is several tokens),
 * `pinned`, `marked` (whether all its like are marked).
 * Attribute `docked`: the card stands in the page where that is wide, and is a sheet from below where it is not;
 * without it the card floats beside `anchor`, an element.
 * Events: `token-copied {id}`, `token-marked {id|null}`, `card-pinned {pinned}`, `card-closed`.
 */

import { html, nothing } from "lit";
import { hexToBytes, spacedHex } from "../../js/base/bytes.js";
import { placeCard } from "./card-place.js";
import { formatCount } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { tokenPieces } from "../../js/base/token-groups.js";
import { PageElement } from "../../js/elements/page-element.js";

export class TokenCard extends PageElement {
  static properties = {
    token: { attribute: false },
    details: { attribute: false },
    pinned: { attribute: false },
    marked: { attribute: false },
    anchor: { attribute: false },
  };

  #listeners = null;
  #stood = false;
  #observer = new ResizeObserver(() => this.#show());

  constructor() {
    super();
    this.token = undefined;
    this.details = null;
    this.pinned = false;
    this.marked = false;
    this.anchor = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#observer.observe(document.documentElement);
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    document.addEventListener("scroll", () => this.#show(), { capture: true, passive: true, signal });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#listeners.abort();
  }

  get ready() {
    return this.token !== undefined; // until then the server's card stays
  }

  /** Whether the card lies over the page instead of standing in it. */
  get lies() {
    return getComputedStyle(this).getPropertyValue("--card-mode").trim() !== "docked";
  }

  updated() {
    this.#show();
  }

  #show() {
    if (!this.hasUpdated) return;
    if (!this.lies) {
      this.#stood = true;
      this.removeAttribute("popover");
      return;
    }
    const docked = this.hasAttribute("docked");
    // The window grew narrow: the reader did not ask for a sheet.
    if (this.#stood && docked && !this.pinned) this.#tell("card-closed");
    this.#stood = false;
    this.popover = "manual";
    if (this.isConnected) this.togglePopover(this.token !== null);
    if (this.token !== null && this.anchor && !docked) this.#place();
  }

  #place() {
    this.style.setProperty("--card-height", "none");
    const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
    const { x, y, height } = placeCard(this.anchor.getBoundingClientRect(), this.getBoundingClientRect(), view);
    this.style.setProperty("--card-x", `${x}px`);
    this.style.setProperty("--card-y", `${y}px`);
    this.style.setProperty("--card-height", `${height}px`);
  }

  render() {
    if (this.token === null) {
      return html`<div class="card card-hint"><p class="quiet">${t(
        "Hover over a token or tap it, or use the arrow keys.",
      )}</p></div>`;
    }
    const { token } = this;
    return html`<div class="card" role="group" aria-label=${t("About token {position}", { position: token.index + 1 })}>
      <div class="card-top">
        <bdi class="card-title" translate="no">${ink(token.bytes)}</bdi>
        <button type="button" class="button button-quiet card-close" aria-label=${t("Close")}
          @click=${() => this.#tell("card-closed")}>
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>
        </button>
      </div>
      ${
        token.partOf === null
          ? nothing
          : html`<p>${t("Part of “{text}”; alone it is no character.", { text: token.partOf })}</p>`
      }
      <dl>
        ${row(t("id"), String(token.id))}
        ${row(t("position"), t("{position} of {count}", { position: token.index + 1, count: token.count }))}
        ${row(t("bytes"), html`<span translate="no">${token.bytes === "" ? "–" : spacedHex(token.bytes)}</span>`)}
        ${row(t("length"), this.#length())}
        ${row(t("at"), this.#whereabouts())}
        ${row(t("starts a word"), token.startsWord ? t("yes") : t("no"))}
        ${this.#rank()}
        ${this.#merges()}
        ${this.#spellings()}
      </dl>
      <div class="row">
        <button type="button" class="button button-small"
          @click=${() => this.#tell("token-copied", { id: token.id })}>${t("Copy id")}</button>
        <button type="button" class="button button-small" aria-pressed=${String(this.marked)}
          @click=${() => this.#tell("token-marked", { id: this.marked ? null : token.id })}
          >${t("Show all {n}", { n: token.occurrences })}</button>
        <button type="button" class="button button-small card-pin" aria-pressed=${String(this.pinned)}
          @click=${() => this.#tell("card-pinned", { pinned: !this.pinned })}>${t("Pin")}</button>
      </div>
    </div>`;
  }

  #length() {
    const { start, end, characterStart, characterEnd, partOf } = this.token;
    const bytes = t("{n} bytes", { n: end - start });
    return partOf === null ? `${bytes} · ${t("{n} characters", { n: characterEnd - characterStart })}` : bytes;
  }

  #whereabouts() {
    const { start, end, characterStart, characterEnd } = this.token;
    return html`${t("byte {start} to {end}", { start: formatCount(start), end: formatCount(end) })}<br>${t(
      "character {start} to {end}",
      { start: formatCount(characterStart), end: formatCount(characterEnd) },
    )}`;
  }

  #rank() {
    const { rank, special } = this.token;
    if (special) return prose(t("merge rank"), t("a special token: given its id by hand, never merged"));
    if (rank === null) return nothing;
    if (rank.kind === "byte") return prose(t("merge rank"), t("a single byte: in the vocabulary from the start"));
    return prose(
      t("merge rank"),
      t("merge {merge} of {merges}; a lower id was merged earlier", {
        merge: formatCount(rank.merge),
        merges: formatCount(rank.merges),
      }),
    );
  }

  #merges() {
    const { details, token } = this;
    if (token.special) return nothing;
    if (details === null) return row(t("merges"), "…");
    if (details === "failed" || details.merges.length === 0) return row(t("merges"), "–");
    const steps = details.merges.map(([left, right]) => `${line(left)} + ${line(right)}`);
    const last = steps.at(-1);
    if (steps.length === 1) return row(t("merges"), html`<bdi translate="no">${last}</bdi>`);
    return row(
      t("merges"),
      html`<bdi translate="no">${last}</bdi>
        <details class="card-merges"><summary>${t("all {n}, in order", { n: steps.length })}</summary>
        <ol>${steps.map((step) => html`<li><bdi translate="no">${step}</bdi></li>`)}</ol></details>`,
    );
  }

  #spellings() {
    const { details, token } = this;
    if (token.special) return nothing;
    if (details === null) return row(t("also"), "…");
    if (details === "failed" || details.spellings.length === 0) return row(t("also"), "–");
    return row(
      t("also"),
      html`<ul class="card-spellings">${details.spellings.map(
        ({ id, ids = [id], bytes }) =>
          html`<li><bdi translate="no">${ink(bytes)}</bdi> <span class="quiet">${ids.join(" + ")}</span></li>`,
      )}</ul>`,
    );
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }
}

const row = (name, value) => html`<dt>${name}</dt><dd>${value}</dd>`;
const prose = (name, value) => html`<dt>${name}</dt><dd class="card-prose">${value}</dd>`;

const pieces = (hex) => tokenPieces(hexToBytes(hex));

/** A token on one line: "·straw", "F0 9F". */
const line = (hex) =>
  pieces(hex)
    .map(({ text, mark }) => mark || text)
    .join("");

/** A token as its chip shows it. */
function ink(hex) {
  return pieces(hex).map(({ kind, text, mark }) =>
    kind === "text" ? text : html`<span class="ink-${kind}">${mark || text}</span>`,
  );
}

customElements.define("token-card", TokenCard);
